//! Which ledger: `sqlite://` and a path.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::error::{LedgerError, LedgerErrorKind};

/// Where a ledger is: `sqlite://relative.db`, `sqlite:///absolute.db`, or the path alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerUrl {
    path: PathBuf,
}

impl LedgerUrl {
    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same file whatever becomes the working directory.
    pub(crate) fn absolute(&self) -> Result<Self, LedgerError> {
        let path = std::path::absolute(&self.path).map_err(|error| {
            let message = format!("the working directory cannot be told: {error}");
            LedgerError::new(LedgerErrorKind::Io, message)
        })?;
        Ok(Self { path })
    }

    /// A file that belongs to the ledger and stands beside it: the database's name and a suffix.
    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(suffix);
        PathBuf::from(name)
    }
}

impl FromStr for LedgerUrl {
    type Err = LedgerError;

    fn from_str(text: &str) -> Result<Self, LedgerError> {
        let path = match text.split_once("://") {
            Some(("sqlite", path)) => path,
            Some(("postgres" | "postgresql", _)) => {
                return refuse(text, "PostgreSQL is not supported yet: use sqlite://path.db");
            }
            Some((scheme, _)) => {
                let what = format!("{scheme} is no kind of ledger: use sqlite://path.db");
                return refuse(text, &what);
            }
            None => text,
        };
        if path.is_empty() || path.ends_with('/') {
            return refuse(text, "it names no file: write sqlite://path.db");
        }
        if path.contains(['?', '#']) {
            return refuse(text, "a ledger's URL has no parameters: write sqlite://path.db");
        }
        Ok(Self { path: path.into() })
    }
}

fn refuse(text: &str, why: &str) -> Result<LedgerUrl, LedgerError> {
    let message = format!("the ledger URL {:?} cannot be used: {why}", without_secret(text));
    Err(LedgerError::new(LedgerErrorKind::Url, message))
}

/// What stands before the host of a URL may be a password: it is never shown.
fn without_secret(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://…@{host}"),
            None => text.to_owned(),
        },
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_or_absolute() {
        let path = |text: &str| text.parse::<LedgerUrl>().unwrap().path().to_owned();
        assert_eq!(path("sqlite://a/b.db"), Path::new("a/b.db"));
        assert_eq!(path("sqlite:///a/b.db"), Path::new("/a/b.db"));
        assert_eq!(path("b.db"), Path::new("b.db"));
    }

    #[test]
    fn what_is_no_ledger_is_refused_with_a_remedy() {
        for (text, part) in [
            ("postgres://host/db", "not supported yet"),
            ("mysql://host/db", "mysql is no kind of ledger"),
            ("sqlite://", "names no file"),
            ("", "names no file"),
            ("sqlite://dir/", "names no file"),
            ("sqlite://a.db?mode=ro", "no parameters"),
        ] {
            let error = text.parse::<LedgerUrl>().unwrap_err();
            assert_eq!(error.kind(), LedgerErrorKind::Url);
            assert!(error.to_string().contains(part), "{error}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_not_shown() {
        let error = "postgres://user:secret@host/db".parse::<LedgerUrl>().unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        assert!(error.to_string().contains("postgres://…@host/db"), "{error}");
    }
}
