//! Keys as text, signatures for a purpose, and the rules of key files.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Barrier;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;

use super::*;
use crate::audit::testing::{Scratch, key};

const VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

fn name(text: &str) -> KeyName {
    text.parse().unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_public_key_is_read_whole_or_not_at_all() {
    let verifier: Verifier = VKEY.parse().unwrap();
    assert_eq!(
        (verifier.name().as_str(), verifier.id().to_string().as_str()),
        ("PeterNeumann", "c74f20a3")
    );
    assert_eq!(verifier.to_string(), VKEY);
    let json = serde_json::to_string(&verifier).unwrap();
    assert_eq!(serde_json::from_str::<Verifier>(&json).unwrap(), verifier);
    for start in 0..VKEY.len() {
        for end in start..=VKEY.len() {
            let part = &VKEY[start..end];
            assert!(part == VKEY || part.parse::<Verifier>().is_err(), "{part}");
        }
    }
    for bit in 0..VKEY.len() * 8 {
        let mut changed = VKEY.as_bytes().to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        if let Ok(changed) = std::str::from_utf8(&changed) {
            assert!(changed.parse::<Verifier>().is_err(), "{changed}");
        }
    }
}

#[test]
fn public_keys_that_are_none_are_told_apart() {
    let check = |text: &str, error: KeyTextError| {
        assert_eq!(text.parse::<Verifier>(), Err(error), "{text}");
    };
    check("a+00000000", KeyTextError::Shape);
    check("a b+00000000+AQ==", KeyTextError::Name("a b".parse::<KeyName>().unwrap_err()));
    check("a+00000000+AQ=", KeyTextError::Base64);
    check("a+00000000+", KeyTextError::Length { found: 0 });
    check("a+00000000+AQ==", KeyTextError::Length { found: 0 });
    check(&VKEY.replace("+AR", "+AAAAAR"), KeyTextError::Algorithm { found: 0 });
    let longer = STANDARD.encode([1; 34]);
    check(&format!("a+00000000+{longer}"), KeyTextError::Length { found: 33 });
    let expected = VKEY.parse::<Verifier>().unwrap().id();
    check(&VKEY.replace("c74f20a3", "c74f20a4"), KeyTextError::Id { expected });
    check(&VKEY.replace("c74f20a3", "C74F20A3"), KeyTextError::Id { expected });
}

#[test]
fn public_keys_under_which_anybody_could_sign_are_refused() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let weak = Verifier::new(name("weak"), VerifyingKey::from_bytes(&identity).unwrap());
    assert_eq!(weak.to_string().parse::<Verifier>(), Err(KeyTextError::Unusable));

    let mut no_point = [0; 32];
    no_point[0] = 2;
    assert!(VerifyingKey::from_bytes(&no_point).is_err());
    let text = encode(&name("none"), KeyId([0; 4]), &no_point);
    assert_eq!(text.parse::<Verifier>(), Err(KeyTextError::Unusable));
}

#[test]
fn a_private_key_is_read_whole_or_not_at_all() {
    let key = key("example.com/log");
    let text = key.private_text();
    let same = SigningKey::from_private_text(&text).unwrap();
    assert_eq!(same.sign("d", b"m"), key.sign("d", b"m"));
    for end in 0..text.len() {
        assert!(SigningKey::from_private_text(&text[..end]).is_err(), "cut at {end}");
    }
    let id = key.verifier().id().to_string();
    let other_id = if id == "00000000" { "00000001" } else { "00000000" };
    let failure = SigningKey::from_private_text(&text.replace(&id, other_id));
    assert_eq!(failure.unwrap_err(), KeyTextError::Id { expected: key.verifier().id() });
    let public = SigningKey::from_private_text(&key.verifier().to_string());
    assert_eq!(public.unwrap_err(), KeyTextError::Shape);
}

#[test]
fn a_signature_is_good_for_its_key_domain_and_bytes_only() {
    let (signer, other) = (key("anna"), key("anna"));
    let good = signer.sign("approval", b"plan");
    let bad = Err(BadSignature { key: name("anna") });
    let verifier = signer.verifier();
    assert_eq!(verifier.verify("approval", b"plan", &good), Ok(()));
    assert_eq!(verifier.verify("approva", b"lplan", &good), bad, "the domain is bounded");
    assert_eq!(verifier.verify("halt", b"plan", &good), bad);
    assert_eq!(verifier.verify("approval", b"plam", &good), bad);
    assert_eq!(other.verifier().verify("approval", b"plan", &good), bad);
    assert_eq!(verifier.verify("approval", b"plan", &good[..63]), bad);
    assert_eq!(verifier.verify("approval", b"plan", &[&good[..], &[0]].concat()), bad);
    for bit in 0..512 {
        let mut changed = good;
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(verifier.verify("approval", b"plan", &changed), bad, "bit {bit}");
    }
}

/// Made by the holder of the key with the neutral point as R: lax verifiers accept it.
#[test]
fn a_signature_that_only_lax_verifiers_accept_is_refused() {
    let lax = STANDARD.decode(
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB5+vkPFWmYkMO01HCJgf4oCl6aE6ifttUcFdd17CRiAw==",
    ).unwrap();
    let key = SigningKey::from_seed(name("k"), &[7; 32]);
    let signature = ed25519_dalek::Signature::from_slice(&lax).unwrap();
    let accepted = ed25519_dalek::Verifier::verify(
        &key.secret.verifying_key(),
        &message("d", b"m"),
        &signature,
    );
    assert!(accepted.is_ok(), "the vector is what it says");
    assert!(key.verifier().verify("d", b"m", &lax).is_err());
}

#[test]
fn debug_shows_the_public_half_only() {
    let key = key("example.com/log");
    let shown = format!("SigningKey({})", key.verifier());
    assert_eq!(format!("{key:?}"), shown);
    let opened = OpenedKey { key, created: true };
    assert_eq!(format!("{opened:?}"), format!("OpenedKey {{ key: {shown}, created: true }}"));
}

#[test]
fn a_key_is_made_once_and_found_again() {
    let scratch = Scratch::new();
    let path = scratch.path().join("log.key");
    assert!(matches!(SigningKey::load(&path), Err(KeyError::Missing { .. })));
    let made = SigningKey::open_or_create(&path, &name("log")).unwrap();
    let found = SigningKey::open_or_create(&path, &name("log")).unwrap();
    assert_eq!((made.created, found.created), (true, false));
    let public = made.key.verifier();
    assert_eq!(public, found.key.verifier());
    assert_eq!(public, SigningKey::load(&path).unwrap().verifier());
    let public_path = scratch.path().join("log.key.pub");
    assert_eq!(fs::read_to_string(&public_path).unwrap(), format!("{public}\n"));
    assert_eq!(mode(&path), 0o600);
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 2, "no draft is left");
}

#[test]
fn processes_that_begin_together_end_with_one_key() {
    let scratch = Scratch::new();
    let path = scratch.path().join("log.key");
    let start = Barrier::new(8);
    let opened: Vec<OpenedKey> = thread::scope(|scope| {
        let open = || {
            start.wait();
            SigningKey::open_or_create(&path, &name("log")).unwrap()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(opened.iter().filter(|opened| opened.created).count(), 1);
    assert!(opened.iter().all(|each| each.key.verifier() == opened[0].key.verifier()));
}

#[test]
fn a_key_that_others_can_reach_is_refused_with_the_remedy() {
    let scratch = Scratch::new();
    let path = scratch.path().join("log.key");
    SigningKey::open_or_create(&path, &name("log")).unwrap();
    for bit in [0o040, 0o020, 0o010, 0o004, 0o002, 0o001] {
        fs::set_permissions(&path, Permissions::from_mode(0o600 | bit)).unwrap();
        for failure in [
            SigningKey::load(&path).unwrap_err(),
            SigningKey::open_or_create(&path, &name("log")).unwrap_err(),
        ] {
            assert!(matches!(&failure, KeyError::Exposed { mode, .. } if *mode == 0o600 | bit));
            assert!(failure.to_string().contains(&format!("chmod 600 {}", path.display())));
        }
    }
    fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
    assert!(SigningKey::load(&path).is_ok());
}

#[test]
fn a_damaged_key_stays_as_it_is() {
    let scratch = Scratch::new();
    let path = scratch.path().join("log.key");
    for (text, reason) in
        [("", KeyTextError::Shape), ("PRIVATE+KEY+log+0+!\n", KeyTextError::Base64)]
    {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let failure = SigningKey::open_or_create(&path, &name("log")).unwrap_err();
        assert!(matches!(&failure, KeyError::Damaged { reason: found, .. } if *found == reason));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn name_and_public_half_must_fit() {
    let scratch = Scratch::new();
    let path = scratch.path().join("log.key");
    let key = SigningKey::open_or_create(&path, &name("log")).unwrap().key;
    let failure = SigningKey::open_or_create(&path, &name("other")).unwrap_err();
    assert!(matches!(failure, KeyError::OtherName { .. }), "{failure}");

    let public_path = scratch.path().join("log.key.pub");
    fs::write(&public_path, format!("{VKEY}\n")).unwrap();
    let failure = SigningKey::open_or_create(&path, &name("log")).unwrap_err();
    assert!(matches!(&failure, KeyError::PublicDiffers { path } if *path == public_path));
    assert_eq!(fs::read_to_string(&public_path).unwrap(), format!("{VKEY}\n"));

    fs::remove_file(&public_path).unwrap();
    SigningKey::open_or_create(&path, &name("log")).unwrap();
    assert_eq!(fs::read_to_string(&public_path).unwrap(), format!("{}\n", key.verifier()));
}

#[test]
fn a_key_is_not_made_where_there_is_no_directory() {
    let scratch = Scratch::new();
    let path = scratch.path().join("missing/log.key");
    let failure = SigningKey::open_or_create(&path, &name("log")).unwrap_err();
    assert!(matches!(failure, KeyError::File { doing: "create", .. }), "{failure}");
}
