//! A stamp as the page shows it.

use maud::{Markup, html};
use wingman_hub::governance::audit::leaf_hash;
use wingman_hub::governance::ledger::StampRow;
use wingman_hub::governance::protocol::id::{EventKey, PlanDigest};

/// Lines of a stamp that say something to people: the others are identities and commitments.
const TOLD: [&str; 13] = [
    "resolution",
    "attempt",
    "reason",
    "tool",
    "level",
    "code",
    "about",
    "index",
    "by",
    "role",
    "plan",
    "replay",
    "failures",
];

/// Hexadecimal digits of a leaf's hash that are shown.
const LEAF_DIGITS: usize = 8;

/// A stamp.
pub(super) struct Stamp {
    pub(super) index: u64,
    pub(super) at_millis: u64,
    pub(super) kind: String,
    leaf: String,
    text: String,
}

impl From<StampRow> for Stamp {
    fn from(row: StampRow) -> Self {
        let mut leaf = leaf_hash(row.text.as_bytes()).to_string();
        leaf.truncate(LEAF_DIGITS);
        let StampRow { index, at_millis, kind, text, .. } = row;
        Self { index, at_millis, kind, leaf, text }
    }
}

impl Stamp {
    /// The value of one of its lines.
    pub(super) fn line(&self, name: &str) -> Option<&str> {
        self.text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
    }

    /// The event that it is about by name, rather than an execution.
    pub(super) fn event(&self) -> Option<EventKey> {
        match self.kind.as_str() {
            "recorded" | "emitted" | "withheld" | "undeliverable" => {
                self.line("event")?.parse().ok()
            }
            _ => None,
        }
    }

    /// The plan that it is about.
    pub(super) fn plan(&self) -> Option<PlanDigest> {
        self.line("plan")?.parse().ok()
    }

    /// Place and leaf, short.
    pub(super) fn leaf(&self) -> Markup {
        html! { span.leaf { (self.index) " " (self.leaf) } }
    }

    /// The same behind its kind.
    pub(super) fn named(&self) -> Markup {
        html! { span.leaf { (self.kind) " " (self.index) " " (self.leaf) } }
    }

    /// What it says to people.
    fn told(&self) -> String {
        let told = |name: &&str| -> Option<String> {
            let value = self.line(name)?;
            Some(match *name {
                "index" => format!("call {}", value.parse::<u64>().ok()?.saturating_add(1)),
                "plan" => format!("plan {}", value.get(..4)?),
                name => format!("{name} {value}"),
            })
        };
        TOLD.iter().filter_map(told).collect::<Vec<_>>().join(", ")
    }
}

/// Stamps in their order, with the time since `from_millis`.
pub(super) fn list(stamps: &[Stamp], from_millis: u64) -> Markup {
    html! {
        @if !stamps.is_empty() {
            ol.stamps aria-label="Stamps" {
                @for stamp in stamps {
                    li {
                        (stamp.leaf()) " "
                        b { (stamp.kind) } " "
                        span.said { (stamp.told()) } " "
                        span.at { "+" (duration(stamp.at_millis.saturating_sub(from_millis))) }
                    }
                }
            }
        }
    }
}

/// A number of things.
pub(super) fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// A time for people, in the unit that fits.
pub(super) fn duration(millis: u64) -> String {
    match millis {
        0..10_000 => format!("{millis} ms"),
        10_000..120_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        120_000..7_200_000 => format!("{} min", millis / 60_000),
        _ => format!("{} h", millis / 3_600_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_tells_its_lines_and_hides_identities() {
        let text = "wingman/stamp/v1\nat 7\nkind intended\nexecution ab\nindex 0\ntool fs.write\nlevel write\ncommitment cd\n";
        let (kind, execution, tree) = ("intended".to_owned(), None, None);
        let row = StampRow { index: 3, at_millis: 7, kind, execution, tree, text: text.to_owned() };
        let stamp = Stamp::from(row);
        assert_eq!(stamp.told(), "tool fs.write, level write, call 1");
        let leaf = leaf_hash(text.as_bytes()).to_string();
        assert!(stamp.leaf().into_string().contains(&format!("3 {}", &leaf[..8])));
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        for (millis, expected) in
            [(0, "0 ms"), (9_999, "9999 ms"), (12_345, "12.3 s"), (180_000, "3 min")]
        {
            assert_eq!(duration(millis), expected);
        }
    }
}
