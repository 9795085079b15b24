//! C2SP checkpoints (<https://c2sp.org/tlog-checkpoint>): signed tree heads.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::audit::key::{KeyName, SigningKey, Verifier};
use crate::audit::note::{self, NoteError};
use crate::audit::tree::{Frontier, TREE_SIZE_MAX};
use crate::digest::Digest;

/// The head of a log's tree at one size. Whoever keeps it can later tell whether anything under it
/// was changed (G2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log; the name of the key that signs.
    pub origin: KeyName,
    /// The number of leaves.
    pub size: u64,
    /// The root of the tree.
    pub root: Digest,
    /// Further lines, each not empty; best left out.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// The head of a tree.
    pub fn of(origin: KeyName, tree: &Frontier) -> Self {
        Self { origin, size: tree.size(), root: tree.root(), extensions: Vec::new() }
    }

    /// The signed note. That the tree only ever grew is for the caller to see to.
    ///
    /// # Errors
    /// [`CheckpointError`]: the key is another log's, or an extension is not one line.
    pub fn sign(&self, key: &SigningKey) -> Result<String, CheckpointError> {
        expect_origin(self.origin.as_str(), key.verifier())?;
        let broken = |line: &String| line.is_empty() || line.contains('\n');
        if let Some(at) = self.extensions.iter().position(broken) {
            return Err(CheckpointError::Extension { line: at + 4 });
        }
        Ok(note::sign(&self.to_string(), key)?)
    }

    /// Reads a checkpoint that the log with this key signed.
    ///
    /// # Errors
    /// [`CheckpointError`]: the note is malformed or not signed by this key, its body is not a
    /// checkpoint, or it is another log's.
    pub fn open(text: &str, verifier: &Verifier) -> Result<Self, CheckpointError> {
        let body = note::open(text, verifier)?;
        let mut lines = body.strip_suffix('\n').unwrap_or(body).split('\n');
        let origin = lines.next().ok_or(CheckpointError::Lines)?;
        let (Some(size), Some(root)) = (lines.next(), lines.next()) else {
            return Err(CheckpointError::Lines);
        };
        expect_origin(origin, verifier)?;
        let extensions: Vec<_> = lines.map(str::to_owned).collect();
        if let Some(at) = extensions.iter().position(String::is_empty) {
            return Err(CheckpointError::Extension { line: at + 4 });
        }
        let (size, root) = (parse_size(size)?, parse_root(root)?);
        Ok(Self { origin: verifier.name().clone(), size, root, extensions })
    }
}

impl fmt::Display for Checkpoint {
    /// The body: what is signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = STANDARD.encode(self.root.as_bytes());
        write!(f, "{}\n{}\n{root}\n", self.origin, self.size)?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

fn expect_origin(found: &str, verifier: &Verifier) -> Result<(), CheckpointError> {
    if found == verifier.name().as_str() {
        return Ok(());
    }
    let expected = verifier.name().clone();
    Err(CheckpointError::Origin { expected, found: found.to_owned() })
}

/// Decimal, without sign and leading zeros.
fn parse_size(text: &str) -> Result<u64, CheckpointError> {
    let size = text.parse().ok().filter(|size: &u64| size.to_string() == text);
    size.filter(|size| *size <= TREE_SIZE_MAX).ok_or(CheckpointError::Size)
}

fn parse_root(text: &str) -> Result<Digest, CheckpointError> {
    let bytes = STANDARD.decode(text).map_err(|_| CheckpointError::Root)?;
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| CheckpointError::Root)?;
    Ok(Digest::from(bytes))
}

/// The text is not a checkpoint of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckpointError {
    /// It is not a note that the key signed.
    Note(NoteError),
    /// The body has fewer than three lines.
    Lines,
    /// The first line names another log than the key does.
    Origin {
        /// The log that the key is for.
        expected: KeyName,
        /// The log that is named.
        found: String,
    },
    /// The second line is not a size in decimal, at most [`TREE_SIZE_MAX`].
    Size,
    /// The third line is not 32 bytes in base64.
    Root,
    /// A line behind them is empty, or not one line.
    Extension {
        /// Which line of the body, from 1.
        line: usize,
    },
}

impl From<NoteError> for CheckpointError {
    fn from(error: NoteError) -> Self {
        Self::Note(error)
    }
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note(error) => write!(f, "the checkpoint is not valid: {error}"),
            Self::Lines => f.write_str("a checkpoint has three lines: origin, size and root"),
            Self::Origin { expected, found } => {
                write!(f, "the checkpoint is of the log {found:?}, the key of {expected}")
            }
            Self::Size => write!(
                f,
                "line 2 of the checkpoint is not a size: expected decimal digits without leading \
                 zeros, at most {TREE_SIZE_MAX}"
            ),
            Self::Root => {
                f.write_str("line 3 of the checkpoint is not a root: expected 32 bytes in base64")
            }
            Self::Extension { line } => {
                write!(f, "line {line} of the checkpoint is empty or broken in two")
            }
        }
    }
}

impl std::error::Error for CheckpointError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Note(error) => Some(error),
            Self::Lines
            | Self::Origin { .. }
            | Self::Size
            | Self::Root
            | Self::Extension { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing::{key, leaves};

    const LOG: &str = "example.com/behind-the-sofa";

    fn head(size: usize) -> Checkpoint {
        let mut tree = Frontier::new();
        tree.append_all(leaves(size));
        Checkpoint::of(LOG.parse().unwrap(), &tree)
    }

    #[test]
    fn the_body_is_that_of_the_specification() {
        let body = format!("{LOG}\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n");
        let key = key(LOG);
        let text = note::sign(&body, &key).unwrap();
        let checkpoint = Checkpoint::open(&text, key.verifier()).unwrap();
        assert_eq!(checkpoint.size, 20_852_163);
        assert!(checkpoint.root.to_string().starts_with("0ac5186a"), "{}", checkpoint.root);
        assert_eq!(checkpoint.to_string(), body);
        assert_eq!(checkpoint.sign(&key), Ok(text));
    }

    #[test]
    fn what_is_signed_is_what_is_opened() {
        let key = key(LOG);
        let mut extended = head(3);
        extended.extensions = vec!["one".to_owned(), " two ".to_owned()];
        for checkpoint in [head(0), head(1), head(300), extended] {
            let text = checkpoint.sign(&key).unwrap();
            assert_eq!(Checkpoint::open(&text, key.verifier()), Ok(checkpoint));
        }
    }

    #[test]
    fn another_key_or_a_changed_head_is_refused() {
        let (key, stranger) = (key(LOG), key(LOG));
        let text = head(5).sign(&key).unwrap();
        let failure = Checkpoint::open(&text, stranger.verifier());
        assert!(matches!(failure, Err(CheckpointError::Note(NoteError::NotSignedBy { .. }))));
        let failure = Checkpoint::open(&text.replace("\n5\n", "\n6\n"), key.verifier());
        assert!(matches!(failure, Err(CheckpointError::Note(NoteError::Signature(_)))));
    }

    #[test]
    fn a_checkpoint_of_another_log_is_neither_signed_nor_opened() {
        let other = key("example.com/other");
        let error = CheckpointError::Origin {
            expected: other.verifier().name().clone(),
            found: LOG.to_owned(),
        };
        assert_eq!(head(1).sign(&other), Err(error.clone()));
        let text = note::sign(&head(1).to_string(), &other).unwrap();
        assert_eq!(Checkpoint::open(&text, other.verifier()), Err(error));
    }

    #[test]
    fn bodies_that_are_no_checkpoint_are_told_apart() {
        let key = key(LOG);
        let root = STANDARD.encode(head(1).root.as_bytes());
        let check = |rest: &str, error: CheckpointError| {
            let text = note::sign(&format!("{LOG}\n{rest}"), &key).unwrap();
            assert_eq!(Checkpoint::open(&text, key.verifier()), Err(error), "{rest:?}");
        };
        check("", CheckpointError::Lines);
        check("1\n", CheckpointError::Lines);
        for size in ["", "01", "+1", "-1", " 1", "1 ", "0x1", "one", "9223372036854775808"] {
            check(&format!("{size}\n{root}\n"), CheckpointError::Size);
        }
        check(&format!("18446744073709551616\n{root}\n"), CheckpointError::Size);
        let short = STANDARD.encode([0; 31]);
        let long = STANDARD.encode([0; 33]);
        for root in ["", &root[1..], &root.replace('=', ""), &format!("{root} "), &short, &long] {
            check(&format!("1\n{root}\n"), CheckpointError::Root);
        }
        check(&format!("1\n{root}\n\n"), CheckpointError::Extension { line: 4 });
        check(&format!("1\n{root}\na\n\nb\n"), CheckpointError::Extension { line: 5 });
    }

    #[test]
    fn extensions_that_are_not_one_line_are_not_signed() {
        let key = key(LOG);
        for broken in ["", "a\nb", "a\n"] {
            let mut checkpoint = head(1);
            checkpoint.extensions = vec!["fine".to_owned(), broken.to_owned()];
            assert_eq!(checkpoint.sign(&key), Err(CheckpointError::Extension { line: 5 }));
        }
    }
}
