//! What the server says of itself, and whether it will do.

use redis::InfoDict;
use wingman_core::transport::Product;
use wingman_core::{Error, Kind, Result};

/// The oldest version whose streams do what the adapter needs: lag, and scripts that may run while
/// memory is full (Redis 7.0 release notes).
const VERSION_MIN: (u32, u32) = (7, 0);

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Server {
    /// Whether writes go to an append-only file.
    pub(super) keeps_a_log: bool,
}

/// Reads `INFO`.
///
/// # Errors
/// `Unsupported` for an old server or a cluster, `Configuration` for a replica, `Unavailable` while
/// it loads its data.
pub(super) fn inspect(info: &InfoDict) -> Result<Server> {
    let text = |name: &str| info.get::<String>(name).unwrap_or_default();
    let refuse = |kind, message: &'static str| Err(Error::new(kind, message).during("connect"));
    let version = text("redis_version");
    if parse_version(&version).is_none_or(|version| version < VERSION_MIN) {
        let error = Error::new(Kind::Unsupported, "Redis 7.0 or Valkey 7.2, or later, is needed");
        return Err(error.during("connect").with("version", version));
    }
    if text("cluster_enabled") == "1" {
        return refuse(Kind::Unsupported, "Redis Cluster is not supported: connect to one primary");
    }
    if text("role") == "slave" {
        return refuse(Kind::Configuration, "this is a read-only replica: connect to its primary");
    }
    if text("loading") == "1" {
        return refuse(Kind::Unavailable, "the server is loading its data");
    }
    let policy = text("maxmemory_policy");
    if text("maxmemory") != "0" && policy != "noeviction" {
        tracing::warn!(
            policy,
            "This Redis may evict streams when its memory is full: set maxmemory-policy to noeviction"
        );
    }
    let keeps_a_log = text("aof_enabled") == "1";
    if !keeps_a_log {
        tracing::warn!(
            "This Redis has no append-only file: what it confirms may be lost when it restarts"
        );
    }
    Ok(Server { keeps_a_log })
}

/// What the server says that it is.
pub(super) fn product(info: &InfoDict) -> Product {
    let text = |name: &str| info.get::<String>(name).filter(|text| !text.is_empty());
    // Valkey goes on telling a version of Redis, for clients that look for one.
    let (name, version) = match text("valkey_version") {
        Some(version) => ("Valkey", Some(version)),
        None => ("Redis", text("redis_version")),
    };
    let mut product = Product { version, ..Product::named(name) };
    for (fact, key) in
        [("mode", "redis_mode"), ("role", "role"), ("append-only file", "aof_enabled")]
    {
        if let Some(value) = text(key) {
            product = product.with(fact, value);
        }
    }
    product
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(extra: &[(&str, &str)]) -> Result<Server> {
        let mut lines: Vec<(&str, &str)> = vec![
            ("redis_version", "7.0.15"),
            ("cluster_enabled", "0"),
            ("role", "master"),
            ("loading", "0"),
            ("maxmemory", "0"),
            ("maxmemory_policy", "allkeys-lru"),
            ("aof_enabled", "1"),
        ];
        for (name, value) in extra {
            lines.retain(|(known, _)| known != name);
            lines.push((name, value));
        }
        let text: Vec<_> = lines.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        inspect(&InfoDict::new(&text.join("\r\n")))
    }

    #[test]
    fn valkey_is_told_from_redis() {
        let of = |text: &str| product(&InfoDict::new(text));
        let redis = of("redis_version:7.0.15\r\nrole:master");
        assert_eq!((redis.name.as_str(), redis.version.as_deref()), ("Redis", Some("7.0.15")));
        assert_eq!(redis.facts, [("role", "master".to_owned())]);
        let valkey = of("redis_version:7.2.4\r\nvalkey_version:9.1.2");
        assert_eq!((valkey.name.as_str(), valkey.version.as_deref()), ("Valkey", Some("9.1.2")));
    }

    #[test]
    fn what_will_not_do_is_refused_by_kind() {
        assert!(with(&[]).unwrap().keeps_a_log);
        assert!(!with(&[("aof_enabled", "0")]).unwrap().keeps_a_log);
        for (line, kind) in [
            (("redis_version", "6.2.14"), Kind::Unsupported),
            (("redis_version", "?"), Kind::Unsupported),
            (("cluster_enabled", "1"), Kind::Unsupported),
            (("role", "slave"), Kind::Configuration),
            (("loading", "1"), Kind::Unavailable),
        ] {
            assert_eq!(with(&[line]).unwrap_err().kind(), kind, "{line:?}");
        }
    }
}
