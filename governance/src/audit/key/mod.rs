//! Signing keys: of the log, for its checkpoints, and of people and programs, for approvals.

mod file;
mod name;
#[cfg(test)]
mod tests;
mod text;
mod verifier;

use std::fmt;

use ed25519_dalek::Signer as _;

pub use file::{KeyError, OpenedKey};
pub use name::{KeyName, NotAKeyName};
pub use text::{KeyId, KeyTextError};
pub use verifier::{BadSignature, Verifier};

use text::{decode, encode, expect_id};

/// What the text of a private key begins with, as Go's `sumdb/note` writes it.
const PRIVATE: &str = "PRIVATE+KEY+";

/// A named Ed25519 key that can sign. `Debug` shows its public half only; dropping the key
/// wipes its secret.
pub struct SigningKey {
    secret: ed25519_dalek::SigningKey,
    verifier: Verifier,
}

impl SigningKey {
    /// A new key from the system's random numbers; nothing is stored. See
    /// [`SigningKey::open_or_create`] for one that is kept.
    ///
    /// # Errors
    /// [`KeyError::Random`] where the system gives no random numbers.
    pub fn generate(name: KeyName) -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(KeyError::Random)?;
        Ok(Self::from_seed(name, &seed))
    }

    /// The public half.
    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Signs bytes for one purpose: a signature over `domain ‖ 0x00 ‖ bytes`.
    ///
    /// The domain, a constant without NUL such as `wingman approval v1`, keeps a signature from
    /// passing for one of another purpose; the NUL keeps it from passing for a signed note.
    pub fn sign(&self, domain: &str, bytes: &[u8]) -> [u8; 64] {
        self.sign_raw(&message(domain, bytes))
    }

    /// Signs bytes as they stand: the text of a note.
    pub(crate) fn sign_raw(&self, bytes: &[u8]) -> [u8; 64] {
        self.secret.sign(bytes).to_bytes()
    }

    fn from_seed(name: KeyName, seed: &[u8; 32]) -> Self {
        let secret = ed25519_dalek::SigningKey::from_bytes(seed);
        let verifier = Verifier::new(name, secret.verifying_key());
        Self { secret, verifier }
    }

    /// The secret, for the key file only.
    fn private_text(&self) -> String {
        let key = encode(self.verifier.name(), self.verifier.id(), self.secret.as_bytes());
        format!("{PRIVATE}{key}")
    }

    pub(crate) fn from_private_text(text: &str) -> Result<Self, KeyTextError> {
        let (name, id, seed) = decode(text.strip_prefix(PRIVATE).ok_or(KeyTextError::Shape)?)?;
        let key = Self::from_seed(name, &seed);
        expect_id(key.verifier.id(), id)?;
        Ok(key)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.verifier)
    }
}

/// What is signed for a purpose.
pub(crate) fn message(domain: &str, bytes: &[u8]) -> Vec<u8> {
    debug_assert!(!domain.contains('\0'), "a domain ends at its NUL");
    [domain.as_bytes(), &[0], bytes].concat()
}
