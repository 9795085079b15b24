// Comfort only: without this script the whole page is there.
"use strict";
(() => {
  const all = () => document.querySelectorAll("main details");
  const open = { open: true, close: false };
  const tools = document.querySelector(".tools");
  if (tools) {
    tools.hidden = false;
    tools.addEventListener("click", (event) => {
      const fold = event.target.dataset && event.target.dataset.fold;
      if (!(fold in open)) return;
      for (const each of all()) each.open = open[fold];
    });
  }
  // A link to something folded opens what it is in.
  const reveal = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (!target) return;
    for (let at = target; at; at = at.parentElement) {
      if (at.tagName === "DETAILS") at.open = true;
    }
    const own = target.querySelector(":scope > details");
    if (own) own.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
})();
