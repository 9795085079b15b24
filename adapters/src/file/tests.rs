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
