//! The file `dependencies.txt`: what may be pulled in, and why.

use std::collections::BTreeSet;

/// What the file allows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Allowed {
    pub(crate) licences: BTreeSet<String>,
    pub(crate) twice: BTreeSet<String>,
}

impl Allowed {
    /// Reads the file's text.
    ///
    /// # Panics
    /// On a line without a kind, a name and a reason.
    pub(crate) fn read(text: &str) -> Self {
        let mut allowed = Self::default();
        for (number, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let words: Vec<_> = line.split_whitespace().collect();
            let [kind, name, _, ..] = words[..] else {
                panic!("line {}: expected kind, name and reason, seen {line:?}", number + 1);
            };
            let set = match kind {
                "licence" => &mut allowed.licences,
                "twice" => &mut allowed.twice,
                _ => panic!("line {}: expected licence or twice, seen {kind:?}", number + 1),
            };
            set.insert(name.to_owned());
        }
        allowed
    }
}

#[test]
#[should_panic(expected = "line 2: expected kind, name and reason")]
fn an_entry_without_a_reason_is_refused() {
    Allowed::read("licence MIT permissive\ntwice syn\n");
}
