//! The secured brokers, and what their own tools tell of them.

use std::path::Path;
use std::process::Command;

use crate::on_broker::{Broker, url_in};

/// A broker over TLS.
pub(crate) struct Secured {
    /// The name of its guide.
    pub(crate) page: &'static str,
    /// Where its URL stands.
    pub(crate) variable: &'static str,
    /// What a check says that it is.
    product: &'static str,
    /// How much it has whose name has this part.
    left: fn(&str) -> usize,
    /// A key that its URL may have.
    known_key: &'static str,
    /// Its URL without TLS: what stands for which part.
    pub(crate) plain: (&'static str, &'static str),
    /// What an error says of the user `limited`, and of the one that is made.
    pub(crate) rights: [&'static str; 2],
    /// Makes a user by this name, with the password `test`, who may make topics but lacks something else.
    pub(crate) make_user: fn(&str),
}

pub(crate) const ALL: [Secured; 3] = [REDIS, KAFKA, RABBITMQ];

const REDIS: Secured = Secured {
    page: "redis",
    variable: "WINGMAN_REDIS_SECURED_URL",
    product: "Redis",
    left: |part| lines("redis-secured", &["KEYS", &format!("*{part}*")], part),
    known_key: "connect_millis",
    plain: ("rediss://", "redis://"),
    rights: ["right +xgroup|create", "'del' command"],
    make_user: |name| {
        let all = ["on", ">test", "~*", "+@all", "-del"];
        ctl("redis-secured", &[&["ACL", "SETUSER", name], &all[..]].concat());
    },
};

const KAFKA: Secured = Secured {
    page: "kafka",
    variable: "WINGMAN_KAFKA_SECURED_URL",
    product: "Kafka",
    left: |part| {
        let list = |tool: &str| lines("kafka-secured", &[tool, "--list"], part);
        list("org.apache.kafka.tools.TopicCommand")
            + list("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand")
    },
    known_key: "session_millis",
    plain: ("tls=true&", "tls=false&"),
    rights: ["right Describe on topic", "right Read on topic"],
    make_user: |name| {
        let password = "SCRAM-SHA-512=[iterations=4096,password=test]";
        let users = ["--alter", "--entity-type", "users", "--entity-name", name];
        let config = ["kafka.admin.ConfigCommand", "--add-config", password];
        ctl("kafka-secured", &[&config[..], &users].concat());
        let rights = ["--operation", "Create", "--operation", "Write", "--topic", "*"];
        let acl = ["org.apache.kafka.tools.AclCommand", "--force", "--add", "--allow-principal"];
        ctl("kafka-secured", &[&acl[..], &[&format!("User:{name}")], &rights].concat());
    },
};

const RABBITMQ: Secured = Secured {
    page: "rabbitmq",
    variable: "WINGMAN_RABBITMQ_SECURED_URL",
    product: "RabbitMQ",
    left: |part| {
        let list = |what| lines("rabbitmq-secured", &[what, "name"], part);
        list("list_queues") + list("list_exchanges")
    },
    known_key: "confirm_millis",
    plain: ("amqps://", "amqp://"),
    rights: ["right configure on", "right read on"],
    make_user: |name| {
        ctl("rabbitmq-secured", &["add_user", name, "test"]);
        ctl("rabbitmq-secured", &["set_permissions", name, ".*", ".*", "^$"]);
    },
};

impl Secured {
    /// Its URL.
    pub(crate) fn url(&self) -> String {
        url_in(self.variable)
    }

    /// Its URL for another user.
    pub(crate) fn as_user(&self, login: &str) -> String {
        self.url().replace("wingman:test@", &format!("{login}@"))
    }

    /// As the tests of every broker know it.
    pub(crate) fn broker(&self) -> Broker {
        Broker {
            url: self.url(),
            known_key: self.known_key,
            product: self.product,
            down: "",
            left: self.left,
            has_groups: |_| false,
            own_names: |topic, group| (topic.to_owned(), group.to_owned()),
        }
    }

    pub(crate) fn left(&self, part: &str) -> usize {
        (self.left)(part)
    }
}

/// How many lines of what an operator's tool prints hold this part.
fn lines(broker: &str, words: &[&str], part: &str) -> usize {
    ctl(broker, words).lines().filter(|line| line.contains(part)).count()
}

/// Runs the broker's own tool for operators.
pub(crate) fn ctl(broker: &str, words: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../integration-tests/brokers.sh");
    let ended = Command::new(script).args(["ctl", broker]).args(words).output().unwrap();
    assert!(ended.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap()
}
