//! Answers that the emulator does not give: a script gives them.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{
    Provision, Publisher, PublisherOptions, SubscriberOptions, Transport,
};
use wingman_core::{Kind, Retry};

use crate::server::messages;

/// The status and body that an action gets.
type Answer = fn(&str) -> (u16, String);

/// A service that answers by a script, and remembers what was asked.
struct Scripted {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    async fn new(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::default());
        let asking = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answer, Arc::clone(&asking)));
            }
        });
        let url = format!(
            "sns-sqs://us-east-1?endpoint=http://{address}&account=000000000000&access_key=me\
             &secret_key=hunter2"
        );
        Self { url, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    async fn publisher(&self, provision: Provision) -> (Arc<dyn Transport>, Box<dyn Publisher>) {
        let transport = wingman_sns_sqs::connect(&self.url).await.unwrap();
        let topic = TopicName::new("orders").unwrap();
        let publisher = transport.publisher(&topic, PublisherOptions { provision }).await.unwrap();
        (transport, publisher)
    }
}

/// One request after the other, each with a length.
async fn serve(mut stream: TcpStream, answer: Answer, asked: Arc<Mutex<Vec<String>>>) {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 16 << 10];
        match stream.read(&mut chunk).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&chunk[..count]),
            _ => return,
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        let length: usize = header("content-length").map_or(0, |length| length.parse().unwrap());
        if body.len() < length {
            continue;
        }
        let action = match header("x-amz-target") {
            Some(target) => target.split('.').next_back().unwrap().to_owned(),
            None => body.split('&').find_map(|it| it.strip_prefix("Action=")).unwrap().to_owned(),
        };
        asked.lock().unwrap().push(action.clone());
        bytes.clear();
        let (status, body) = answer(&action);
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", body.len());
        if stream.write_all((head + &body).as_bytes()).await.is_err() {
            return;
        }
    }
}

fn xml(action: &str, result: &str) -> (u16, String) {
    let inner = format!("<{action}Result>{result}</{action}Result>");
    (200, format!("<{action}Response>{inner}</{action}Response>"))
}

fn refuse(status: u16, code: &str, said: &str) -> (u16, String) {
    let error = format!("<Code>{code}</Code><Message>{said}</Message><Type>Sender</Type>");
    (status, format!("<ErrorResponse><Error>{error}</Error></ErrorResponse>"))
}

fn failed(id: &str, code: &str, is_ours: bool) -> String {
    format!("<member><Id>{id}</Id><Code>{code}</Code><SenderFault>{is_ours}</SenderFault></member>")
}

fn stored(id: &str) -> String {
    format!("<member><Id>{id}</Id><MessageId>m{id}</MessageId></member>")
}

fn published(stored: &str, failed: &str) -> (u16, String) {
    let lists = format!("<Successful>{stored}</Successful><Failed>{failed}</Failed>");
    xml("PublishBatch", &lists)
}

/// The second and the fourth are refused, the fifth is in neither list; listed in any order.
fn partly(action: &str) -> (u16, String) {
    match action {
        "PublishBatch" => {
            let refused =
                failed("3", "InternalFailure", false) + &failed("1", "InvalidParameter", true);
            published(&(stored("2") + &stored("0")), &refused)
        }
        "ListQueues" => (200, "{}".to_owned()),
        other => panic!("{other} was not expected"),
    }
}

pub(crate) async fn a_batch_tells_each_entry_apart() {
    let scripted = Scripted::new(partly).await;
    let (_transport, publisher) = scripted.publisher(Provision::Never).await;
    let batch = messages(&["a", "b", "c", "d", "e"]);
    let results = publisher.publish(&batch).await.unwrap();
    let kinds: Vec<_> = results.iter().map(|it| it.as_ref().err().map(|it| it.kind())).collect();
    let refused = [Some(Kind::Rejected), None, Some(Kind::Unknown), Some(Kind::Unknown)];
    assert_eq!((kinds[0], &kinds[1..]), (None, &refused[..]));
}

fn throttled(action: &str) -> (u16, String) {
    match action {
        "PublishBatch" => published(&stored("0"), &failed("1", "Throttled", true)),
        _ => (200, "{}".to_owned()),
    }
}

/// Later messages would overtake the one that is sent again.
pub(crate) async fn after_a_throttled_entry_nothing_more_is_sent() {
    let scripted = Scripted::new(throttled).await;
    let (_transport, publisher) = scripted.publisher(Provision::Never).await;
    let texts: Vec<_> = (0..12).map(|number| format!("k:{number}")).collect();
    let results = publisher.publish(&messages(&texts)).await.unwrap();
    let kinds: Vec<_> = results.iter().map(|it| it.as_ref().err().map(|it| it.kind())).collect();
    assert_eq!(kinds[..3], [None, Some(Kind::Overloaded), Some(Kind::Unknown)]);
    assert_eq!(kinds[10..], [Some(Kind::Unavailable); 2]);
    let calls = scripted.asked().iter().filter(|action| *action == "PublishBatch").count();
    assert_eq!(calls, 1);
}

fn unknown_key(action: &str) -> (u16, String) {
    let said = "The security token included in the request is invalid: hunter2";
    match action {
        "ListQueues" => {
            (403, format!("{{\"__type\":\"InvalidClientTokenId\",\"message\":\"{said}\"}}"))
        }
        _ => refuse(403, "InvalidClientTokenId", said),
    }
}

pub(crate) async fn wrong_credentials_are_permanent_and_not_shown() {
    let scripted = Scripted::new(unknown_key).await;
    let error = wingman_sns_sqs::connect(&scripted.url).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (Kind::Unauthenticated, Retry::Permanent));
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

fn forbidding(action: &str) -> (u16, String) {
    match action {
        "ListQueues" => {
            (403, "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}".to_owned())
        }
        _ => refuse(403, "AuthorizationError", "not authorized to perform this"),
    }
}

/// Who may not list queues was recognised: the transport opens, and says what is refused when asked.
pub(crate) async fn what_is_forbidden_says_so() {
    let scripted = Scripted::new(forbidding).await;
    let (transport, publisher) = scripted.publisher(Provision::Never).await;
    let refused = publisher.publish(&messages(&["a"])).await.unwrap().remove(0).unwrap_err();
    assert_eq!((refused.kind(), refused.retry()), (Kind::Forbidden, Retry::Permanent));
    let topic = TopicName::new("orders").unwrap();
    let opened = transport.publisher(&topic, PublisherOptions::default()).await;
    assert_eq!(opened.unwrap_err().kind(), Kind::Forbidden);
}

fn only_work(action: &str) -> (u16, String) {
    match action {
        "PublishBatch" => published(&stored("0"), ""),
        "GetQueueUrl" => (200, "{\"QueueUrl\":\"http://q/000000000000/q\"}".to_owned()),
        "ReceiveMessage" | "ListQueues" => (200, "{}".to_owned()),
        other => panic!("{other} was not expected"),
    }
}

pub(crate) async fn never_asks_nothing_of_topology() {
    let scripted = Scripted::new(only_work).await;
    let (transport, publisher) = scripted.publisher(Provision::Never).await;
    publisher.publish(&messages(&["a"])).await.unwrap().remove(0).unwrap();
    let (topic, group) = (TopicName::new("orders").unwrap(), GroupName::new("billing").unwrap());
    let options = SubscriberOptions { provision: Provision::Never, ..SubscriberOptions::default() };
    let subscriber = transport.subscriber(&topic, &group, options).await.unwrap();
    let wait = std::time::Duration::ZERO;
    assert!(subscriber.receive(std::num::NonZeroUsize::MIN, wait).await.unwrap().is_empty());
    let expected = ["ListQueues", "PublishBatch", "GetQueueUrl", "ReceiveMessage"];
    assert_eq!(scripted.asked(), expected);
}
