//! Capabilities by name, for people and for programs.

use serde_json::{Map, Value, json};
use wingman_hub::core::transport::{Capabilities, Support};

/// Each with its name; the fields are named, so that a new one is not forgotten.
pub(super) fn supports(of: &Capabilities) -> [(&'static str, Support); 12] {
    let Capabilities {
        backend: _,
        order_by_key,
        delayed_retry,
        attempt_count,
        dead_letter,
        lease_extension,
        replay,
        transactions,
        admin,
        lag,
        no_group_reported,
        stable_position,
        groups_of_existing,
        survives_restart: _,
        limits: _,
    } = *of;
    [
        ("order_by_key", order_by_key),
        ("delayed_retry", delayed_retry),
        ("attempt_count", attempt_count),
        ("dead_letter", dead_letter),
        ("lease_extension", lease_extension),
        ("replay", replay),
        ("transactions", transactions),
        ("admin", admin),
        ("lag", lag),
        ("no_group_reported", no_group_reported),
        ("stable_position", stable_position),
        ("groups_of_existing", groups_of_existing),
    ]
}

pub(super) const fn word(support: Support) -> &'static str {
    match support {
        Support::Native => "native",
        Support::Emulated => "emulated",
        Support::Unsupported => "unsupported",
    }
}

/// The numbers, for people.
pub(super) fn limits(of: &Capabilities) -> Vec<(&'static str, String)> {
    let limits = of.limits;
    let seconds = |time: std::time::Duration| format!("{} s", time.as_secs());
    let mut named = vec![
        ("payload", format!("{} bytes", limits.payload_bytes_max)),
        ("batch", format!("{} messages", limits.batch_messages_max)),
    ];
    named.extend(limits.headers_max.map(|most| ("headers", most.to_string())));
    named.extend(limits.delay_max.map(|most| ("delay", seconds(most))));
    named.extend(limits.lease_max.map(|most| ("lease", seconds(most))));
    named.extend(limits.hold_max.map(|most| ("hold", seconds(most))));
    named
}

/// Everything, for programs.
pub(super) fn json(of: &Capabilities) -> Value {
    let mut all: Map<String, Value> = supports(of)
        .into_iter()
        .map(|(name, support)| (name.to_owned(), word(support).into()))
        .collect();
    all.insert("survives_restart".to_owned(), of.survives_restart.into());
    let limits = of.limits;
    let seconds = |time: Option<std::time::Duration>| time.map(|time| time.as_secs());
    let limits = json!({
        "payload_bytes_max": limits.payload_bytes_max,
        "batch_messages_max": limits.batch_messages_max,
        "publish_calls_max": limits.publish_calls_max,
        "headers_max": limits.headers_max,
        "delay_seconds_max": seconds(limits.delay_max),
        "lease_seconds_max": seconds(limits.lease_max),
        "hold_seconds_max": seconds(limits.hold_max),
    });
    all.insert("limits".to_owned(), limits);
    Value::Object(all)
}
