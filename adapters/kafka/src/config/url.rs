//! `kafka://[user:password@]host[:port][,host[:port]…][?key=value&…]`. Several hosts make it a text
//! that is no URL by the book, so that it is taken apart here.

use url::form_urlencoded;
use wingman_core::driver::settings::{Secret, check_login, decoded, number, unknown_key, wrong};
use wingman_core::{Error, Result};

use super::{Compression, Config, Mechanism};

const KEYS: [&str; 15] = [
    "mechanism",
    "tls",
    "ca_file",
    "certificate_file",
    "key_file",
    "reply_millis",
    "confirm_millis",
    "session_millis",
    "heartbeat_millis",
    "revoke_millis",
    "instance",
    "partitions",
    "replicas",
    "compression",
    "payload_bytes_max",
];
const PORT: u16 = 9092;

pub(super) fn parse(text: &str) -> Result<Config> {
    check_login(text)?;
    let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("this is not a URL"))?;
    if scheme != "kafka" {
        return Err(wrong("the scheme is not kafka://").with("scheme", scheme));
    }
    if rest.contains('#') {
        return Err(wrong("a URL of a broker has no #fragment: write # as %23"));
    }
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (login, hosts) = place.rsplit_once('@').unwrap_or(("", place));
    let mut config = Config::default();
    if !login.is_empty() {
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        config.username = Some(decoded("user", user)?);
        config.password = (!password.is_empty())
            .then(|| decoded("password", password))
            .transpose()?
            .map(Secret::new);
    }
    config.servers = servers(hosts.trim_end_matches('/'))?;
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        set(&mut config, &key, &value)?;
    }
    config.check()?;
    Ok(config)
}

/// Each host with a port.
fn servers(hosts: &str) -> Result<String> {
    let server = |host: &str| {
        let (name, port) = match host.rsplit_once(':') {
            // The colons of an address in brackets are its own.
            Some((name, port)) if !port.ends_with(']') => (name, number("port", port)?),
            Some(_) | None => (host, PORT),
        };
        if name.is_empty() || name.contains(['/', ' ']) {
            return Err(wrong("a host is missing: kafka://host:port").with("key", "servers"));
        }
        Ok(format!("{name}:{port}"))
    };
    let servers: Vec<_> = hosts.split(',').map(server).collect::<Result<_>>()?;
    Ok(servers.join(","))
}

fn set(config: &mut Config, key: &str, value: &str) -> Result<()> {
    match key {
        "mechanism" => config.mechanism = mechanism(value)?,
        "tls" => config.tls = yes_or_no("tls", value)?,
        "ca_file" => config.ca_file = Some(value.into()),
        "certificate_file" => config.certificate_file = Some(value.into()),
        "key_file" => config.key_file = Some(value.into()),
        "reply_millis" => config.reply_millis = number("reply_millis", value)?,
        "confirm_millis" => config.confirm_millis = number("confirm_millis", value)?,
        "session_millis" => config.session_millis = number("session_millis", value)?,
        "heartbeat_millis" => config.heartbeat_millis = number("heartbeat_millis", value)?,
        "revoke_millis" => config.revoke_millis = number("revoke_millis", value)?,
        "instance" => config.instance = Some(value.to_owned()),
        "partitions" => config.partitions = Some(number("partitions", value)?),
        "replicas" => config.replicas = Some(number("replicas", value)?),
        "compression" => config.compression = compression(value)?,
        "payload_bytes_max" => config.payload_bytes_max = number("payload_bytes_max", value)?,
        unknown => return Err(unknown_key(unknown, &KEYS)),
    }
    Ok(())
}

fn mechanism(value: &str) -> Result<Mechanism> {
    match value {
        "PLAIN" => Ok(Mechanism::Plain),
        "SCRAM-SHA-256" => Ok(Mechanism::ScramSha256),
        "SCRAM-SHA-512" => Ok(Mechanism::ScramSha512),
        other => Err(none_of("mechanism", other, "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")),
    }
}

fn compression(value: &str) -> Result<Compression> {
    match value {
        "none" => Ok(Compression::None),
        "gzip" => Ok(Compression::Gzip),
        "snappy" => Ok(Compression::Snappy),
        "lz4" => Ok(Compression::Lz4),
        "zstd" => Ok(Compression::Zstd),
        other => Err(none_of("compression", other, "none, gzip, snappy, lz4 or zstd")),
    }
}

fn yes_or_no(key: &'static str, value: &str) -> Result<bool> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(none_of(key, other, "true or false")),
    }
}

fn none_of(key: &'static str, value: &str, known: &'static str) -> Error {
    wrong("not a value of this key").with("key", key).with("value", value).with("use", known)
}

#[cfg(test)]
mod tests {
    use wingman_core::Kind;

    use super::*;

    fn error(url: &str) -> Error {
        let error = parse(url).unwrap_err();
        assert_eq!(error.kind(), Kind::Configuration, "{url}");
        error
    }

    #[test]
    fn every_part_is_read() {
        let url = "kafka://me:p%40ss%2Fword@a:1,b,[::1]:3/?mechanism=PLAIN&tls=true\
            &ca_file=ca.pem&certificate_file=c.pem&key_file=k.pem&reply_millis=1\
            &confirm_millis=2&session_millis=30&heartbeat_millis=4&revoke_millis=5&instance=i\
            &partitions=6&replicas=7&compression=zstd&payload_bytes_max=8";
        let expected = Config {
            servers: "a:1,b:9092,[::1]:3".to_owned(),
            username: Some("me".to_owned()),
            password: Some(Secret::new("p@ss/word")),
            mechanism: Mechanism::Plain,
            tls: true,
            ca_file: Some("ca.pem".into()),
            certificate_file: Some("c.pem".into()),
            key_file: Some("k.pem".into()),
            reply_millis: 1,
            confirm_millis: 2,
            session_millis: 30,
            heartbeat_millis: 4,
            revoke_millis: 5,
            instance: Some("i".to_owned()),
            partitions: Some(6),
            replicas: Some(7),
            compression: Compression::Zstd,
            payload_bytes_max: 8,
        };
        assert_eq!(parse(url).unwrap(), expected);
        assert!(KEYS.iter().all(|key| url.contains(&format!("{key}="))));
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let config = parse("kafka://localhost").unwrap();
        let expected = Config { servers: "localhost:9092".to_owned(), ..Config::default() };
        assert_eq!(config, expected);
        assert_eq!(parse("kafka://[::1]").unwrap().servers, "[::1]:9092");
    }

    #[test]
    fn an_unknown_key_names_the_nearest_and_all() {
        let text = error("kafka://h?reply_milis=1").to_string();
        assert!(text.contains("did you mean reply_millis?"), "{text}");
        assert!(text.contains("payload_bytes_max"), "{text}");
        assert!(!error("kafka://h?zzzzzzzzz=1").to_string().contains("did you mean"));
    }

    #[test]
    fn wrong_parts_are_named() {
        assert_eq!(error("kafka://h?reply_millis=-1").context("key"), Some("reply_millis"));
        assert_eq!(error("kafka://h?reply_millis=0").context("key"), Some("reply_millis"));
        assert_eq!(error("kafka://h?tls=yes").context("key"), Some("tls"));
        assert_eq!(error("kafka://h?compression=zip").context("key"), Some("compression"));
        assert_eq!(error("kafka://h?mechanism=MD5").context("key"), Some("mechanism"));
        assert_eq!(error("kafka://").context("key"), Some("servers"));
        assert_eq!(error("kafka://a,,b").context("key"), Some("servers"));
        assert_eq!(error("kafka://h:port").context("key"), Some("port"));
        assert_eq!(error("redis://h").context("scheme"), Some("redis"));
        assert!(error("kafka://me@h").to_string().contains("password"));
        assert!(error("kafka://h#x").to_string().contains("%23"));
        error("localhost:9092");
    }

    #[test]
    fn a_secret_is_in_no_error() {
        for url in [
            "kafka://me:hunter2@h:port",
            "kafka://me:hunter2@h/x",
            "kafka://me:hunter2@h?no=1",
            "redis://me:hunter2@h",
        ] {
            assert!(!format!("{:?}", error(url)).contains("hunter2"), "{url}");
        }
    }
}
