//! `redis://[user:password@]host[:port][/database][?key=value&…]`.

use url::Url;
use wingman_core::Result;
use wingman_core::driver::settings::{Secret, check_login, decoded, number, unknown_key, wrong};

use super::Config;

const KEYS: [&str; 6] = [
    "ca_file",
    "certificate_file",
    "key_file",
    "connect_millis",
    "reply_millis",
    "payload_bytes_max",
];

pub(super) fn parse(text: &str) -> Result<Config> {
    check_login(text)?;
    // The native error says where, never what.
    let url = Url::parse(text).map_err(|error| wrong("this is not a URL").because(error))?;
    let mut config = Config {
        tls: match url.scheme() {
            "redis" => false,
            "rediss" => true,
            other => {
                let error = wrong("the scheme is neither redis:// nor rediss://");
                return Err(error.with("scheme", other));
            }
        },
        host: url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned(),
        ..Config::default()
    };
    if let Some(port) = url.port() {
        config.port = port;
    }
    match url.path().trim_start_matches('/') {
        "" => {}
        database => config.database = number("database", database)?,
    }
    if !url.username().is_empty() {
        config.username = Some(decoded("user", url.username())?);
    }
    if let Some(password) = url.password() {
        config.password = Some(Secret::new(decoded("password", password)?));
    }
    if url.fragment().is_some() {
        return Err(wrong("a URL of a broker has no #fragment: write # as %23"));
    }
    for (key, value) in url.query_pairs() {
        set(&mut config, &key, &value)?;
    }
    config.check()?;
    Ok(config)
}

fn set(config: &mut Config, key: &str, value: &str) -> Result<()> {
    match key {
        "ca_file" => config.ca_file = Some(value.into()),
        "certificate_file" => config.certificate_file = Some(value.into()),
        "key_file" => config.key_file = Some(value.into()),
        "connect_millis" => config.connect_millis = number("connect_millis", value)?,
        "reply_millis" => config.reply_millis = number("reply_millis", value)?,
        "payload_bytes_max" => config.payload_bytes_max = number("payload_bytes_max", value)?,
        unknown => return Err(unknown_key(unknown, &KEYS)),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use wingman_core::{Error, Kind};

    use super::*;

    fn error(url: &str) -> Error {
        let error = parse(url).unwrap_err();
        assert_eq!(error.kind(), Kind::Configuration, "{url}");
        error
    }

    #[test]
    fn every_part_is_read() {
        let url = "redis://me:p%40ss%2Fword@redis.local:7000/3?connect_millis=1&reply_millis=2&payload_bytes_max=9";
        let expected = Config {
            host: "redis.local".to_owned(),
            port: 7000,
            database: 3,
            username: Some("me".to_owned()),
            password: Some(Secret::new("p@ss/word")),
            connect_millis: 1,
            reply_millis: 2,
            payload_bytes_max: 9,
            ..Config::default()
        };
        assert_eq!(parse(url).unwrap(), expected);
    }

    #[cfg(feature = "tls")]
    #[test]
    fn the_files_of_tls_are_read() {
        let url = "rediss://h?ca_file=ca.pem&certificate_file=c.pem&key_file=%2Fetc%2Fk.pem";
        let expected = Config {
            host: "h".to_owned(),
            tls: true,
            ca_file: Some("ca.pem".into()),
            certificate_file: Some("c.pem".into()),
            key_file: Some("/etc/k.pem".into()),
            ..Config::default()
        };
        assert_eq!(parse(url).unwrap(), expected);
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let config = parse("redis://localhost").unwrap();
        let expected = Config { host: "localhost".to_owned(), ..Config::default() };
        assert_eq!(config, expected);
        assert_eq!(parse("redis://:pw@localhost/").unwrap().username, None);
        assert_eq!(parse("redis://[::1]:7").unwrap().host, "::1");
    }

    #[test]
    fn an_unknown_key_names_the_nearest_and_all() {
        let text = error("redis://h?reply_milis=1").to_string();
        assert!(text.contains("did you mean reply_millis?"), "{text}");
        assert!(text.contains("payload_bytes_max"), "{text}");
        assert!(!error("redis://h?zzzzzzzzz=1").to_string().contains("did you mean"));
    }

    #[test]
    fn wrong_parts_are_named() {
        assert_eq!(error("redis://h/one").context("key"), Some("database"));
        assert_eq!(error("redis://h?reply_millis=-1").context("key"), Some("reply_millis"));
        assert_eq!(error("redis://h?reply_millis=0").context("key"), Some("reply_millis"));
        assert_eq!(error("redis://").context("key"), Some("host"));
        assert_eq!(error("redis://h?ca_file=x").context("key"), Some("ca_file"));
        assert_eq!(error("kafka://h").context("scheme"), Some("kafka"));
        assert!(error("redis://me@h").to_string().contains("password"));
        assert!(error("redis://h#x").to_string().contains("%23"));
        error("redis://h:port");
    }

    #[test]
    fn a_secret_is_in_no_error() {
        for url in [
            "redis://me:hunter2@h:port",
            "redis://me:hunter2@h/x",
            "redis://me:hunter2@h?no=1",
            "kafka://me:hunter2@h",
        ] {
            assert!(!format!("{:?}", error(url)).contains("hunter2"), "{url}");
        }
    }
}
