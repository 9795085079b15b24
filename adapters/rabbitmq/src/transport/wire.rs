//! What connections run over: TCP, and with the feature `tls` also TLS, with settings of our own in place
//! of the client's, so that its errors say on every broker the same.

use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties};
use wingman_core::Result;

use crate::config::Config;

#[cfg(feature = "tls")]
pub(super) struct Wire(Option<lapin::tcp::RustlsConnector>);

#[cfg(not(feature = "tls"))]
pub(super) struct Wire;

#[cfg(feature = "tls")]
impl Wire {
    pub(super) fn new(config: &Config) -> Result<Self> {
        if !config.tls {
            return Ok(Self(None));
        }
        let client = wingman_core::driver::tls::client(&config.files().read()?)?;
        Ok(Self(Some(client.into())))
    }

    pub(super) async fn open(
        &self,
        uri: AMQPUri,
        properties: ConnectionProperties,
    ) -> lapin::Result<Connection> {
        let Some(tls) = self.0.clone() else {
            return Connection::connect_uri(uri, properties).await;
        };
        let dial = async move |uri: AMQPUri, runtime| {
            let authority = &uri.authority;
            let addresses: Vec<_> =
                tokio::net::lookup_host((&*authority.host, authority.port)).await?.collect();
            let plain = lapin::AsyncTcpStream::connect(&runtime, addresses).await?;
            Ok(plain.into_rustls(&tls, &authority.host).await?)
        };
        let runtime = lapin::runtime::default_runtime()?;
        Connection::connector(uri, runtime, dial, properties).await
    }
}

#[cfg(not(feature = "tls"))]
impl Wire {
    pub(super) fn new(_config: &Config) -> Result<Self> {
        Ok(Self)
    }

    pub(super) async fn open(
        &self,
        uri: AMQPUri,
        properties: ConnectionProperties,
    ) -> lapin::Result<Connection> {
        Connection::connect_uri(uri, properties).await
    }
}
