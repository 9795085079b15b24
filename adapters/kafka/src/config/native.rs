//! The client's own settings for ours. Their meaning: librdkafka, CONFIGURATION.md.

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

use super::{CLIENT_BYTES_MAX, Compression, Config, Mechanism};

/// What a client is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role<'a> {
    /// Topology, and asking.
    Admin,
    /// Publishing.
    Producer,
    /// Asking and committing for a group without being a member of it.
    Observer { group: &'a str },
    /// A member of a group.
    Member { group: &'a str },
}

impl Config {
    /// The client's settings for publishing, to make a producer of one's own that sends as we do.
    pub fn producer_settings(&self) -> ClientConfig {
        self.native(Role::Producer)
    }

    /// The client's settings for a member of a consumer group, to make a consumer of one's own that
    /// fetches and commits as ours: offsets are committed once they are stored.
    pub fn member_settings(&self, group: &str) -> ClientConfig {
        self.native(Role::Member { group })
    }

    /// The settings of a client.
    pub(crate) fn native(&self, role: Role<'_>) -> ClientConfig {
        let mut native = self.connection();
        match role {
            Role::Admin => &mut native,
            Role::Producer => self.producer(&mut native),
            Role::Observer { group } => {
                native.set("enable.auto.commit", "false").set("group.id", group)
            }
            Role::Member { group } => self.member(group, &mut native),
        };
        native
    }

    fn connection(&self) -> ClientConfig {
        // Before the client does: it would have OpenSSL clean up when the process ends, under the
        // feet of its own threads that still speak TLS.
        openssl::init();
        let mut native = ClientConfig::new();
        native.set_log_level(RDKafkaLogLevel::Error);
        native.set("bootstrap.servers", &self.servers);
        native.set("client.id", "wingman");
        // Asking for a topic, or publishing to it, must not make it.
        native.set("allow.auto.create.topics", "false");
        native.set("socket.timeout.ms", self.reply_millis.max(1_000).to_string());
        native.set("socket.nagle.disable", "true");
        native.set("reconnect.backoff.ms", "50");
        native.set("reconnect.backoff.max.ms", "1000");
        let protocol = match (self.tls, self.username.is_some()) {
            (false, false) => "plaintext",
            (true, false) => "ssl",
            (false, true) => "sasl_plaintext",
            (true, true) => "sasl_ssl",
        };
        native.set("security.protocol", protocol);
        if let (Some(username), Some(password)) = (&self.username, &self.password) {
            native.set("sasl.mechanism", mechanism(self.mechanism));
            native.set("sasl.username", username).set("sasl.password", password.expose());
        }
        for (key, file) in [
            ("ssl.ca.location", &self.ca_file),
            ("ssl.certificate.location", &self.certificate_file),
            ("ssl.key.location", &self.key_file),
        ] {
            if let Some(file) = file {
                native.set(key, file.to_string_lossy());
            }
        }
        native
    }

    fn producer<'a>(&self, native: &'a mut ClientConfig) -> &'a mut ClientConfig {
        // Idempotence implies acks=all and keeps the order of a partition through retries.
        native.set("enable.idempotence", "true");
        native.set("delivery.timeout.ms", self.confirm_millis.to_string());
        // Keys go where the Java clients' go.
        native.set("partitioner", "murmur2_random");
        // What we send has our own limit; a dead letter has only the topic's.
        native.set("message.max.bytes", CLIENT_BYTES_MAX.to_string());
        native.set("compression.codec", compression(self.compression));
        // Whoever publishes has collected its batch already.
        native.set("linger.ms", "0");
        // A topic that is missing is said to be after this.
        native.set("topic.metadata.propagation.max.ms", "1000")
    }

    fn member<'a>(&self, group: &str, native: &'a mut ClientConfig) -> &'a mut ClientConfig {
        native.set("group.id", group);
        if let Some(instance) = &self.instance {
            native.set("group.instance.id", instance);
        }
        native.set("partition.assignment.strategy", "cooperative-sticky");
        native.set("session.timeout.ms", self.session_millis.to_string());
        native.set("heartbeat.interval.ms", self.heartbeat_millis.to_string());
        // What is committed is only what the watermark stored. What has no commit appeared later.
        native.set("enable.auto.offset.store", "false").set("auto.offset.reset", "earliest");
        native.set("enable.auto.commit", "true").set("auto.commit.interval.ms", "100");
        native.set("isolation.level", "read_committed");
        // How soon a topic that is gone, and new partitions, are noticed.
        native.set("topic.metadata.refresh.interval.ms", "5000");
        // Its usual second stalls whoever is slower than the fetch.
        native.set("fetch.queue.backoff.ms", "5");
        native.set("queued.min.messages", "10000").set("queued.max.messages.kbytes", "16384")
    }
}

fn mechanism(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::Plain => "PLAIN",
        Mechanism::ScramSha256 => "SCRAM-SHA-256",
        Mechanism::ScramSha512 => "SCRAM-SHA-512",
    }
}

fn compression(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "none",
        Compression::Gzip => "gzip",
        Compression::Snappy => "snappy",
        Compression::Lz4 => "lz4",
        Compression::Zstd => "zstd",
    }
}
