//! Whether a licence expression is accepted: `OR` and `/` are choices, `AND` is both, `WITH` only
//! loosens.

use std::collections::BTreeSet;

/// Accepts an SPDX expression, or the older form with `/`; notes the licences that it rests on.
pub(crate) fn accepts(
    expression: &str,
    allowed: &BTreeSet<String>,
    used: &mut BTreeSet<String>,
) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<_> = spaced.split_whitespace().collect();
    let mut rest = &words[..];
    let rests_on = choice(&mut rest, allowed);
    match rests_on {
        Some(licences) if rest.is_empty() => {
            used.extend(licences);
            true
        }
        Some(_) | None => false,
    }
}

/// The licences that a choice rests on, all accepted; `None` if no side is.
fn choice(rest: &mut &[&str], allowed: &BTreeSet<String>) -> Option<Vec<String>> {
    let mut best = both(rest, allowed);
    while let ["OR", after @ ..] = rest {
        *rest = after;
        let other = both(rest, allowed);
        best = best.or(other);
    }
    best
}

fn both(rest: &mut &[&str], allowed: &BTreeSet<String>) -> Option<Vec<String>> {
    let mut all = one(rest, allowed);
    while let ["AND", after @ ..] = rest {
        *rest = after;
        let other = one(rest, allowed);
        all = all.zip(other).map(|(mut one, other)| {
            one.extend(other);
            one
        });
    }
    all
}

fn one(rest: &mut &[&str], allowed: &BTreeSet<String>) -> Option<Vec<String>> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    let found = if *first == "(" {
        let inner = choice(rest, allowed);
        match rest {
            [")", after @ ..] => *rest = after,
            _ => return None,
        }
        inner
    } else {
        allowed.contains(*first).then(|| vec![(*first).to_owned()])
    };
    if let ["WITH", _, after @ ..] = rest {
        *rest = after;
    }
    found
}

#[test]
fn choices_need_one_side_and_both_needs_both() {
    let allowed = ["MIT", "Zlib"].map(String::from).into();
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("(GPL-3.0 OR MIT) AND Zlib", true),
        ("(GPL-3.0 OR MIT) AND GPL-3.0", false),
        ("Apache-2.0 WITH LLVM-exception OR MIT", true),
        ("MIT OR", true),
        ("", false),
        ("MIT Zlib", false),
    ] {
        let seen = accepts(expression, &allowed, &mut BTreeSet::new());
        assert_eq!(seen, expected, "{expression}");
    }
}
