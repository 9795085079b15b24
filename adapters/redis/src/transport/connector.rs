//! Opens connections, checks each server that it reaches, and shares one for short commands.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::{
    Client, ConnectionAddr, ConnectionInfo, InfoDict, IntoConnectionInfo, ProtocolVersion,
    RedisConnectionInfo, RedisError,
};
#[cfg(feature = "tls")]
use redis::{ClientTlsConfig, TlsCertificates};
use tokio::sync::Mutex;
#[cfg(feature = "tls")]
use wingman_core::driver::tls;
use wingman_core::driver::tls::NO_WORD;
use wingman_core::transport::Product;
use wingman_core::{Error, Kind, Result};

use super::connection::Connection;
use super::server::{inspect, product};
use crate::config::Config;
use crate::error::{Doing, from_native};

#[derive(Debug)]
pub(crate) struct Connector {
    client: Client,
    connect_time: Duration,
    reply_time: Duration,
    shared: Mutex<Option<Connection>>,
    /// Whether the server that was reached last keeps an append-only file.
    keeps_a_log: AtomicBool,
}

impl Connector {
    pub(super) fn new(config: &Config) -> Result<Self> {
        let address = if config.tls {
            ConnectionAddr::TcpTls {
                host: config.host.clone(),
                port: config.port,
                insecure: false,
                tls_params: None,
            }
        } else {
            ConnectionAddr::Tcp(config.host.clone(), config.port)
        };
        // RESP3 is what tells of a lost connection as soon as it is lost.
        let mut login = RedisConnectionInfo::default()
            .set_protocol(ProtocolVersion::RESP3)
            .set_lib_name("wingman", env!("CARGO_PKG_VERSION"))
            .set_db(config.database.into());
        if let Some(username) = &config.username {
            login = login.set_username(username);
        }
        if let Some(password) = &config.password {
            login = login.set_password(password.expose());
        }
        let info = address.into_connection_info().map_err(native)?.set_redis_settings(login);
        Ok(Self {
            client: client(config, info)?,
            connect_time: config.connect_time(),
            reply_time: config.reply_time(),
            shared: Mutex::default(),
            keeps_a_log: AtomicBool::new(false),
        })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn keeps_a_log(&self) -> bool {
        self.keeps_a_log.load(Ordering::Relaxed)
    }

    /// A connection of the caller's own, to a server that was found fit.
    pub(crate) async fn open(&self) -> Result<Connection> {
        self.open_blocking(Duration::ZERO).await
    }

    /// The same, for commands that block for as long as this.
    pub(crate) async fn open_blocking(&self, block: Duration) -> Result<Connection> {
        let reply_time = self.reply_time + block;
        let open = Connection::open(&self.client, self.connect_time, reply_time);
        // The native limit does not cover the handshake.
        let connection = tokio::time::timeout(self.connect_time, open)
            .await
            .map_err(|_| Error::new(Kind::Unavailable, NO_WORD))?
            .map_err(|error| error.with("address", self.client.get_connection_info().addr()))?;
        let info: InfoDict =
            connection.command((Doing::Reading, "connect"), &redis::cmd("INFO")).await?;
        let server = inspect(&info)?;
        self.keeps_a_log.store(server.keeps_a_log, Ordering::Relaxed);
        Ok(connection)
    }

    /// The connection for short commands; a lost one is replaced.
    pub(crate) async fn shared(&self) -> Result<Connection> {
        let mut shared = self.shared.lock().await;
        if let Some(connection) = shared.as_ref().filter(|one| !one.health().is_lost()) {
            return Ok(connection.clone());
        }
        let connection = self.open().await?;
        *shared = Some(connection.clone());
        Ok(connection)
    }

    /// What the server says that it is.
    pub(super) async fn product(&self) -> Result<Product> {
        let connection = self.shared().await?;
        let info: InfoDict =
            connection.command((Doing::Reading, "product"), &redis::cmd("INFO")).await?;
        Ok(product(&info))
    }

    /// Ends the shared connection once nobody uses it any more.
    pub(super) async fn close(&self) {
        *self.shared.lock().await = None;
    }
}

#[cfg(feature = "tls")]
fn client(config: &Config, info: ConnectionInfo) -> Result<Client> {
    if !config.tls {
        return Client::open(info).map_err(native);
    }
    let pem = config.files().read()?;
    // Files that hold nothing usable are named by their key; the client takes the rest as it stands.
    tls::client(&pem)?;
    let own = pem.own.map(|(client_cert, client_key)| ClientTlsConfig { client_cert, client_key });
    let certificates = TlsCertificates { client_tls: own, root_cert: pem.ca };
    Client::build_with_tls(info, certificates).map_err(native)
}

#[cfg(not(feature = "tls"))]
fn client(_config: &Config, info: ConnectionInfo) -> Result<Client> {
    Client::open(info).map_err(native)
}

fn native(error: RedisError) -> Error {
    from_native(Doing::Connecting, "connect", error)
}
