//! TLS by rustls: the settings of a client, and what its errors mean.

use std::io;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{AlertDescription, CertificateError, ClientConfig, RootCertStore};

use super::{Pem, Refusal};
use crate::driver::settings::wrong;
use crate::error::{Error, Result};

/// The settings of a client that trusts what `pem` says.
///
/// # Errors
/// `Configuration` names the key whose file holds nothing that can be used.
pub fn client(pem: &Pem) -> Result<Arc<ClientConfig>> {
    install_provider();
    let config = ClientConfig::builder().with_root_certificates(roots(pem)?);
    let config = match &pem.own {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = certificates("certificate_file", certificate)?;
            let key = PrivateKeyDer::from_pem_slice(key)
                .map_err(|error| unusable("key_file", error.to_string()))?;
            config
                .with_client_auth_cert(chain, key)
                .map_err(|error| unusable("certificate_file", error.to_string()))?
        }
    };
    Ok(Arc::new(config))
}

/// Says which cryptography clients take that ask for the process's own. A choice that the program made
/// before stands.
fn install_provider() {
    if CryptoProvider::get_default().is_none() {
        // Somebody else may have been quicker: one is there then.
        let _ = aws_lc_rs::default_provider().install_default();
    }
}

fn roots(pem: &Pem) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    match &pem.ca {
        Some(ca) => {
            for certificate in certificates("ca_file", ca)? {
                roots.add(certificate).map_err(|error| unusable("ca_file", error.to_string()))?;
            }
        }
        None => {
            // Some of the system's may be odd; what it lacks is said when a broker is not trusted.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(roots)
}

fn certificates(key: &'static str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let read: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(certificates) if certificates.is_empty() => Err(unusable(key, "no certificate".into())),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(unusable(key, error.to_string())),
    }
}

fn unusable(key: &'static str, why: String) -> Error {
    wrong("the file holds nothing that can be used").with("key", key).because(why)
}

/// Why a connection could not be opened, if it was TLS that failed.
pub fn refusal(error: &io::Error) -> Option<Refusal> {
    use rustls::Error as Tls;
    let inner = error.get_ref()?;
    let tls = inner.downcast_ref::<Tls>().or_else(|| inner.source()?.downcast_ref())?;
    Some(match tls {
        Tls::InvalidCertificate(why) => of_certificate(why),
        Tls::InvalidMessage(_) => Refusal::NotTls,
        Tls::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::AccessDenied,
        ) => Refusal::Ours,
        _ => Refusal::Protocol,
    })
}

fn of_certificate(why: &CertificateError) -> Refusal {
    match why {
        CertificateError::UnknownIssuer
        | CertificateError::BadSignature
        | CertificateError::UnsupportedSignatureAlgorithmContext { .. } => {
            Refusal::UnknownAuthority
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Refusal::WrongName
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Refusal::NotValidNow,
        _ => Refusal::Certificate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn what_rustls_says_is_told_apart() {
        use rustls::{Error as Tls, InvalidMessage};
        for (native, expected) in [
            (Tls::InvalidCertificate(CertificateError::UnknownIssuer), Refusal::UnknownAuthority),
            (Tls::InvalidCertificate(CertificateError::NotValidForName), Refusal::WrongName),
            (Tls::InvalidCertificate(CertificateError::Expired), Refusal::NotValidNow),
            (Tls::InvalidCertificate(CertificateError::Revoked), Refusal::Certificate),
            (Tls::AlertReceived(AlertDescription::CertificateRequired), Refusal::Ours),
            (Tls::InvalidMessage(InvalidMessage::InvalidContentType), Refusal::NotTls),
            (Tls::AlertReceived(AlertDescription::ProtocolVersion), Refusal::Protocol),
        ] {
            let error = io::Error::new(io::ErrorKind::InvalidData, native);
            assert_eq!(refusal(&error), Some(expected));
        }
        assert_eq!(refusal(&io::ErrorKind::ConnectionReset.into()), None);
        assert_eq!(refusal(&io::Error::other("something else")), None);
    }

    #[test]
    fn files_that_hold_nothing_are_named() {
        let pem = Pem { ca: Some(b"-----BEGIN NOTHING-----".to_vec()), own: None };
        let error = client(&pem).unwrap_err();
        assert_eq!((error.kind(), error.context("key")), (Kind::Configuration, Some("ca_file")));
    }
}
