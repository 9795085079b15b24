//! Durations as contracts write them: `250ms`, `5s`, `2m`, `1h`.

use std::time::Duration;

use serde::Serializer;

/// The longest duration a contract may name: 30 days.
const DURATION_MAX: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Parses a whole number followed by `ms`, `s`, `m` or `h`; above zero, at most 30 days.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let millis = match unit {
        "ms" => number,
        "s" => number.checked_mul(1_000)?,
        "m" => number.checked_mul(60_000)?,
        "h" => number.checked_mul(3_600_000)?,
        _ => return None,
    };
    Some(Duration::from_millis(millis)).filter(|it| is_in_bounds(*it))
}

/// Whether a contract may name the duration: whole milliseconds, above zero, at most 30 days.
pub(super) fn is_in_bounds(value: Duration) -> bool {
    let whole = Duration::from_millis(millis(value)) == value;
    whole && !value.is_zero() && value <= DURATION_MAX
}

/// The shortest text that [`parse`] reads back as the duration.
pub(super) fn text(value: Duration) -> String {
    match millis(value) {
        millis if millis % 3_600_000 == 0 => format!("{}h", millis / 3_600_000),
        millis if millis % 60_000 == 0 => format!("{}m", millis / 60_000),
        millis if millis % 1_000 == 0 => format!("{}s", millis / 1_000),
        millis => format!("{millis}ms"),
    }
}

/// Serialises as whole milliseconds, the unit in which digests see a duration.
pub(super) fn as_millis<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(millis(*value))
}

/// [`as_millis`] for a list.
pub(super) fn list_as_millis<S: Serializer>(values: &[Duration], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(values.iter().copied().map(millis))
}

fn millis(value: Duration) -> u64 {
    u64::try_from(value.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_bounds() {
        assert_eq!(parse("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(parse("5s"), Some(Duration::from_secs(5)));
        assert_eq!(parse("2m"), Some(Duration::from_secs(120)));
        assert_eq!(parse("720h"), Some(DURATION_MAX));
        for it in ["250ms", "90s", "2m", "36h"] {
            assert_eq!(text(parse(it).unwrap()), it);
        }
        for wrong in ["", "5", "s", "0s", "-1s", "1.5s", "5 s", "721h", "99999999999999999999h"] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }
}
