//! Keys as text: `name+id+base64`, where base64 holds one byte of algorithm and 32 of key.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::audit::key::{KeyName, NotAKeyName};

/// Ed25519 over the text of a note, C2SP signed-note.
pub(super) const ED25519: u8 = 0x01;

/// A key's short identifier; not a fingerprint, only a hint at which key signed. Shown as eight
/// hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub(crate) [u8; 4]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Writes a key; the caller decides whether its bytes are secret.
pub(super) fn encode(name: &KeyName, id: KeyId, key: &[u8; 32]) -> String {
    let key = STANDARD.encode([&[ED25519], &key[..]].concat());
    format!("{name}+{id}+{key}")
}

/// Reads a key. Whether the id fits is the caller's to check, as only it knows the public half.
pub(super) fn decode(text: &str) -> Result<(KeyName, &str, [u8; 32]), KeyTextError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyTextError::Shape);
    };
    let name = name.parse().map_err(KeyTextError::Name)?;
    let bytes = STANDARD.decode(key).map_err(|_| KeyTextError::Base64)?;
    let (algorithm, key) = bytes.split_first().ok_or(KeyTextError::Length { found: 0 })?;
    if *algorithm != ED25519 {
        return Err(KeyTextError::Algorithm { found: *algorithm });
    }
    let key = key.try_into().map_err(|_| KeyTextError::Length { found: key.len() })?;
    Ok((name, id, key))
}

/// Checks the id that stands in the text of a key.
pub(super) fn expect_id(expected: KeyId, found: &str) -> Result<(), KeyTextError> {
    if found == expected.to_string() { Ok(()) } else { Err(KeyTextError::Id { expected }) }
}

/// The text is not a key. Never holds any of the text but the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyTextError {
    /// It has not the three parts `name+id+base64` (a private key: with `PRIVATE+KEY+` before it).
    Shape,
    /// The first part cannot name a key.
    Name(NotAKeyName),
    /// The second part is not the id of this name and key.
    Id {
        /// The id that they have.
        expected: KeyId,
    },
    /// The third part is not base64.
    Base64,
    /// The key is of an algorithm other than Ed25519 (1).
    Algorithm {
        /// The byte that stands for it.
        found: u8,
    },
    /// The key has not 32 bytes.
    Length {
        /// How many it has.
        found: usize,
    },
    /// The bytes are no point of the curve, or one under which anybody could sign.
    Unusable,
}

impl fmt::Display for KeyTextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape => f.write_str("expected the three parts name+id+base64"),
            Self::Name(error) => error.fmt(f),
            Self::Id { expected } => {
                write!(f, "the id does not fit name and key, which have {expected}: copy it whole")
            }
            Self::Base64 => f.write_str("the part behind the second + is not base64"),
            Self::Algorithm { found } => {
                write!(f, "the key is of algorithm {found}; only Ed25519 (1) is supported")
            }
            Self::Length { found } => write!(f, "the key has {found} bytes instead of 32"),
            Self::Unusable => f.write_str("the bytes are not a usable Ed25519 public key"),
        }
    }
}

impl std::error::Error for KeyTextError {}
