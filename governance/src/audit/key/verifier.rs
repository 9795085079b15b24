//! The public half of a key: who signed, and whether a signature is theirs.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::audit::key::text::{ED25519, KeyId, KeyTextError, decode, encode, expect_id};
use crate::audit::key::{KeyName, message};
use crate::digest::Digest;

/// A named Ed25519 public key. Its text (also in JSON) is the `vkey` of signed notes,
/// `name+id+base64`.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    name: KeyName,
    id: KeyId,
    key: VerifyingKey,
}

impl Verifier {
    pub(super) fn new(name: KeyName, key: VerifyingKey) -> Self {
        let id = key_id(&name, &key);
        Self { name, id, key }
    }

    /// The key's name; for a log, its origin.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The short id that stands in a signature.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The 32 bytes of the public key in standard base64, as contracts name principals' keys.
    pub fn public_key_base64(&self) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(self.key.as_bytes())
    }

    /// SHA-256 of the 32 bytes of the public key: for people to compare.
    pub fn fingerprint(&self) -> Digest {
        Digest::of(self.key.as_bytes())
    }

    /// Checks a signature that [`SigningKey::sign`](crate::audit::key::SigningKey::sign) made for
    /// the same domain and bytes.
    ///
    /// # Errors
    /// [`BadSignature`] where it is not this key's signature of exactly that.
    pub fn verify(&self, domain: &str, bytes: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        self.verify_raw(&message(domain, bytes), signature)
    }

    /// Checks a signature over bytes as they stand. Strict: refuses what only some libraries accept.
    pub(crate) fn verify_raw(&self, bytes: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let refuse = |_| BadSignature { key: self.name.clone() };
        let signature = Signature::from_slice(signature).map_err(refuse)?;
        self.key.verify_strict(bytes, &signature).map_err(refuse)
    }
}

/// `SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key)[..4]`.
fn key_id(name: &KeyName, key: &VerifyingKey) -> KeyId {
    let hash = Sha256::new().chain_update(name.as_str()).chain_update([b'\n', ED25519]);
    let [a, b, c, d, ..]: [u8; 32] = hash.chain_update(key.as_bytes()).finalize().into();
    KeyId([a, b, c, d])
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(&self.name, self.id, self.key.as_bytes()))
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({self})")
    }
}

impl FromStr for Verifier {
    type Err = KeyTextError;

    fn from_str(text: &str) -> Result<Self, KeyTextError> {
        let (name, id, bytes) = decode(text)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyTextError::Unusable)?;
        if key.is_weak() {
            return Err(KeyTextError::Unusable);
        }
        let verifier = Self::new(name, key);
        expect_id(verifier.id, id)?;
        Ok(verifier)
    }
}

impl Serialize for Verifier {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Verifier {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// It is not that key's signature of those bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadSignature {
    /// The key that was to have signed.
    pub key: KeyName,
}

impl fmt::Display for BadSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the signature is not one of {} for these bytes: they were changed, or signed with another key",
            self.key
        )
    }
}

impl std::error::Error for BadSignature {}
