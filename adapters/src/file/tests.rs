//! A file is read with its variables, and what is wrong in it is named with its line and not shown.

use super::*;

fn set(name: &str) -> Option<String> {
    match name {
        "HOST" => Some("mq.local".to_owned()),
        "SECRET" => Some("hunter2\"${HOST}".to_owned()),
        _ => None,
    }
}

fn refused(text: &str) -> Error {
    read(text, &set).expect_err(text)
}

#[test]
fn a_url_is_taken_with_its_variables() {
    let text = "[other]\nkey = 1\n[broker]\nurl = \"memory://\"\n";
    assert_eq!(read(text, &set).unwrap(), Config::Memory);
    assert_eq!(read("[broker]\nscheme = \"memory\"", &set).unwrap(), Config::Memory);
}

#[test]
fn what_is_missing_or_too_much_is_said_with_its_line() {
    for (text, part, line) in [
        ("a = 1", "[broker]", None),
        ("\nbroker = 1", "write [broker]", Some("2")),
        ("[broker]\n", "url", Some("1")),
        ("[broker]\nurl = \"memory://\"\nscheme = \"memory\"", "not both", Some("1")),
        ("[broker]\nurl = \"memory://\"\n\nport = 1", "?key=value", Some("4")),
        ("[broker]\nurl = 1", "takes a text", Some("2")),
        ("[broker]\nscheme = \"memory\"\nhost = \"a\"", "unknown key", Some("3")),
        ("[broker]\nurl = \"a", "not TOML", Some("2")),
        ("[broker]\nscheme = \"reddis\"", "did you mean redis", None),
    ] {
        let error = refused(text);
        assert_eq!(error.kind(), Kind::Configuration, "{error}");
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!(error.context("line"), line, "{error}");
    }
}

#[test]
fn variables_are_named_when_they_are_missing() {
    let error = refused("[broker]\nscheme = \"memory\"\nhost = \"${NO_SUCH}\"");
    assert_eq!(error.context("variable"), Some("NO_SUCH"));
    assert_eq!((error.context("key"), error.context("line")), (Some("host"), Some("3")));
    for text in ["${HOST", "${}", "${a b}"] {
        assert!(expanded(text, &set).is_err(), "{text}");
    }
    let whole = expanded("a${HOST}:$${x} $5 ${SECRET}", &set).unwrap();
    assert_eq!(whole, "amq.local:${x} $5 hunter2\"${HOST}");
}

#[cfg(feature = "redis")]
#[test]
fn the_keys_of_a_backend_are_its_own_and_secrets_are_not_shown() {
    let text = "[broker]\nscheme = \"redis\"\nhost = \"${HOST}\"\nusername = \"me\"\n\
        password = \"${SECRET}\"\nreply_millis = 9\n";
    let Config::Redis(config) = read(text, &set).unwrap() else { panic!("another backend") };
    assert_eq!((config.host.as_str(), config.reply_millis), ("mq.local", 9));
    assert_eq!(config.password.as_ref().map(|it| it.expose()), Some("hunter2\"${HOST}"));
    assert!(!format!("{:?}", Config::Redis(config)).contains("hunter2"));

    let error = refused("[broker]\nscheme = \"redis\"\nca_flie = \"ca.pem\"");
    assert!(error.to_string().contains("did you mean ca_file?"), "{error}");
    let error = refused("[broker]\nscheme = \"redis\"\nhost = \"a\"\npasword = \"hunter2\"");
    assert!(error.to_string().contains("did you mean password?"), "{error}");
    assert_eq!((error.context("key"), error.context("line")), (Some("pasword"), Some("4")));
    let error = refused("[broker]\nscheme = \"redis\"\n\nport = \"${SECRET}\"");
    assert_eq!((error.context("key"), error.context("line")), (Some("port"), Some("4")));
    for text in [
        "[broker]\nscheme = \"redis\"\nport = \"hunter2\"",
        "[broker]\nscheme = \"redis\"\npasword = \"hunter2\"",
        "[broker]\nurl = \"hunter2\"",
        "[broker]\nurl = \"redis://me:hunter2@h?no=1\"",
        "[broker]\npassword = \"hunter2",
    ] {
        let error = refused(text);
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

#[cfg(feature = "rabbitmq")]
#[test]
fn a_scheme_says_tls_as_it_does_in_a_url() {
    let beside =
        "host = \"mq\"\nca_file = \"ca.pem\"\ncertificate_file = \"c.pem\"\nkey_file = \"k.pem\"";
    let of = |scheme: &str| read(&format!("[broker]\nscheme = \"{scheme}\"\n{beside}"), &set);
    let Config::Rabbitmq(config) = of("amqps").unwrap() else { panic!("another backend") };
    assert!(config.tls && config.ca_file.is_some() && config.key_file.is_some());
    let Config::Rabbitmq(plain) = of("amqp").unwrap() else { panic!("another backend") };
    assert!(!plain.tls);
    #[cfg(feature = "rabbitmq-tls")]
    {
        let url = "amqps://mq?ca_file=ca.pem&certificate_file=c.pem&key_file=k.pem";
        assert_eq!(Config::from_url(url).unwrap(), Config::Rabbitmq(config));
    }
    let error = refused("[broker]\nscheme = \"amqps\"\ntls = false");
    assert_eq!((error.context("key"), error.context("line")), (Some("tls"), Some("3")));
}

#[test]
fn a_variable_means_the_same_wherever_it_stands_in_a_url() {
    let environment = |name: &str| {
        let value = match name {
            "HOSTS" => "a:1,[::1]:2",
            "PASSWORD" => "p?s/w@r#d:%&=+ ü",
            "URL" => "redis://me:p%3Fw@h",
            "LOGIN" => "me:hunter2@evil",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let url = |text: &str| expanded_url(text, &environment).map(|it| it.url);
    let encoded = "p%3Fs%2Fw%40r%23d%3A%25%26%3D%2B%20%C3%BC";
    for (text, whole) in [
        ("x://me:${PASSWORD}@${HOSTS}", format!("x://me:{encoded}@a:1,[::1]:2")),
        ("x://${PASSWORD}:$${@h", format!("x://{encoded}:${{@h")),
        ("x://h/${PASSWORD}?a=${PASSWORD}", format!("x://h/{encoded}?a={encoded}")),
        (
            "x://h?a=1&b=${PASSWORD}@${HOSTS}",
            format!("x://h?a=1&b={encoded}@a%3A1%2C%5B%3A%3A1%5D%3A2"),
        ),
        ("${URL}", "redis://me:p%3Fw@h".to_owned()),
        ("${URL}?a=${PASSWORD}", format!("redis://me:p%3Fw@h?a={encoded}")),
    ] {
        assert_eq!(url(text).unwrap(), whole);
    }
    for (text, part) in
        [("x://${LOGIN}", "host"), ("x://h?${LOGIN}", "?key="), ("x://h?a=1&${LOGIN}", "?key=")]
    {
        let error = url(text).unwrap_err();
        assert_eq!((error.kind(), error.context("variable")), (Kind::Configuration, Some("LOGIN")));
        let text = error.to_string();
        assert!(text.contains(part) && !text.contains("hunter2"), "{text}");
    }
}

/// Passwords as generators make them: each of these characters ends a part of a URL.
#[cfg(all(
    feature = "kafka",
    feature = "pubsub",
    feature = "rabbitmq",
    feature = "redis",
    feature = "sns-sqs"
))]
#[test]
fn a_secret_of_any_characters_is_itself_in_a_url_and_is_in_no_error() {
    for secret in
        ["9?hunter2", "9/hunter2", "9@hunter2", "9#hunter2", "9:hunter2", "%41&hunter2=+ "]
    {
        let environment = |name: &str| (name == "SECRET").then(|| secret.to_owned());
        let of = |url: &str| read(&format!("[broker]\nurl = \"{url}\""), &environment);
        let password = |url: &str| match of(url).unwrap() {
            Config::Kafka(it) => (it.servers, it.password.map(|it| it.expose().to_owned())),
            Config::Rabbitmq(it) => (it.host, Some(it.password.expose().to_owned())),
            Config::Redis(it) => (it.host, it.password.map(|it| it.expose().to_owned())),
            Config::SnsSqs(it) => {
                (it.region.unwrap_or_default(), it.secret_key.map(|it| it.expose().to_owned()))
            }
            other => panic!("{other:?} has no password"),
        };
        let expected = |host: &str| (host.to_owned(), Some(secret.to_owned()));
        assert_eq!(password("kafka://me:${SECRET}@h:1"), expected("h:1"));
        assert_eq!(password("amqp://me:${SECRET}@h/v"), expected("h"));
        assert_eq!(password("redis://me:${SECRET}@h/3"), expected("h"));
        let keys = "access_key=me&secret_key=${SECRET}";
        assert_eq!(password(&format!("sns-sqs://us-east-1?{keys}")), expected("us-east-1"));
        // Where a secret does not belong, or is wrong beside something that is.
        for url in [
            "kafka://me:${SECRET}@h:1?no=1",
            "kafka://${SECRET}",
            "kafka://h:${SECRET}",
            "kafka://h?tls=${SECRET}",
            "redis://h/${SECRET}",
            "redis://h?reply_millis=${SECRET}",
            "redis://h?${SECRET}=1",
            "amqp://${SECRET}@h",
            "amqp://h?order=${SECRET}",
            "pubsub://shop/${SECRET}",
            "pubsub://${SECRET}",
            "sns-sqs://us-east-1?fifo=${SECRET}",
            "sns-sqs://us-east-1?endpoint=${SECRET}",
        ] {
            let Err(error) = of(url) else { continue };
            assert_eq!(
                (error.kind(), error.context("line")),
                (Kind::Configuration, Some("2")),
                "{url}"
            );
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{url}: {error:?}");
        }
    }
}
