//! The scripted stand-in for an agent: five requests and the tool calls that each of them needs.

use super::events::Step;

/// The requests of the demo, in the order of their numbers.
pub(super) const REQUESTS: [&str; 5] = [
    "write summary.md",
    "email the customer list",
    "delete archive.txt",
    "overwrite rates.csv",
    "reprice and notify",
];

/// The files that are there before the first request.
pub(super) const FILES: [(&str, &str); 3] = [
    ("archive.txt", "ledger of 2019\n"),
    ("rates.csv", "plan,rate\nbasic,10\n"),
    ("prices.csv", "item,price\ntea,4.00\ncoffee,5.00\n"),
];

/// The files that requests make.
pub(super) const MADE: [&str; 2] = ["summary.md", "notice.txt"];

/// The tool calls that a request needs; a request that nobody understands needs none.
pub(super) fn interpret(text: &str) -> Vec<Step> {
    let step = |tool: &str, target: &str, content: &str| Step {
        tool: tool.to_owned(),
        target: target.to_owned(),
        content: content.to_owned(),
    };
    match text {
        "email the customer list" => vec![step("email.send", "customers", "spring offer")],
        "reprice and notify" => vec![
            step("fs.write", "prices.csv", "item,price\ntea,4.40\ncoffee,5.50\n"),
            step("fs.create", "notice.txt", "Prices rise on Monday.\n"),
            step("notify.send", "shop-floor", "Prices rise on Monday."),
        ],
        _ => match text.split_once(' ') {
            Some(("write", file)) => vec![step("fs.create", file, "All is well.\n")],
            Some(("overwrite", file)) => vec![step("fs.write", file, "plan,rate\nbasic,12\n")],
            Some(("delete", file)) => vec![step("fs.remove", file, "")],
            Some(_) | None => Vec::new(),
        },
    }
}
