//! What is to be measured, from the command line and the environment.

use std::path::PathBuf;

/// Places: the name that selects one, its heading, and the variable with its URL, where it needs one.
const PLACES: [(&str, &str, Option<&str>); 6] = [
    ("memory", "Memory", None),
    ("redis", "Redis", Some("WINGMAN_REDIS_URL")),
    ("kafka", "Kafka", Some("WINGMAN_KAFKA_URL")),
    ("rabbitmq", "RabbitMQ", Some("WINGMAN_RABBITMQ_URL")),
    ("sns-sqs", "SNS and SQS", Some("WINGMAN_SNS_SQS_URL")),
    ("pubsub", "Pub/Sub", Some("WINGMAN_PUBSUB_URL")),
];
/// The heading of the bare database's table, which is always measured.
const LEDGER: &str = "ledger";

pub(crate) enum Arguments {
    Measure(Vec<Measured>),
    Write(Vec<Measured>, PathBuf),
    Profile(Vec<String>),
}

pub(crate) struct Measured {
    /// For people.
    pub(crate) name: &'static str,
    pub(crate) url: String,
}

impl Arguments {
    /// # Errors
    /// A text that says what is wrong.
    pub(crate) fn read(words: impl Iterator<Item = String>) -> Result<Self, String> {
        // Cargo adds a word of its own.
        let mut words = words.filter(|word| word != "--bench");
        let (mut names, mut file) = (Vec::new(), None);
        while let Some(word) = words.next() {
            match word.as_str() {
                "profile" => return Ok(Self::Profile(words.collect())),
                "--write" => file = Some(words.next().ok_or("--write takes a file")?),
                _ => names.push(word),
            }
        }
        let measured = places(&names)?;
        match file {
            Some(_) if !names.is_empty() => {
                Err("the document has everything in it: --write takes no names".to_owned())
            }
            Some(file) => Ok(Self::Write(measured, file.into())),
            None => Ok(Self::Measure(measured)),
        }
    }
}

fn places(names: &[String]) -> Result<Vec<Measured>, String> {
    let is_known = |name: &&String| *name == LEDGER || PLACES.iter().any(|(it, ..)| it == *name);
    if let Some(name) = names.iter().find(|name| !is_known(name)) {
        let known: Vec<_> = PLACES.iter().map(|(name, ..)| *name).collect();
        return Err(format!("there is no {name}: there are {LEDGER} {}", known.join(" ")));
    }
    let is_chosen = |name: &str| names.is_empty() || names.iter().any(|it| it == name);
    let chosen = PLACES.iter().filter(|(name, ..)| is_chosen(name));
    let measured = chosen.map(|(_, name, variable)| {
        let url = match variable {
            None => "memory://".to_owned(),
            Some(variable) => std::env::var(variable).map_err(|_| {
                format!("{variable} is not set: see `brokers.sh urls`, or rates.sh")
            })?,
        };
        Ok(Measured { name, url })
    });
    measured.collect()
}
