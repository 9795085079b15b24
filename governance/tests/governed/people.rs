//! People with keys whom contracts know.

use wingman_governance::audit::SigningKey;
use wingman_governance::contract::Principal;

pub(crate) fn key(name: &str) -> SigningKey {
    SigningKey::generate(name.parse().unwrap()).unwrap()
}

pub(crate) fn principal(key: &SigningKey, role: &str) -> Principal {
    let verifier = key.verifier();
    Principal::new(verifier.name().as_str(), &verifier.public_key_base64()).unwrap().role(role)
}
