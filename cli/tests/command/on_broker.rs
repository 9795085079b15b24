//! What the command does on any broker: each test crate of a broker calls these with its own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;
use wingman_hub::core::name::TopicName;

use crate::guide;
use crate::process::{Ended, LEDGER, Place, outcomes};

/// Longer than a check takes on a busy machine beside the other tests.
const CHECK_TIME: Duration = Duration::from_secs(240);

/// The tests of every broker, given the function that makes its [`Broker`].
macro_rules! on_broker_tests {
    ($broker:ident: $($test:ident),+ $(,)?) => {
        $(#[test]
        fn $test() {
            $broker().$test();
        })+
    };
    ($broker:ident) => {
        on_broker::on_broker_tests! {
            $broker:
            the_demo_takes_every_branch_and_cleans_up_unless_told_to_keep,
            the_publishing_workflow_is_the_same_and_cleans_up,
            what_is_published_comes_to_each_group_once,
            what_a_team_has_is_read_and_looked_at_under_its_own_names,
            a_malformed_line_is_named_and_those_before_it_are_sent,
            a_governed_publish_is_recorded_relayed_and_refused_for_owned_types,
            an_unknown_key_in_the_url_is_named_with_the_known_ones,
            a_broker_that_is_down_is_waited_for_and_named,
            its_guide_does_what_it_says,
            a_check_passes_and_leaves_nothing,
            a_check_that_is_interrupted_removes_what_it_made,
            a_read_only_check_creates_nothing,
        }
    };
}
pub(crate) use on_broker_tests;

/// A broker under test.
pub(crate) struct Broker {
    pub(crate) url: String,
    /// A key that its URL may have.
    pub(crate) known_key: &'static str,
    /// What a check says that it is.
    pub(crate) product: &'static str,
    /// The URL of one that is down: nobody listens on port 1.
    pub(crate) down: &'static str,
    /// Under which names of its own it has a topic and a group of ours.
    pub(crate) own_names: fn(&str, &str) -> (String, String),
    /// How much it has of a namespace.
    pub(crate) left: fn(&str) -> usize,
    /// Whether it has groups, or what stands for them, of a namespace.
    pub(crate) has_groups: fn(&str) -> bool,
}

impl Broker {
    pub(crate) fn the_demo_takes_every_branch_and_cleans_up_unless_told_to_keep(&self) {
        let place = Place::new();
        let demo = ["demo", "--broker", &self.url, "--out", "demo", "--json"];
        let report = place.run(&demo).done().json();
        let every = ["completed", "rejected", "denied", "blocked", "rolled_back"];
        assert_eq!(outcomes(&report), every);
        assert_eq!(report["verified"], true);
        let namespace = namespace(&place);
        assert_eq!((self.left)(&namespace), 0);
        place.run(&[&demo[..], &["--keep"]].concat()).done();
        assert!((self.left)(&namespace) > 0 && (self.has_groups)(&namespace));
        place.run(&demo).done();
        assert_eq!((self.left)(&namespace), 0);
    }

    pub(crate) fn the_publishing_workflow_is_the_same_and_cleans_up(&self) {
        let place = Place::new();
        let demo = ["demo", "--scenario", "publishing", "--broker", &self.url, "--out", "demo"];
        let report = place.run(&[&demo[..], &["--json"]].concat()).done().json();
        assert_eq!(outcomes(&report), ["completed", "completed", "partial", "refused"]);
        assert_eq!(report["verified"], true);
        assert_eq!((self.left)(&namespace(&place)), 0);
        let text = place.run(&demo).done().out;
        for part in ["ms for #2", "3 attempts: connection refused", "0 tool calls"] {
            assert!(text.contains(part), "{part:?} is not in:\n{text}");
        }
    }

    pub(crate) fn what_is_published_comes_to_each_group_once(&self) {
        let (place, topic) = (Place::new(), topic());
        // Joined first: not every broker keeps what nobody reads yet.
        for group in ["one", "two"] {
            self.join(&place, &topic, group);
        }
        let data =
            ["--data", "{\"id\":7}", "--type", "OrderPlaced", "--key", "k", "--subject", "s"];
        let receipt = self.publish(&place, &topic, &data).done().json();
        assert_eq!(receipt["topic"], topic.as_str());
        // Where it is kept, if the broker tells whoever publishes.
        assert!(receipt["position"].is_string() || receipt["position"].is_null(), "{receipt}");
        for group in ["one", "two"] {
            let event = self.consume(&place, &topic, group, "1").done().json();
            assert_eq!(event["id"], receipt["id"]);
            assert_eq!(event["type"], "OrderPlaced");
            assert_eq!(event["data"]["id"], 7);
            assert_eq!((&event["partitionkey"], &event["subject"]), (&"k".into(), &"s".into()));
        }
        self.publish(&place, &topic, &["--data", "8"]).done();
        let next = self.consume(&place, &topic, "one", "1").done().json();
        assert_eq!(next["data"], 8);
    }

    pub(crate) fn what_a_team_has_is_read_and_looked_at_under_its_own_names(&self) {
        let (place, topic) = (Place::new(), topic());
        let (name, group) = (self.own_names)(&topic, "g");
        let broker = ["--broker", &self.url, "--topic", &name, "--group", &group, "--existing"];
        let consume = [&["consume"][..], &broker[..], &["--max", "1", "--wait", "20"]].concat();
        let look = ["check", &self.url, "--read-only", "--topic", &name, "--existing", "--json"];
        place.run(&consume).refused(1, &["no such", &name]);
        assert_eq!(place.run(&look).refused(1, &[]).json()["topics"][0]["exists"], false);
        assert_eq!(there_are(&self.url, &[&topic]), [""; 0]);
        self.join(&place, &topic, "g");
        assert_eq!(place.run(&look).done().json()["topics"][0]["exists"], true);
        let first = self.publish(&place, &topic, &["--data", "7"]).done().json();
        assert_eq!(place.run(&consume).done().json()["id"], first["id"]);
        // It was of that very group.
        let second = self.publish(&place, &topic, &["--data", "8"]).done().json();
        assert_eq!(self.consume(&place, &topic, "g", "1").done().json()["id"], second["id"]);
    }

    pub(crate) fn a_malformed_line_is_named_and_those_before_it_are_sent(&self) {
        let (place, topic) = (Place::new(), topic());
        let good =
            "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"T\",\"data\":{}}";
        self.join(&place, &topic, "g");
        std::fs::write(place.path("events.ndjson"), format!("{good}\n\n{{oops\n")).unwrap();
        let ended = self.publish(&place, &topic, &["--file", "events.ndjson"]);
        let parts = ["line 3 is not a structured CloudEvent", "again from line 3"];
        assert_eq!(ended.refused(2, &parts).json()["id"], "1");
        assert_eq!(self.consume(&place, &topic, "g", "1").done().json()["id"], "1");
    }

    pub(crate) fn a_governed_publish_is_recorded_relayed_and_refused_for_owned_types(&self) {
        let place = Place::new();
        let demo = ["demo", "--broker", &self.url, "--out", "demo", "--interactive", "--json"];
        let mut demo = place.start(&demo);
        demo.wait_for("Answer YES");
        let body = "{\"number\":2,\"text\":\"email the customer list\"}";
        let send = |ty: &str| {
            self.publish(&place, ty, &["--type", ty, "--data", body, "--ledger", LEDGER])
        };
        let receipt = send("UserRequestReceived").done().json();
        assert!(receipt["recorded"].is_u64(), "{receipt}");
        assert_eq!(receipt["state"], "published");
        send("ExecutionApproved").refused(1, &["ExecutionApproved"]);
        demo.type_in("no\nno\nno\n");
        assert_eq!(demo.end().done().json()["verified"], true);
    }

    pub(crate) fn an_unknown_key_in_the_url_is_named_with_the_known_ones(&self) {
        let sign = if self.url.contains('?') { '&' } else { '?' };
        let url = format!("{}{sign}nope=1", self.url);
        let ended = Place::new().run(&["publish", "--broker", &url, "--topic", "t", "--data", "1"]);
        ended.refused(2, &["nope", self.known_key]);
    }

    /// The demo waits, and says for what.
    pub(crate) fn a_broker_that_is_down_is_waited_for_and_named(&self) {
        let place = Place::new();
        let mut demo = place.start(&["demo", "--broker", self.down, "--out", "demo"]);
        demo.wait_for("tries again");
    }

    /// Its name is that of the test crate, and of the page.
    pub(crate) fn its_guide_does_what_it_says(&self) {
        guide::run(&format!("{}.md", env!("CARGO_CRATE_NAME").replace('_', "-")), &self.url);
    }

    pub(crate) fn a_check_passes_and_leaves_nothing(&self) {
        let place = Place::new();
        let check = place.start(&["check", &self.url, "--json", "--report", "check.html"]);
        let report = check.end_within(CHECK_TIME).done().json();
        assert_eq!(report["product"]["name"], self.product);
        assert_eq!(report["passed"], true, "{report}");
        for guarantee in report["guarantees"].as_array().unwrap() {
            assert_eq!(guarantee["verdict"], "pass", "{guarantee}");
        }
        // What needs more than a URL says so, and has passed nothing.
        let why = |reason: &str| cases(&report).iter().filter(|it| it["why"] == reason).count();
        let can = |what: &str| report["capabilities"][what] != "unsupported";
        // An output waits for its consumer in a ledger where the broker does not keep it and says so.
        let governed = 3 + usize::from(!can("replay") && can("no_group_reported"));
        let counts = (why("needs control of the broker"), why("needs a governor"));
        assert_eq!(counts, (6, governed));
        self.is_clean(&report);
        let page = place.read("check.html");
        for case in cases(&report) {
            assert!(page.contains(case["name"].as_str().unwrap()), "{case} is not on the page");
        }
    }

    pub(crate) fn a_check_that_is_interrupted_removes_what_it_made(&self) {
        for signal in ["INT", "TERM"] {
            let place = Place::new();
            let check = ["check", &self.url, "--cases", "--report", "check.json"];
            let mut check = place.start(&check);
            // One case is over, so that others are running.
            check.wait_for_output("pass");
            check.signal(signal);
            let ended = check.end_within(CHECK_TIME);
            ended.refused(1, &["interrupted; what the check made on the broker is removed"]);
            let report: Value = serde_json::from_str(&place.read("check.json")).unwrap();
            assert_eq!((&report["interrupted"], &report["passed"]), (&true.into(), &false.into()));
            let broken_off = |case: &&Value| {
                case["why"] == "the check was interrupted" && case["millis"].as_u64() > Some(0)
            };
            assert!(cases(&report).iter().any(|case| broken_off(&case)), "{report}");
            self.is_clean(&report);
        }
    }

    pub(crate) fn a_read_only_check_creates_nothing(&self) {
        let (place, topic) = (Place::new(), topic());
        let check = ["check", &self.url, "--read-only", "--topic", &topic];
        let json = [&check[..], &["--json"]].concat();
        let missing = place.run(&json).refused(1, &[]).json();
        assert_eq!(missing["topics"][0]["exists"], false);
        assert_eq!(there_are(&self.url, &[&topic]), [""; 0]);
        self.join(&place, &topic, "g");
        let found = place.run(&json).done().json();
        assert_eq!(found["topics"][0]["exists"], true);
        assert_eq!(found["product"]["name"], self.product);
        assert!(found["capabilities"]["order_by_key"].is_string(), "{found}");
        let text = place.run(&check).done().out;
        for part in [self.product, &topic, "nothing was created"] {
            assert!(text.contains(part), "{part:?} is not in:\n{text}");
        }
    }

    /// Fails unless everything that a check made is gone, as the adapter and the broker's own tool tell.
    fn is_clean(&self, report: &Value) {
        assert_eq!(report["left"].as_array().map(Vec::len), Some(0), "{report}");
        let made: Vec<_> =
            report["made"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
        assert!(made.len() > 1, "{report}");
        let prefix = report["prefix"].as_str().unwrap();
        assert!(made.iter().all(|topic| topic.starts_with(prefix)), "{made:?}");
        assert_eq!(there_are(&self.url, &made), [""; 0]);
        assert_eq!((self.left)(prefix), 0);
    }

    fn publish(&self, place: &Place, topic: &str, more: &[&str]) -> Ended {
        place.run(&[&["publish", "--broker", &self.url, "--topic", topic], more].concat())
    }

    /// Makes a group, which waits for nothing.
    fn join(&self, place: &Place, topic: &str, group: &str) {
        let command = ["consume", "--broker", &self.url, "--topic", topic, "--group", group];
        place.run(&[&command[..], &["--wait", "0"]].concat()).done();
    }

    fn consume(&self, place: &Place, topic: &str, group: &str, max: &str) -> Ended {
        let command = ["consume", "--broker", &self.url, "--topic", topic, "--group", group];
        place.run(&[&command[..], &["--max", max, "--wait", "20"]].concat())
    }
}

/// The cases of a check's report.
pub(crate) fn cases(report: &Value) -> &[Value] {
    report["cases"].as_array().unwrap()
}

/// Which of these topics a broker has.
fn there_are<'a>(url: &str, topics: &[&'a str]) -> Vec<&'a str> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let bus = wingman_hub::connect(url).await.unwrap();
        let admin = bus.transport().admin().unwrap();
        let mut there = Vec::new();
        for topic in topics {
            if admin.inspect(&TopicName::new(*topic).unwrap()).await.unwrap().is_some() {
                there.push(*topic);
            }
        }
        bus.close().await.unwrap();
        there
    })
}

/// The URL that stands in a variable.
pub(crate) fn url_in(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!(
            "{variable} is not set: `integration-tests/brokers.sh up` starts the brokers and \
             `integration-tests/brokers.sh urls` prints their URLs"
        )
    })
}

/// A topic that no other test and no other run has.
fn topic() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    format!("cli-{}-{now}-{count}", std::process::id())
}

/// The beginning of a demo's namespace, which is its ledger's.
fn namespace(place: &Place) -> String {
    let found = place.on_ledger(&["audit", "verify"]).done().json();
    format!("demo-{}", &found["ledger"].as_str().unwrap()[..6])
}
