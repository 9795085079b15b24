//! The scripted stand-in for people and models: four topics, and what is known about them.

/// A topic of the demo.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) series: &'static str,
    pub(super) part: u32,
    pub(super) list: &'static str,
}

/// What is asked for, in the order of publication: part 2 of the series comes first.
pub(super) const TITLES: [&str; 4] =
    ["Tea, part 2: cooling", "Tea, part 1: growing", "Coffee prices", "The moon of tea"];

/// The rest about each.
pub(super) const TOPICS: [Topic; 4] = [
    Topic { series: "tea", part: 2, list: TEA },
    Topic { series: "tea", part: 1, list: TEA },
    Topic { series: "coffee", part: 1, list: COFFEE },
    Topic { series: "moon", part: 1, list: TEA },
];

/// The newsletter whose mail server is up.
pub(super) const TEA: &str = "tea-friends";

/// The newsletter whose mail server is down.
pub(super) const COFFEE: &str = "coffee-friends";

/// What a writer claims about a title.
const CLAIMS: [(&str, &str); 4] = [
    (TITLES[0], "A cup of tea loses half of its warmth in twenty minutes"),
    (TITLES[1], "Tea grows best in cool hills with much rain"),
    (TITLES[2], "The price of coffee follows the weather in Brazil"),
    (TITLES[3], "The moon is made of tea"),
];

/// What can be looked up, and where.
const SOURCES: [(&str, &str); 3] = [
    (CLAIMS[0].1, "Newton, Scala graduum caloris, 1701"),
    (CLAIMS[1].1, "Lu Yu, The Classic of Tea, 760"),
    (CLAIMS[2].1, "Coffee market report, June"),
];

/// A first draft: one claim, in a voice that is too loud. A title that nobody knows is its own claim.
pub(super) fn draft(title: &str) -> String {
    let claim = CLAIMS.iter().find(|(known, _)| *known == title).map_or(title, |(_, claim)| claim);
    format!("{claim}!")
}

/// Where the claim of a text can be looked up, or the claim that cannot.
pub(super) fn source(text: &str) -> Result<&'static str, &str> {
    let claim = text.trim_end_matches(['!', '.']);
    SOURCES.iter().find(|(known, _)| *known == claim).map(|(_, source)| *source).ok_or(claim)
}

/// The name of a page: `tea-part-2-cooling`.
pub(super) fn page(title: &str) -> String {
    let words = title.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty());
    words.collect::<Vec<_>>().join("-").to_lowercase()
}
