//! What connections run over: TCP, and with the feature `tls` also TLS, with settings of our own in place
//! of the client's, so that its errors say on every broker the same.

use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties};
use wingman_core::Result;

use super::greeting;
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
            let plain = lapin::AsyncTcpStream::connect(&runtime, addresses(&uri).await?).await?;
            Ok(plain.into_rustls(&tls, &authority.host).await?)
        };
        let runtime = lapin::runtime::default_runtime()?;
        Connection::connector(uri, runtime, dial, properties).await
    }

    /// What the server says first on a connection, which is given up then.
    pub(super) async fn greeting(&self, uri: &AMQPUri) -> lapin::Result<Vec<u8>> {
        let runtime = lapin::runtime::default_runtime()?;
        let plain = lapin::AsyncTcpStream::connect(&runtime, addresses(uri).await?).await?;
        Ok(match &self.0 {
            Some(tls) => greeting::ask(plain.into_rustls(tls, &uri.authority.host).await?).await?,
            None => greeting::ask(plain).await?,
        })
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

    /// What the server says first on a connection, which is given up then.
    pub(super) async fn greeting(&self, uri: &AMQPUri) -> lapin::Result<Vec<u8>> {
        let runtime = lapin::runtime::default_runtime()?;
        let plain = lapin::AsyncTcpStream::connect(&runtime, addresses(uri).await?).await?;
        Ok(greeting::ask(plain).await?)
    }
}

async fn addresses(uri: &AMQPUri) -> std::io::Result<Vec<std::net::SocketAddr>> {
    let authority = &uri.authority;
    Ok(tokio::net::lookup_host((&*authority.host, authority.port)).await?.collect())
}
