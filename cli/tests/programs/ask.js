// Runs in the page around the frame, when both have loaded.
addEventListener("load", () => {
  const frame = document.querySelector("iframe").contentWindow;
  const page = frame.document;
  const all = (selector, from = page) => [...from.querySelectorAll(selector)];
  const text = (element) => (element ? element.textContent.trim() : null);

  // Folded text has no size and no colour: everything is opened first, by the page's own button.
  const shownBefore = all("main li.execution").filter((it) => it.checkVisibility()).length;
  const tools = page.querySelector(".tools");
  // Where nothing is folded there are none.
  const areToolsShown = tools ? !tools.hidden : false;
  if (tools) tools.querySelector("[data-fold=open]").click();
  const folded = all("main details:not([open])").length;

  const nodes = all("main li.execution, main li.event").map((it) => ({
    kind: it.classList.contains("event") ? "event" : "execution",
    id: it.id,
    name: text(it.querySelector(":scope > details .who, :scope > details .what")),
    badge: text(it.querySelector(":scope > details > summary .badge")),
    leaf: text(it.querySelector(":scope > details > summary .leaf")),
    notes: all(":scope > .notes > li", it).map(text),
    kinds: all(":scope > details .stamps b", it).map(text),
    isShown: it.checkVisibility(),
  }));

  // Contrast as WCAG 2 defines it, of every element that has text of its own, on the page's colours.
  const channels = (color) => {
    const parts = color.match(/[\d.]+/g).map(Number);
    const scale = color.startsWith("color(") ? 255 : 1;
    return [parts[0] * scale, parts[1] * scale, parts[2] * scale, parts.length > 3 ? parts[3] : 1];
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const color = channels(frame.getComputedStyle(at).backgroundColor);
      layers.push(color);
      if (color[3] === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const light = (color) => {
    const [r, g, b] = color.slice(0, 3).map((it) => {
      const part = it / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const pairs = new Map();
  for (const element of all("body *")) {
    const isText = [...element.childNodes].some((it) => it.nodeType === 3 && it.data.trim() !== "");
    if (!isText || !element.checkVisibility()) continue;
    const under = behind(element);
    const ratio = contrast(over(channels(frame.getComputedStyle(element).color), under), under);
    if (ratio < 4.5) pairs.set(`${element.tagName}.${element.className}`, ratio.toFixed(2));
  }

  const ids = all("[id]").map((it) => it.id);
  const wide = all("body *").filter((it) => it.getBoundingClientRect().right > frame.innerWidth + 1);
  const seen = {
    title: page.title,
    headings: all("h1, h2").map(text),
    nodes,
    shownBefore,
    areToolsShown,
    folded,
    width: frame.innerWidth,
    contentWidth: page.documentElement.scrollWidth,
    wide: wide.slice(0, 5).map((it) => it.outerHTML.slice(0, 200)),
    background: frame.getComputedStyle(page.body).backgroundColor,
    color: frame.getComputedStyle(page.body).color,
    poorContrast: [...pairs],
    doubledIds: ids.filter((id, at) => ids.indexOf(id) !== at).slice(0, 5),
    deadLinks: all("a[href]").map((it) => it.getAttribute("href")).filter((it) => !(it.startsWith("#") && page.getElementById(it.slice(1)))),
    bars: all(".rows li").map((it) => all("rect", it).map((bar) => bar.getAttribute("class"))),
    // What text from data would have made, had it been markup.
    foreign: all("script, img, iframe, object, embed, link, form, base, [onerror], [onload], [style]").map((it) => it.outerHTML.slice(0, 100)),
    isHacked: frame.hacked !== undefined,
    resources: frame.performance.getEntriesByType("resource").map((it) => it.name),
  };
  document.documentElement.dataset.seen = btoa(unescape(encodeURIComponent(JSON.stringify(seen))));
});
