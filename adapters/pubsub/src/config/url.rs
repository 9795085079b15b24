//! `pubsub://project[?key=value&…]`.

use url::Url;
use wingman_core::Result;
use wingman_core::driver::settings::{check_login, number, unknown_key, wrong};

use super::Config;

const KEYS: [&str; 4] = ["emulator", "reply_millis", "payload_bytes_max", "hold_seconds_max"];

pub(super) fn parse(text: &str) -> Result<Config> {
    check_login(text)?;
    let url = Url::parse(text).map_err(|error| wrong("this is not a URL").because(error))?;
    if url.scheme() != "pubsub" {
        return Err(wrong("the scheme is not pubsub://").with("scheme", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let why = "credentials do not stand in the URL: they are found as Google's libraries do, \
                   see GOOGLE_APPLICATION_CREDENTIALS";
        return Err(wrong(why));
    }
    if url.port().is_some() {
        let why = "a project has no port: an emulator is named by ?emulator=host:port";
        return Err(wrong(why));
    }
    if !matches!(url.path(), "" | "/") {
        return Err(wrong("nothing stands behind the project's id").with("path", url.path()));
    }
    if url.fragment().is_some() {
        return Err(wrong("a URL of a broker has no #fragment: write # as %23"));
    }
    let project = url.host_str().unwrap_or_default().to_owned();
    let mut config = Config { project, ..Config::default() };
    for (key, value) in url.query_pairs() {
        set(&mut config, &key, &value)?;
    }
    config.check()?;
    Ok(config)
}

fn set(config: &mut Config, key: &str, value: &str) -> Result<()> {
    match key {
        "emulator" => config.emulator = Some(value.to_owned()),
        "reply_millis" => config.reply_millis = number("reply_millis", value)?,
        "payload_bytes_max" => config.payload_bytes_max = number("payload_bytes_max", value)?,
        "hold_seconds_max" => config.hold_seconds_max = number("hold_seconds_max", value)?,
        unknown => return Err(unknown_key(unknown, &KEYS)),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use wingman_core::Kind;

    use super::*;

    #[test]
    fn every_part_is_read() {
        let url = "pubsub://shop-7?emulator=127.0.0.1:8085&reply_millis=2&payload_bytes_max=9&hold_seconds_max=3";
        let expected = Config {
            project: "shop-7".to_owned(),
            emulator: Some("127.0.0.1:8085".to_owned()),
            reply_millis: 2,
            payload_bytes_max: 9,
            hold_seconds_max: 3,
        };
        assert_eq!(parse(url).unwrap(), expected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (url, part) in [
            ("pubsub://", "project"),
            ("redis://shop", "pubsub://"),
            ("pubsub://me:hunter2@shop", "GOOGLE_APPLICATION_CREDENTIALS"),
            ("pubsub://shop:8085", "?emulator=host:port"),
            ("pubsub://shop/topic", "/topic"),
            ("pubsub://shop?emulatr=x:1", "did you mean emulator?"),
            ("pubsub://shop?reply_millis=soon", "reply_millis"),
            ("pubsub://shop#x", "%23"),
        ] {
            let error = parse(url).unwrap_err();
            assert_eq!(error.kind(), Kind::Configuration, "{url}");
            let text = error.to_string();
            assert!(text.contains(part) && !text.contains("hunter2"), "{url}: {text}");
        }
    }
}
