//! Which text SNS and SQS carry as it is.

/// What both carry unchanged: the characters of XML 1.0 without the carriage return, which its
/// readers turn into a line feed (SQS API, "SendMessage").
pub(super) fn is_plain(text: &str) -> bool {
    text.chars().all(|it| matches!(it, '\t' | '\n' | '\u{20}'..='\u{fffd}' | '\u{10000}'..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_not_plain() {
        assert!(is_plain("a\tb\nc ä \u{fffd}\u{1f9ed}"));
        for odd in ["\0", "\r", "\u{b}", "\u{fffe}", "\u{ffff}", "\u{1b}"] {
            assert!(!is_plain(odd), "{odd:?}");
        }
    }
}
