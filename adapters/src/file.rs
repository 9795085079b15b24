//! Settings in TOML: a table `[broker]` with a `url`, or a `scheme` and the keys of that backend.
//! `${NAME}` in a text is what the environment has under this name; `$${` is `${` itself. In a `url` it
//! is put in percent-encoded.

mod expand;
mod keys;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};
use wingman_core::nearest::nearest;
use wingman_core::{Error, Kind, Result};

use self::expand::{ExpandedUrl, expanded, expanded_url};
use crate::config::{Config, not_here};

const TABLE: &str = "broker";
const URL: &str = "url";
const SCHEME: &str = "scheme";

impl Config {
    /// Reads a file; see [`Config::from_toml`].
    ///
    /// # Errors
    /// Those of [`Config::from_toml`], with the file's name; [`Kind::Configuration`] if it cannot be
    /// read.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let read = std::fs::read_to_string(path).map_err(|error| {
            Error::new(Kind::Configuration, "the file of settings cannot be read").because(error)
        });
        let config = read.and_then(|text| Self::from_toml(&text));
        config.map_err(|error| error.with("file", path.display()))
    }

    /// Reads TOML: a table `[broker]` with a `url`, or with a `scheme` (`kafka`, `amqp[s]`,
    /// `redis[s]`, `sns-sqs`, `pubsub`, `memory`) and fields of that backend's own `Config`. What else the text
    /// holds is somebody else's. `${NAME}` in a text of the table stands for a variable of the
    /// environment. In a `url` it is what it stands for, whatever characters it has: a user, a password,
    /// the path or the value of a key, which are percent-encoded here; a host; or the whole `url`, which
    /// is taken as it is.
    ///
    /// # Errors
    /// [`Kind::Configuration`] names key and line, and for an unknown key the nearest one; a value is
    /// never repeated. [`Kind::Unsupported`] for a scheme whose feature is off.
    pub fn from_toml(text: &str) -> Result<Self> {
        read(text, &|name| std::env::var(name).ok())
    }
}

/// What a variable of the environment holds.
type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

fn read(text: &str, environment: Environment<'_>) -> Result<Config> {
    let at = |error: Error, span: Range<usize>| error.with("line", line(text, span.start));
    let document = DeTable::parse(text).map_err(|error| {
        // The client's own message shows the line, and so perhaps a secret.
        at(wrong("this is not TOML"), error.span().unwrap_or_default())
    })?;
    let Some(broker) = document.into_inner().remove(TABLE) else {
        return Err(wrong("there is no table [broker] in the settings"));
    };
    let span = broker.span();
    let DeValue::Table(mut table) = broker.into_inner() else {
        return Err(at(wrong("broker is a table: write [broker]"), span));
    };
    let mut url = None;
    for (key, value) in table.iter_mut() {
        let place = value.span();
        let DeValue::String(text) = value.get_mut() else { continue };
        let error_at = |error: Error| at(error.with("key", key.get_ref()), place.clone());
        if key.get_ref() == URL {
            url = Some((expanded_url(text, environment).map_err(error_at)?, place));
        } else {
            *text = expanded(text, environment).map_err(error_at)?.into();
        }
    }
    let settings = Settings { text, table: Spanned::new(span.clone(), table) };
    settings.text_of(URL)?;
    match (url, settings.text_of(SCHEME)?) {
        (Some((url, place)), None) => {
            settings.only_url().and_then(|()| of_url(&url).map_err(|error| at(error, place)))
        }
        (None, Some(scheme)) => settings.of_scheme(&scheme),
        (Some(_), Some(_)) => Err(at(wrong("[broker] has a url or a scheme, not both"), span)),
        (None, None) => Err(at(wrong("[broker] needs a url, or a scheme and its keys"), span)),
    }
}

/// An error may repeat the value of a key, and so what a variable held: such a one is not shown.
fn of_url(url: &ExpandedUrl) -> Result<Config> {
    Config::from_url(&url.url).map_err(|error| {
        if !url.is_shown_in(&format!("{error} {error:?}")) {
            return error;
        }
        let why = "what a variable holds does not fit where it stands in the url";
        Error::new(error.kind(), why).with("key", URL)
    })
}

/// The table, expanded.
struct Settings<'a> {
    text: &'a str,
    table: Spanned<DeTable<'a>>,
}

impl Settings<'_> {
    fn text_of(&self, key: &str) -> Result<Option<String>> {
        match self.table.get_ref().get(key) {
            None => Ok(None),
            Some(value) => match value.get_ref().as_str() {
                Some(text) => Ok(Some(text.to_owned())),
                None => Err(self.at(wrong("this key takes a text").with("key", key), value.span())),
            },
        }
    }

    fn only_url(&self) -> Result<()> {
        let mut keys = self.table.get_ref().keys();
        match keys.find(|key| key.get_ref() != URL) {
            None => Ok(()),
            Some(key) => {
                let why = "beside a url there is no key: put it into the url, as ?key=value";
                Err(self.at(wrong(why).with("key", key.get_ref()), key.span()))
            }
        }
    }

    fn of_scheme(mut self, scheme: &str) -> Result<Config> {
        self.table.get_mut().remove(SCHEME);
        match scheme {
            "memory" => self.parse::<Nothing>().map(|Nothing {}| Config::Memory),
            #[cfg(feature = "rabbitmq")]
            "amqp" => self.parse().map(Config::Rabbitmq),
            #[cfg(feature = "rabbitmq")]
            "amqps" => self.over_tls()?.parse().map(Config::Rabbitmq),
            #[cfg(feature = "kafka")]
            "kafka" => self.parse().map(Config::Kafka),
            #[cfg(feature = "pubsub")]
            "pubsub" => self.parse().map(Config::Pubsub),
            #[cfg(feature = "redis")]
            "redis" => self.parse().map(Config::Redis),
            #[cfg(feature = "redis")]
            "rediss" => self.over_tls()?.parse().map(Config::Redis),
            #[cfg(feature = "sns-sqs")]
            "sns-sqs" => self.parse().map(Config::SnsSqs),
            other => Err(not_here(other)),
        }
    }

    /// For a scheme that says it, as in a URL.
    #[cfg(any(feature = "rabbitmq", feature = "redis"))]
    fn over_tls(mut self) -> Result<Self> {
        const TLS: &str = "tls";
        if let Some((key, _)) = self.table.get_ref().get_key_value(TLS) {
            let why = "beside this scheme there is no such key: it is TLS";
            return Err(self.at(wrong(why).with("key", TLS), key.span()));
        }
        let nowhere = self.table.span();
        let (key, value) = (TLS.into(), DeValue::Boolean(true));
        self.table
            .get_mut()
            .insert(Spanned::new(nowhere.clone(), key), Spanned::new(nowhere, value));
        Ok(self)
    }

    fn parse<T: DeserializeOwned>(self) -> Result<T> {
        let known = keys::of::<T>();
        for key in self.table.get_ref().keys() {
            if !known.contains(&key.get_ref().as_ref()) {
                return Err(self.at(unknown(key.get_ref(), known), key.span()));
            }
        }
        let text = self.text;
        let places: Vec<_> = (self.table.get_ref().iter())
            .map(|(key, value)| (key.get_ref().to_string(), value.span()))
            .collect();
        T::deserialize(Deserializer::from(self.table)).map_err(|error| {
            // Its message may repeat the value.
            let span = error.span().unwrap_or_default();
            let of = places.iter().find(|(_, it)| it.start <= span.start && span.end <= it.end);
            let error = wrong("the value does not fit its key");
            let error = match of {
                Some((key, _)) => error.with("key", key),
                None => error,
            };
            error.with("line", line(text, span.start))
        })
    }

    fn at(&self, error: Error, span: Range<usize>) -> Error {
        error.with("line", line(self.text, span.start))
    }
}

/// A backend without settings.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn unknown(key: &str, known: &[&str]) -> Error {
    let all = known.join(", ");
    let why = match nearest(key, known) {
        Some(near) => format!("unknown key in [broker]: did you mean {near}? The keys are {all}"),
        None => format!("unknown key in [broker]: the keys are {all}"),
    };
    Error::new(Kind::Configuration, why).with("key", key)
}

fn wrong(why: &'static str) -> Error {
    Error::new(Kind::Configuration, why)
}

/// The line that a byte stands on, from 1.
fn line(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|it| *it == b'\n').count()
}
