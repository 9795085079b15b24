//! Names that a FIFO topic asks for: the message group, which is the key, and an id.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use wingman_core::{Error, Kind, Result};

/// The longest group (SNS API, "Publish").
const GROUP_BYTES_MAX: usize = 128;
/// Stands before every group that is not a key as it is, and before no key.
const OURS: &str = "wingman-";

/// The message group of a key: the key itself where a group may be called so, else its digest.
/// Without a key a group of its own, so that nothing waits for anything.
///
/// # Errors
/// `Internal` if the system gives no randomness.
pub(crate) fn group_of(key: Option<&[u8]>) -> Result<String> {
    let Some(key) = key else {
        return Ok(format!("{OURS}none-{}", fresh_id()?));
    };
    match std::str::from_utf8(key) {
        Ok(text) if is_group(text) => Ok(text.to_owned()),
        Ok(_) | Err(_) => Ok(format!("{OURS}key-{}", hex(&Sha256::digest(key)))),
    }
}

/// An id that no other message has. Each publish has a new one: SNS drops what it knows by its id
/// for five minutes, and what a caller publishes twice is to be delivered twice.
///
/// # Errors
/// `Internal` if the system gives no randomness.
pub(crate) fn fresh_id() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::new(Kind::Internal, "the system gives no randomness").because(error.to_string())
    })?;
    Ok(hex(&bytes))
}

fn is_group(text: &str) -> bool {
    (1..=GROUP_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|it| it.is_ascii_graphic())
        && !text.starts_with(OURS)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_group_where_it_can_be_and_no_two_share_one() {
        let group = |key: &[u8]| group_of(Some(key)).unwrap();
        assert_eq!(group(b"customer-7"), "customer-7");
        assert_eq!(group(b"a/b:c!"), "a/b:c!");
        let odd: [&[u8]; 6] =
            [b"", b"two words", b"\xff", "ä".as_bytes(), &[b'k'; 129], b"wingman-x"];
        let mut groups: Vec<_> = odd.iter().map(|key| group(key)).collect();
        assert!(groups.iter().all(|group| group.starts_with("wingman-key-") && is_short(group)));
        groups.sort();
        groups.dedup();
        assert_eq!(groups.len(), odd.len());
    }

    #[test]
    fn without_a_key_nothing_shares_a_group() {
        let (one, two) = (group_of(None).unwrap(), group_of(None).unwrap());
        assert!(one != two && is_short(&one) && !is_group(&one));
    }

    fn is_short(group: &str) -> bool {
        group.len() <= GROUP_BYTES_MAX
    }
}
