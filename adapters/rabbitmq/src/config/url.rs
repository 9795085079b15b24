//! `amqp[s]://[user:password@]host[:port][/vhost][?key=value&…]`.

use url::Url;
use wingman_core::Result;
use wingman_core::driver::settings::{Secret, check_login, decoded, number, unknown_key, wrong};

use super::{Config, Order};

const KEYS: [&str; 11] = [
    "ca_file",
    "certificate_file",
    "key_file",
    "connect_millis",
    "reply_millis",
    "confirm_millis",
    "heartbeat_seconds",
    "prefetch",
    "hold_millis",
    "order",
    "payload_bytes_max",
];

pub(super) fn parse(text: &str) -> Result<Config> {
    check_login(text)?;
    // The native error says where, never what.
    let url = Url::parse(text).map_err(|error| wrong("this is not a URL").because(error))?;
    let tls = match url.scheme() {
        "amqp" => false,
        "amqps" => true,
        other => {
            let error = wrong("the scheme is neither amqp:// nor amqps://");
            return Err(error.with("scheme", other));
        }
    };
    let mut config = Config {
        tls,
        host: url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned(),
        port: url.port(),
        ..Config::default()
    };
    match url.path().strip_prefix('/').unwrap_or_default() {
        "" => {}
        vhost if vhost.contains('/') => {
            return Err(wrong("a / of the virtual host is written %2F").with("part", "vhost"));
        }
        vhost => config.vhost = decoded("vhost", vhost)?,
    }
    if !url.username().is_empty() {
        config.username = decoded("user", url.username())?;
        let Some(password) = url.password() else {
            return Err(wrong("a user without a password: amqp://user:password@host"));
        };
        config.password = Secret::new(decoded("password", password)?);
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
        "confirm_millis" => config.confirm_millis = number("confirm_millis", value)?,
        "heartbeat_seconds" => config.heartbeat_seconds = number("heartbeat_seconds", value)?,
        "prefetch" => config.prefetch = number("prefetch", value)?,
        "hold_millis" => config.hold_millis = number("hold_millis", value)?,
        "order" => config.order = order(value)?,
        "payload_bytes_max" => config.payload_bytes_max = number("payload_bytes_max", value)?,
        unknown => return Err(unknown_key(unknown, &KEYS)),
    }
    Ok(())
}

fn order(value: &str) -> Result<Order> {
    match value {
        "auto" => Ok(Order::Auto),
        "single-active-consumer" => Ok(Order::SingleActiveConsumer),
        other => Err(wrong("not a value of this key")
            .with("key", "order")
            .with("value", other)
            .with("use", "auto or single-active-consumer")),
    }
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
        let url = "amqp://me:p%40ss%2Fword@mq.local:7000/shop%2Feu?connect_millis=1\
            &reply_millis=2&confirm_millis=3&heartbeat_seconds=4&prefetch=5&hold_millis=6\
            &order=single-active-consumer&payload_bytes_max=7";
        let expected = Config {
            host: "mq.local".to_owned(),
            port: Some(7000),
            vhost: "shop/eu".to_owned(),
            username: "me".to_owned(),
            password: Secret::new("p@ss/word"),
            connect_millis: 1,
            reply_millis: 2,
            confirm_millis: 3,
            heartbeat_seconds: 4,
            prefetch: 5,
            hold_millis: 6,
            order: Order::SingleActiveConsumer,
            payload_bytes_max: 7,
            ..Config::default()
        };
        assert_eq!(parse(url).unwrap(), expected);
        assert!(KEYS[3..].iter().all(|key| url.contains(&format!("{key}="))));
    }

    #[cfg(feature = "tls")]
    #[test]
    fn the_files_of_tls_are_read() {
        let url = "amqps://h?ca_file=ca.pem&certificate_file=c.pem&key_file=%2Fetc%2Fk.pem";
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
        let expected = Config { host: "localhost".to_owned(), ..Config::default() };
        for url in ["amqp://localhost", "amqp://localhost/", "amqp://localhost/%2F"] {
            assert_eq!(parse(url).unwrap(), expected, "{url}");
        }
        assert_eq!(parse("amqp://[::1]").unwrap().host, "::1");
    }

    #[test]
    fn an_unknown_key_names_the_nearest_and_all() {
        let text = error("amqp://h?reply_milis=1").to_string();
        assert!(text.contains("did you mean reply_millis?"), "{text}");
        assert!(text.contains("payload_bytes_max"), "{text}");
    }

    #[test]
    fn wrong_parts_are_named() {
        assert_eq!(error("amqp://h?prefetch=70000").context("key"), Some("prefetch"));
        assert_eq!(error("amqp://h?prefetch=0").context("key"), Some("prefetch"));
        assert_eq!(error("amqp://h?order=yes").context("key"), Some("order"));
        assert_eq!(error("amqp://h/a/b").context("part"), Some("vhost"));
        assert_eq!(error("amqp://").context("key"), Some("host"));
        assert_eq!(error("redis://h").context("scheme"), Some("redis"));
        assert!(error("amqp://me@h").to_string().contains("password"));
        assert!(error("amqp://h#x").to_string().contains("%23"));
        assert_eq!(error("amqp://h?ca_file=x").context("key"), Some("ca_file"));
        #[cfg(not(feature = "tls"))]
        assert_eq!(parse("amqps://h").unwrap_err().kind(), Kind::Unsupported);
    }

    #[test]
    fn a_secret_is_in_no_error() {
        for url in
            ["amqp://me:hunter2@h:port", "amqp://me:hunter2@h/a/b", "amqp://me:hunter2@h?no=1"]
        {
            assert!(!format!("{:?}", error(url)).contains("hunter2"), "{url}");
        }
    }
}
