//! C2SP signed notes (<https://c2sp.org/signed-note>): text with signatures under it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::audit::key::{BadSignature, KeyId, KeyName, SigningKey, Verifier};

/// The longest note that is read, in bytes.
pub const NOTE_BYTES_MAX: usize = 1_000_000;
/// The most signatures that a note may carry.
pub const NOTE_SIGNATURES_MAX: usize = 100;

/// Signs a text, which must end with a newline. The result ends with the signature line; lines of
/// other signers may be put behind it.
///
/// # Errors
/// [`NoteError::Unterminated`], [`NoteError::ControlCharacter`] or [`NoteError::TooLong`].
pub fn sign(text: &str, key: &SigningKey) -> Result<String, NoteError> {
    expect_text(text)?;
    if !text.ends_with('\n') {
        return Err(NoteError::Unterminated);
    }
    let verifier = key.verifier();
    let signature = [&verifier.id().0[..], &key.sign_raw(text.as_bytes())].concat();
    Ok(format!("{text}\n— {} {}\n", verifier.name(), STANDARD.encode(signature)))
}

/// The text of a note that this key signed. Signatures of other keys are ignored.
///
/// # Errors
/// [`NoteError`]: the note is malformed, this key did not sign it, or one of its signatures is bad.
pub fn open<'a>(note: &'a str, verifier: &Verifier) -> Result<&'a str, NoteError> {
    expect_text(note)?;
    let blank = note.rfind("\n\n").ok_or(NoteError::Unsigned)?;
    let (text, signatures) = (&note[..=blank], &note[blank + 2..]);
    if signatures.is_empty() {
        return Err(NoteError::Unsigned);
    }
    let signatures = signatures.strip_suffix('\n').ok_or(NoteError::Unterminated)?;
    let mut signed = false;
    for (at, line) in signatures.split('\n').enumerate() {
        if at == NOTE_SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        let line = SignatureLine::parse(line).ok_or(NoteError::SignatureLine { line: at + 1 })?;
        if (&line.name, line.id) == (verifier.name(), verifier.id()) {
            verifier.verify_raw(text.as_bytes(), &line.signature)?;
            signed = true;
        }
    }
    if !signed {
        let (name, id) = (verifier.name().clone(), verifier.id());
        return Err(NoteError::NotSignedBy { name, id });
    }
    Ok(text)
}

/// `— name base64(id ‖ signature)`.
struct SignatureLine {
    name: KeyName,
    id: KeyId,
    signature: Vec<u8>,
}

impl SignatureLine {
    fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix("— ")?.split_once(' ')?;
        let bytes = STANDARD.decode(encoded).ok()?;
        let (id, signature) = bytes.split_first_chunk()?;
        if signature.is_empty() {
            return None;
        }
        Some(Self { name: name.parse().ok()?, id: KeyId(*id), signature: signature.to_vec() })
    }
}

fn expect_text(text: &str) -> Result<(), NoteError> {
    if text.len() > NOTE_BYTES_MAX {
        return Err(NoteError::TooLong { bytes: text.len() });
    }
    match text.bytes().position(|byte| byte < b' ' && byte != b'\n') {
        Some(at) => Err(NoteError::ControlCharacter { at }),
        None => Ok(()),
    }
}

/// The text is not a note that the key signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoteError {
    /// It is longer than [`NOTE_BYTES_MAX`].
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// It holds a control character other than newline.
    ControlCharacter {
        /// Where, in bytes from the start.
        at: usize,
    },
    /// The last line does not end with a newline.
    Unterminated,
    /// There is no blank line with signatures behind it.
    Unsigned,
    /// It has more than [`NOTE_SIGNATURES_MAX`] signatures.
    TooManySignatures,
    /// A signature line is not of the form `— name base64`.
    SignatureLine {
        /// Which signature line, from 1.
        line: usize,
    },
    /// The key did not sign it.
    NotSignedBy {
        /// The key's name.
        name: KeyName,
        /// The key's id.
        id: KeyId,
    },
    /// A signature under the key's name and id is not its signature of this text.
    Signature(BadSignature),
}

impl From<BadSignature> for NoteError {
    fn from(error: BadSignature) -> Self {
        Self::Signature(error)
    }
}

impl fmt::Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bytes } => {
                write!(f, "the note has {bytes} bytes, above the {NOTE_BYTES_MAX} allowed")
            }
            Self::ControlCharacter { at } => {
                write!(f, "byte {at} of the note is a control character: only newline is allowed")
            }
            Self::Unterminated => f.write_str("the last line of the note does not end: is it cut?"),
            Self::Unsigned => f.write_str("the note has no blank line with signatures behind it"),
            Self::TooManySignatures => {
                write!(f, "the note has more than {NOTE_SIGNATURES_MAX} signatures")
            }
            Self::SignatureLine { line } => {
                write!(f, "signature line {line} of the note is not of the form `— name base64`")
            }
            Self::NotSignedBy { name, id } => {
                write!(f, "the note is not signed by {name}+{id}: check which key it is to be")
            }
            Self::Signature(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NoteError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing::key;

    /// Key and note from the tests of Go's `golang.org/x/mod/sumdb/note`.
    const VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const SKEY: &str =
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                        then you don't know what your problem is.\n";
    const LINE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2p\
                        ZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn neumann() -> Verifier {
        VKEY.parse().unwrap()
    }

    fn not_signed() -> NoteError {
        NoteError::NotSignedBy { name: neumann().name().clone(), id: neumann().id() }
    }

    #[test]
    fn notes_are_those_of_go() {
        let key = SigningKey::from_private_text(SKEY).unwrap();
        let note = format!("{TEXT}\n{LINE}");
        assert_eq!(sign(TEXT, &key).unwrap(), note);
        assert_eq!(open(&note, &neumann()), Ok(TEXT));
        assert_eq!(key.verifier().to_string(), VKEY);
    }

    #[test]
    fn blank_lines_belong_to_the_text() {
        let key = key("log");
        for text in ["\n", "a\n\n", "\n\n\n", "a\n\n— b c\n"] {
            let note = sign(text, &key).unwrap();
            assert_eq!(open(&note, key.verifier()), Ok(text));
        }
    }

    #[test]
    fn every_single_bit_counts() {
        let note = format!("{TEXT}\n{LINE}").into_bytes();
        for bit in 0..note.len() * 8 {
            let mut changed = note.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            if let Ok(changed) = std::str::from_utf8(&changed) {
                assert!(open(changed, &neumann()).is_err(), "bit {bit}: {changed}");
            }
        }
    }

    #[test]
    fn every_cut_is_noticed() {
        let note = format!("{TEXT}\n{LINE}");
        for end in (0..note.len()).filter(|end| note.is_char_boundary(*end)) {
            assert!(open(&note[..end], &neumann()).is_err(), "cut at {end}");
        }
        assert_eq!(open(&note[..note.len() - 1], &neumann()), Err(NoteError::Unterminated));
    }

    #[test]
    fn malformed_notes_are_told_apart() {
        let check = |note: &str, error: NoteError| {
            assert_eq!(open(note, &neumann()), Err(error), "{note:?}");
        };
        check("", NoteError::Unsigned);
        check(TEXT, NoteError::Unsigned);
        check(&format!("{TEXT}\n"), NoteError::Unsigned);
        check(&format!("{TEXT}{LINE}"), NoteError::Unsigned);
        check(&format!("a\tb\n\n{LINE}"), NoteError::ControlCharacter { at: 1 });
        check(&format!("a\r\n\n{LINE}"), NoteError::ControlCharacter { at: 1 });
        let malformed = [
            "- PeterNeumann x08go/Y=",
            "—PeterNeumann x08go/Y=",
            "— PeterNeumann",
            "—  x08go/Y=",
            "— Peter+Neumann x08go/Y=",
            "— PeterNeumann x08go/Y",
            "— PeterNeumann x08go/Z=",
            "— PeterNeumann x08gow==",
            "— PeterNeumann x08g",
            "— PeterNeumann x08go/Y= ",
        ];
        for line in malformed {
            check(&format!("{TEXT}\n{LINE}{line}\n"), NoteError::SignatureLine { line: 2 });
        }
    }

    #[test]
    fn signatures_of_unknown_keys_are_ignored() {
        let other = sign(TEXT, &key("PeterNeumann")).unwrap();
        assert_eq!(open(&other, &neumann()), Err(not_signed()), "same name, other id");
        let renamed = format!("{TEXT}\n{}", LINE.replace("PeterNeumann", "Peter"));
        assert_eq!(open(&renamed, &neumann()), Err(not_signed()), "same id, other name");
        assert_eq!(open(&format!("{other}{LINE}"), &neumann()), Ok(TEXT));
        assert_eq!(open(&format!("{TEXT}\n{LINE}— other x08go/Y=\n"), &neumann()), Ok(TEXT));
    }

    #[test]
    fn one_bad_signature_of_the_known_key_rejects_the_note() {
        let bad = NoteError::Signature(BadSignature { key: neumann().name().clone() });
        let short = "— PeterNeumann x08go/Y=\n";
        for lines in [short.to_owned(), format!("{LINE}{short}"), format!("{short}{LINE}")] {
            assert_eq!(open(&format!("{TEXT}\n{lines}"), &neumann()), Err(bad.clone()));
        }
    }

    #[test]
    fn the_number_of_signatures_is_bounded() {
        let note = format!("{TEXT}\n{}", LINE.repeat(NOTE_SIGNATURES_MAX));
        assert_eq!(open(&note, &neumann()), Ok(TEXT));
        let note = format!("{note}{LINE}");
        assert_eq!(open(&note, &neumann()), Err(NoteError::TooManySignatures));
    }

    #[test]
    fn texts_that_make_no_note_are_not_signed() {
        let key = key("log");
        assert_eq!(sign("", &key), Err(NoteError::Unterminated));
        assert_eq!(sign("a", &key), Err(NoteError::Unterminated));
        assert_eq!(sign("a\0\n", &key), Err(NoteError::ControlCharacter { at: 1 }));
        let bytes = NOTE_BYTES_MAX + 1;
        let long = "a".repeat(bytes - 1) + "\n";
        assert_eq!(sign(&long, &key), Err(NoteError::TooLong { bytes }));
        assert_eq!(open(&long, key.verifier()), Err(NoteError::TooLong { bytes }));
    }
}
