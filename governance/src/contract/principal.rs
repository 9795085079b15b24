//! People who may approve, halt or roll back, and the keys they sign with.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;
use serde::Serialize;

/// A person, or a system that answers for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Principal {
    /// The name that stamps record.
    pub name: String,
    /// The Ed25519 public key as the contract writes it: standard base64.
    pub public_key_text: String,
    /// The same key, decoded.
    pub public_key: [u8; 32],
    /// What the person may decide.
    pub roles: BTreeSet<String>,
}

impl Principal {
    /// A principal without roles.
    ///
    /// # Errors
    ///
    /// [`NotAPublicKey`] if the text is not the standard base64 of an Ed25519 public key.
    pub fn new(name: &str, public_key: &str) -> Result<Self, NotAPublicKey> {
        let bytes = STANDARD.decode(public_key).map_err(|_| NotAPublicKey::NotBase64)?;
        let length = bytes.len();
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| NotAPublicKey::Length(length))?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| NotAPublicKey::NotAPoint)?;
        if key.is_weak() {
            return Err(NotAPublicKey::NotAPoint);
        }
        Ok(Self {
            name: name.to_owned(),
            public_key_text: public_key.to_owned(),
            public_key: bytes,
            roles: BTreeSet::new(),
        })
    }

    /// Adds what the person may decide.
    pub fn role(mut self, role: &str) -> Self {
        self.roles.insert(role.to_owned());
        self
    }
}

/// Why a text is not a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAPublicKey {
    /// It is not standard base64, padding included.
    NotBase64,
    /// It decodes to this many bytes instead of 32.
    Length(usize),
    /// The 32 bytes are no Ed25519 public key, or one that verifies what nobody signed.
    NotAPoint,
}

impl fmt::Display for NotAPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBase64 => f.write_str("is not base64"),
            Self::Length(bytes) => write!(f, "has {bytes} bytes"),
            Self::NotAPoint => f.write_str("is not an Ed25519 public key"),
        }
    }
}

impl std::error::Error for NotAPublicKey {}
