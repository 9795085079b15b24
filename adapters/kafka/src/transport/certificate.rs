//! A second look at a broker's certificate: the client tells that it refused one, and not why.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use openssl::error::ErrorStack;
use openssl::ssl::{HandshakeError, SslConnector, SslMethod};
use openssl::x509::X509VerifyResult as Verdict;
use openssl_sys as codes;
use wingman_core::driver::tls::Refusal;

use crate::config::Config;

/// The longest look.
const LOOK_MAX: Duration = Duration::from_secs(2);

/// Why a server's certificate is refused, and the library's own words for it.
pub(super) type Why = (Refusal, &'static str);

/// Why the certificate of the first server that has a bad one is refused, by the same library and the same
/// trust as the client's. Nothing of ours is shown. None if all are in order or say nothing in time: brokers that
/// only the cluster names are not looked at. Blocks.
pub(super) fn why_refused(config: &Config, time: Duration) -> Option<Why> {
    let until = Instant::now() + time.min(LOOK_MAX);
    let connector = connector(config).ok()?;
    config.servers.split(',').find_map(|server| {
        let (host, _) = server.rsplit_once(':')?;
        let way = Way::to(server, until).ok()?;
        match connector.connect(host.trim_matches(['[', ']']), way) {
            Err(HandshakeError::Failure(ended)) => why(ended.ssl().verify_result()),
            Ok(_) | Err(HandshakeError::SetupFailure(_) | HandshakeError::WouldBlock(_)) => None,
        }
    })
}

fn connector(config: &Config) -> std::result::Result<SslConnector, ErrorStack> {
    let mut connector = SslConnector::builder(SslMethod::tls_client())?;
    if let Some(file) = &config.ca_file {
        connector.set_ca_file(file)?;
    }
    Ok(connector.build())
}

fn why(verdict: Verdict) -> Option<Why> {
    let refusal = match verdict.as_raw() {
        // It ended before there was a certificate, or because of something else.
        codes::X509_V_OK => return None,
        codes::X509_V_ERR_CERT_NOT_YET_VALID | codes::X509_V_ERR_CERT_HAS_EXPIRED => {
            Refusal::NotValidNow
        }
        codes::X509_V_ERR_HOSTNAME_MISMATCH | codes::X509_V_ERR_IP_ADDRESS_MISMATCH => {
            Refusal::WrongName
        }
        codes::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT
        | codes::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
        | codes::X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE
        | codes::X509_V_ERR_CERT_SIGNATURE_FAILURE
        | codes::X509_V_ERR_CERT_UNTRUSTED
        | codes::X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
        | codes::X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN => Refusal::UnknownAuthority,
        _ => Refusal::Certificate,
    };
    Some((refusal, verdict.error_string()))
}

/// A connection that ends in time, whatever its other side sends.
#[derive(Debug)]
struct Way {
    stream: TcpStream,
    until: Instant,
}

impl Way {
    fn to(server: &str, until: Instant) -> Result<Self> {
        let mut failed = Error::from(ErrorKind::NotFound);
        for address in server.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, left(until)?) {
                Ok(stream) => return Ok(Self { stream, until }),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }
}

fn left(until: Instant) -> Result<Duration> {
    match until.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(ErrorKind::TimedOut.into()),
        left => Ok(left),
    }
}

impl Read for Way {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        self.stream.set_read_timeout(Some(left(self.until)?))?;
        self.stream.read(into)
    }
}

impl Write for Way {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.stream.set_write_timeout(Some(left(self.until)?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn what_is_no_verdict_is_no_reason() {
        assert_eq!(why(Verdict::OK), None);
        // Nobody listens, somebody is silent, somebody ends it: the look ends, and says nothing.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let ends = TcpListener::bind("127.0.0.1:0").unwrap();
        let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let end = ends.local_addr().unwrap();
        std::thread::spawn(move || drop(ends.accept()));
        let servers = format!("{gone},{end},{}", silent.local_addr().unwrap());
        let config = Config { servers, tls: true, ..Config::default() };
        assert_eq!(why_refused(&config, Duration::from_millis(300)), None);
    }
}
