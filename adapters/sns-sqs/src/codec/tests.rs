//! Every message survives, and what others wrote is read whole.

use super::*;

/// SplitMix64: the seed is printed when a round fails.
struct Choices(u64);

impl Choices {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn bytes(&mut self) -> Vec<u8> {
        const PARTS: [&str; 10] =
            ["wingman", "{\"a\": 1}", "\r\n", "\u{ffff}", "ü", " ", "-", "\0", "text", "/wA="];
        let count = self.below(40);
        match self.below(2) {
            0 => (0..count).map(|_| self.below(256) as u8).collect(),
            _ => (0..count % 5).flat_map(|_| PARTS[self.below(10) as usize].bytes()).collect(),
        }
    }

    fn name(&mut self) -> String {
        const PARTS: [&str; 8] =
            ["wingman", "content-type", "ce_specversion", "ce_x", "ü", " ", "\u{ffff}", "\0"];
        let parts = 1 + self.below(3);
        (0..parts).map(|_| PARTS[self.below(8) as usize]).collect()
    }

    fn headers(&mut self, before: &Headers) -> Headers {
        let mut headers = Headers::builder();
        for (name, value) in before.iter() {
            headers.push(name, value).unwrap();
        }
        for _ in 0..self.below(15) {
            headers.push(&self.name(), self.bytes()).unwrap();
        }
        headers.build()
    }

    fn message(&mut self) -> Message {
        let message = Message::new(self.bytes());
        let message = match self.below(2) {
            0 => message.with_key(self.bytes()),
            _ => message,
        };
        message.with_headers(self.headers(&Headers::new()))
    }

    /// An event in binary mode; perhaps with more headers, as a dead letter has.
    fn event(&mut self) -> Message {
        let mut event = CloudEvent::new("1", "/shop", "OrderPlaced").unwrap();
        event.subject = Some(String::from_utf8_lossy(&self.bytes()).into_owned());
        event.data_content_type = [None, Some("application/json".into()), Some("x/y".into())]
            [self.below(3) as usize]
            .clone();
        let bytes = self.bytes();
        event.data = (!bytes.is_empty()).then(|| bytes.into());
        if self.below(2) == 0 {
            event.set_extension("partitionkey", format!("k-{}", self.below(9))).unwrap();
        }
        let message = event.to_message().unwrap();
        match self.below(2) {
            0 => message,
            _ => {
                let headers = self.headers(&message.headers);
                message.with_headers(headers)
            }
        }
    }
}

fn attributes(written: &Written) -> BTreeMap<String, Vec<u8>> {
    let own = |(name, value): &(&str, String)| (String::from(*name), value.clone().into_bytes());
    written.attributes.iter().map(own).collect()
}

fn read(written: &Written) -> Message {
    let attributes = attributes(written);
    decode(&Received { body: &written.body, attributes: &attributes, group: Some("g") })
}

#[test]
fn every_message_survives_within_what_the_services_take() {
    for seed in 0..10_000 {
        let mut choices = Choices(seed);
        let message = if seed % 2 == 0 { choices.message() } else { choices.event() };
        let written = encode(&message).unwrap();
        assert_eq!(read(&written), message, "seed {seed}");
        assert!(!written.body.is_empty() && is_plain(&written.body), "seed {seed}");
        assert!(written.attributes.len() <= 4, "seed {seed}");
        for (name, value) in &written.attributes {
            assert!(!value.is_empty() && is_plain(value), "seed {seed}: {name}");
        }
    }
}

#[test]
fn an_event_reads_as_one_and_can_be_filtered() {
    let mut event = CloudEvent::new("1", "/shop", "OrderPlaced").unwrap();
    event.subject = Some("cart-7".into());
    event.set_extension("partitionkey", "c-7").unwrap();
    let event = event.with_json(&b"{\"total\": 3.50}"[..]);
    let written = encode(&event.to_message().unwrap()).unwrap();
    assert_eq!(written.body.as_bytes(), event.to_json().unwrap());
    assert!(written.body.contains("\"data\":{\"total\": 3.50}"), "{}", written.body);
    let attributes = attributes(&written);
    let read = |name: &str| String::from_utf8(attributes[name].clone()).unwrap();
    assert_eq!((read("type"), read("subject")), ("OrderPlaced".into(), "cart-7".into()));
    assert_eq!(read("content-type"), "application/cloudevents+json");
}

#[test]
fn text_has_its_content_type_for_other_programs() {
    let event = CloudEvent::new("1", "/shop", "OrderPlaced").unwrap();
    let message = event.to_structured_message().unwrap();
    let written = encode(&message).unwrap();
    assert_eq!(written.body.as_bytes(), message.payload);
    assert_eq!(attributes(&written)["content-type"], b"application/cloudevents+json");
    assert_eq!(read(&written), message);
    let bytes = Message { payload: Bytes::from_static(&[0xff]), ..message };
    assert!(!attributes(&encode(&bytes).unwrap()).contains_key("content-type"), "it is base64");
}

#[test]
fn bytes_of_an_event_are_data_base64() {
    let mut event = CloudEvent::new("1", "/shop", "Scan").unwrap();
    event.data = Some(Bytes::from_static(&[0xff, 0]));
    let written = encode(&event.to_message().unwrap()).unwrap();
    assert!(written.body.contains("\"data_base64\":\"/wA=\""), "{}", written.body);
}

#[test]
fn many_headers_are_one_attribute() {
    let mut headers = Headers::builder();
    for number in 0..30 {
        headers.push(&format!("h{number}"), "x").unwrap();
    }
    let written = encode(&Message::new("text").with_headers(headers.build())).unwrap();
    assert_eq!((written.body.as_str(), written.attributes.len()), ("text", 1));
}

#[test]
fn what_others_wrote_is_read_whole() {
    let foreign = |body: &str, pairs: &[(&str, &[u8])], group| {
        let own = |(name, value): &(&str, &[u8])| (String::from(*name), value.to_vec());
        let attributes: BTreeMap<_, _> = pairs.iter().map(own).collect();
        decode(&Received { body, attributes: &attributes, group })
    };
    let plain = foreign("temperature 7", &[("unit", b"C"), ("bin", &[0xff])], None);
    assert_eq!((plain.payload.as_ref(), plain.key), (&b"temperature 7"[..], None));
    assert_eq!(
        (plain.headers.get("unit"), plain.headers.get("bin")),
        (Some(&b"C"[..]), Some(&[0xff][..]))
    );
    let grouped = foreign("{}", &[], Some("sensor-1"));
    assert_eq!(grouped.key.as_deref(), Some(&b"sensor-1"[..]));
    for broken in ["", "{}", "{\"body\":\"base64\"}", "{\"body\":\"event\"}", "{\"body\":\"new\"}"]
    {
        let read = foreign("no base64!", &[("wingman", broken.as_bytes())], None);
        assert_eq!(read.payload, "no base64!", "{broken}");
        assert_eq!(read.headers.get("wingman"), Some(broken.as_bytes()));
    }
    let json = r#"{"specversion":"1.0","id":"1","source":"/s","type":"T","data":{}}"#;
    let structured = foreign(json, &[("content-type", b"application/cloudevents+json")], None);
    assert_eq!(CloudEvent::from_message(&structured).unwrap().ty(), "T");
    let looks_like_one = foreign(json, &[], None);
    assert!(CloudEvent::from_message(&looks_like_one).is_err(), "it is not guessed");
}
