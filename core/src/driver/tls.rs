//! TLS as drivers have it in common: its files, and why a handshake failed, in the same words on every
//! broker.

#[cfg(feature = "rustls")]
mod handshake;

use std::fmt;
use std::path::Path;

use super::settings::wrong;
use crate::error::{Error, Kind, Result};

#[cfg(feature = "rustls")]
pub use self::handshake::{client, refusal};

/// The PEM files of a connection, by the keys that the settings have for them.
#[derive(Debug, Clone, Copy)]
pub struct Files<'a> {
    /// Certificates that are trusted; without it the system's are.
    pub ca_file: Option<&'a Path>,
    /// Our own certificate, where the broker asks for one.
    pub certificate_file: Option<&'a Path>,
    /// The key of our own certificate.
    pub key_file: Option<&'a Path>,
}

/// What the files hold.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Pem {
    /// Certificates that are trusted.
    pub ca: Option<Vec<u8>>,
    /// Our own certificate and its key.
    pub own: Option<(Vec<u8>, Vec<u8>)>,
}

impl Files<'_> {
    /// Refuses files that TLS is not there for, and half of a pair. `remedy` says how TLS is asked for.
    ///
    /// # Errors
    /// `Configuration` names the key.
    pub fn check(&self, tls: bool, remedy: &'static str) -> Result<()> {
        if self.certificate_file.is_some() != self.key_file.is_some() {
            return Err(wrong("certificate_file and key_file belong together"));
        }
        let given = [("ca_file", self.ca_file), ("certificate_file", self.certificate_file)];
        match given.iter().find(|(_, file)| file.is_some()) {
            Some((key, _)) if !tls => Err(wrong("a file for TLS on a connection without TLS")
                .with("key", key)
                .with("use", remedy)),
            Some(_) | None => Ok(()),
        }
    }

    /// Reads them.
    ///
    /// # Errors
    /// `Configuration` names the key and the file that cannot be read, or holds no PEM.
    pub fn read(&self) -> Result<Pem> {
        let read = |key: &'static str, path: &Path| {
            let place = |error: Error| error.with("key", key).with("file", path.display());
            let bytes = std::fs::read(path)
                .map_err(|error| place(wrong("the file cannot be read").because(error)))?;
            if bytes.windows(BEGIN.len()).any(|window| window == BEGIN) {
                return Ok(bytes);
            }
            Err(place(wrong("the file is not PEM: -----BEGIN … is missing")))
        };
        let own = match (self.certificate_file, self.key_file) {
            (Some(certificate), Some(key)) => {
                Some((read("certificate_file", certificate)?, read("key_file", key)?))
            }
            _ => None,
        };
        Ok(Pem { ca: self.ca_file.map(|path| read("ca_file", path)).transpose()?, own })
    }
}

const BEGIN: &[u8] = b"-----BEGIN ";

/// Without the key.
impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ca, own } = self;
        f.debug_struct("Pem").field("ca", &ca.is_some()).field("own", &own.is_some()).finish()
    }
}

/// Why a TLS handshake failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody whom we trust signed the broker's certificate.
    UnknownAuthority,
    /// The broker's certificate is for another host.
    WrongName,
    /// The broker's certificate is not valid now.
    NotValidNow,
    /// The broker's certificate is refused, and its client does not tell which of these it is.
    Certificate,
    /// The broker refuses our certificate, or asks for one.
    Ours,
    /// The broker answers something else than TLS.
    NotTls,
    /// Broker and client agree on no version or cipher, or one of them is broken.
    Protocol,
}

impl Refusal {
    /// As an error, which says what to do.
    pub fn error(self) -> Error {
        let (kind, message) = match self {
            Self::UnknownAuthority => (
                Kind::Unauthenticated,
                "nobody trusted signed the broker's certificate: name its CA's certificate as ca_file",
            ),
            Self::WrongName => (
                Kind::Unauthenticated,
                "the broker's certificate is for another host: connect by a name that stands in it",
            ),
            Self::NotValidNow => (
                Kind::Unauthenticated,
                "the broker's certificate is not valid now: renew it, or set the clock right",
            ),
            Self::Certificate => (
                Kind::Unauthenticated,
                "the broker's certificate is refused: is ca_file its CA, does it name this host, is it valid now?",
            ),
            Self::Ours => (
                Kind::Unauthenticated,
                "the broker does not accept our certificate, or asks for one: see certificate_file and key_file",
            ),
            Self::NotTls => (
                Kind::Configuration,
                "the broker does not speak TLS on this port: connect to its TLS port, or without TLS",
            ),
            Self::Protocol => {
                (Kind::Unsupported, "TLS failed: broker and client agree on no version or cipher")
            }
        };
        Error::new(kind, message)
    }
}

/// What to say of a broker that takes a connection and then ends it, or says nothing in time. One that is
/// just ending or starting does so, too: it is tried again.
pub const NO_WORD: &str = "the broker said nothing: is it just starting, does one side speak TLS and the other not, or does it refuse our certificate?";

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Files<'_> = Files { ca_file: None, certificate_file: None, key_file: None };

    #[test]
    fn files_without_tls_and_half_a_pair_are_refused() {
        let path = Some(Path::new("x.pem"));
        let ca = Files { ca_file: path, ..NONE };
        let error = ca.check(false, "rediss://").unwrap_err();
        assert_eq!((error.kind(), error.context("key")), (Kind::Configuration, Some("ca_file")));
        assert_eq!(error.context("use"), Some("rediss://"));
        ca.check(true, "").unwrap();
        for half in [Files { certificate_file: path, ..NONE }, Files { key_file: path, ..NONE }] {
            assert_eq!(half.check(true, "").unwrap_err().kind(), Kind::Configuration);
        }
    }

    #[test]
    fn a_file_that_is_missing_or_no_pem_is_named() {
        let read = |path| Files { ca_file: Some(Path::new(path)), ..NONE }.read();
        for (path, said) in [("/nowhere/ca.pem", "read"), ("Cargo.toml", "BEGIN")] {
            let error = read(path).unwrap_err();
            assert_eq!((error.kind(), error.context("file")), (Kind::Configuration, Some(path)));
            assert!(error.to_string().contains(said), "{error}");
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        let pem = Pem { ca: None, own: Some((b"certificate".to_vec(), b"hunter2".to_vec())) };
        let text = format!("{pem:?}");
        assert_eq!(text, "Pem { ca: false, own: true }");
    }
}
