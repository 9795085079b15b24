//! `sns-sqs://[region][?key=value&…]`.

use url::Url;
use wingman_core::Result;
use wingman_core::driver::settings::{Secret, check_login, number, unknown_key, wrong};

use super::Config;

const KEYS: [&str; 11] = [
    "endpoint",
    "account",
    "profile",
    "access_key",
    "secret_key",
    "session_token",
    "fifo",
    "raw",
    "connect_millis",
    "reply_millis",
    "payload_bytes_max",
];

pub(super) fn parse(text: &str) -> Result<Config> {
    check_login(text)?;
    // The native error says where, never what.
    let url = Url::parse(text).map_err(|error| wrong("this is not a URL").because(error))?;
    if url.scheme() != "sns-sqs" {
        return Err(wrong("the scheme is not sns-sqs://").with("scheme", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("credentials are given as ?access_key=…&secret_key=…, not before an @"));
    }
    if url.port().is_some() || !matches!(url.path(), "" | "/") {
        let why = "the URL names a region, without port and path: a server is given as ?endpoint=http://host:port";
        return Err(wrong(why));
    }
    if url.fragment().is_some() {
        return Err(wrong("a URL of a broker has no #fragment: write # as %23"));
    }
    let region = url.host_str().filter(|host| !host.is_empty()).map(str::to_owned);
    let mut config = Config { region, ..Config::default() };
    for (key, value) in url.query_pairs() {
        set(&mut config, &key, &value)?;
    }
    config.check()?;
    Ok(config)
}

fn set(config: &mut Config, key: &str, value: &str) -> Result<()> {
    let text = || Some(value.to_owned());
    match key {
        "endpoint" => config.endpoint = text(),
        "account" => config.account = text(),
        "profile" => config.profile = text(),
        "access_key" => config.access_key = text(),
        "secret_key" => config.secret_key = Some(Secret::new(value)),
        "session_token" => config.session_token = Some(Secret::new(value)),
        "fifo" => config.fifo = yes_or_no("fifo", value)?,
        "raw" => config.raw = yes_or_no("raw", value)?,
        "connect_millis" => config.connect_millis = number("connect_millis", value)?,
        "reply_millis" => config.reply_millis = number("reply_millis", value)?,
        "payload_bytes_max" => config.payload_bytes_max = number("payload_bytes_max", value)?,
        unknown => return Err(unknown_key(unknown, &KEYS)),
    }
    Ok(())
}

fn yes_or_no(key: &'static str, value: &str) -> Result<bool> {
    value.parse().map_err(|_| wrong("neither true nor false").with("key", key).with("value", value))
}

/// Whether an endpoint is one that both clients can use.
pub(super) fn check_endpoint(endpoint: &str) -> Result<()> {
    let wrong = |message| wrong(message).with("key", "endpoint");
    let url = Url::parse(endpoint).map_err(|error| {
        wrong("an endpoint is a URL: http://host:port or https://host").because(error)
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("an endpoint is a URL: http://host:port or https://host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("credentials are given as ?access_key=…&secret_key=…, not before an @"));
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
        let url = "sns-sqs://us-east-1?endpoint=http://127.0.0.1:4566&account=000000000000\
                   &access_key=me&secret_key=p%40ss&session_token=t&fifo=false&raw=false\
                   &connect_millis=1&reply_millis=2&payload_bytes_max=9";
        let text = |text: &str| Some(text.to_owned());
        let expected = Config {
            region: text("us-east-1"),
            endpoint: text("http://127.0.0.1:4566"),
            account: text("000000000000"),
            profile: None,
            access_key: text("me"),
            secret_key: Some(Secret::new("p@ss")),
            session_token: Some(Secret::new("t")),
            fifo: false,
            raw: false,
            connect_millis: 1,
            reply_millis: 2,
            payload_bytes_max: 9,
        };
        assert_eq!(parse(url).unwrap(), expected);
        assert_eq!(parse("sns-sqs://eu-west-1?profile=work").unwrap().profile, text("work"));
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        for url in ["sns-sqs://", "sns-sqs:///", "sns-sqs://?fifo=true"] {
            assert_eq!(parse(url).unwrap(), Config::default(), "{url}");
        }
    }

    #[test]
    fn an_unknown_key_names_the_nearest_and_all() {
        let text = error("sns-sqs://us-east-1?endpiont=x").to_string();
        assert!(text.contains("did you mean endpoint?"), "{text}");
        assert!(text.contains("payload_bytes_max"), "{text}");
    }

    #[test]
    fn wrong_parts_are_named() {
        assert!(error("sns-sqs://127.0.0.1:4566").to_string().contains("endpoint"));
        assert_eq!(error("sns-sqs://localhost").context("key"), Some("region"));
        assert_eq!(error("sns-sqs://eu-west-1?fifo=yes").context("key"), Some("fifo"));
        assert_eq!(
            error("sns-sqs://eu-west-1?reply_millis=x").context("key"),
            Some("reply_millis")
        );
        assert_eq!(error("sns-sqs://eu-west-1?endpoint=ftp://h").context("key"), Some("endpoint"));
        assert_eq!(error("sqs://eu-west-1").context("scheme"), Some("sqs"));
        assert!(error("sns-sqs://eu-west-1/orders").to_string().contains("path"));
        assert!(error("sns-sqs://eu-west-1#x").to_string().contains("%23"));
    }

    #[test]
    fn a_secret_is_in_no_error() {
        for url in [
            "sns-sqs://me:hunter2@eu-west-1",
            "sns-sqs://eu-west-1?secret_key=hunter2",
            "sns-sqs://eu-west-1?access_key=a&secret_key=hunter2&no=1",
            "sns-sqs://eu-west-1?session_token=hunter2",
            "sns-sqs://eu-west-1?endpoint=http://me:hunter2@h",
            "sqs://me:hunter2@h",
        ] {
            assert!(!format!("{:?}", error(url)).contains("hunter2"), "{url}");
        }
    }
}
