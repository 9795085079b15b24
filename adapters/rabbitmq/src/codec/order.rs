//! The order of headers, which a table forgets.
//!
//! Headers come back sorted: a CloudEvent's attributes first, as core writes them, then the others
//! by name. Those that were in another order have their places in it written beside them.

use std::borrow::Cow;

/// What core writes first, in its order.
pub(super) const FIRST: [&str; 8] = [
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_subject",
    "ce_time",
    super::CONTENT_TYPE,
    "ce_dataschema",
];

fn rank(name: &str) -> (usize, &str) {
    (FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len()), name)
}

/// A header that was read.
#[derive(Debug, Default)]
pub(super) struct Header<'a> {
    /// Its place among [`FIRST`].
    first: usize,
    pub(super) name: Cow<'a, str>,
    pub(super) value: Cow<'a, [u8]>,
}

impl<'a> Header<'a> {
    pub(super) fn new(name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, [u8]>>) -> Self {
        let name = name.into();
        Self { first: rank(&name).0, name, value: value.into() }
    }
}

/// The indices of headers in the order in which they come back.
fn sorted<N: AsRef<str>, V>(headers: &[(N, V)]) -> Vec<usize> {
    let mut indices: Vec<_> = (0..headers.len()).collect();
    indices.sort_by_key(|index| rank(headers[*index].0.as_ref()));
    indices
}

/// Each name with its values in order.
pub(super) fn grouped<'a>(headers: &[(&'a str, &'a [u8])]) -> Vec<(&'a str, Vec<&'a [u8]>)> {
    let mut groups: Vec<(&str, Vec<&[u8]>)> = Vec::new();
    for index in sorted(headers) {
        let (name, value) = headers[index];
        match groups.last_mut() {
            Some((last, values)) if *last == name => values.push(value),
            _ => groups.push((name, vec![value])),
        }
    }
    groups
}

/// The place of each header among the sorted ones; `None` if they are sorted.
pub(super) fn written(headers: &[(&str, &[u8])]) -> Option<String> {
    let sorted = sorted(headers);
    if sorted.is_sorted() {
        return None;
    }
    let mut places = vec![0; sorted.len()];
    for (place, index) in sorted.into_iter().enumerate() {
        places[index] = place;
    }
    let places: Vec<_> = places.iter().map(usize::to_string).collect();
    Some(places.join(" "))
}

/// Sorts headers, then puts them where they were; what is written of places that are not theirs is
/// left aside.
pub(super) fn restore(headers: &mut Vec<Header<'_>>, written: Option<&[u8]>) {
    headers.sort_by(|one, other| (one.first, &one.name).cmp(&(other.first, &other.name)));
    let Some(text) = written.and_then(|written| std::str::from_utf8(written).ok()) else {
        return;
    };
    let places: Option<Vec<usize>> = text.split(' ').map(|place| place.parse().ok()).collect();
    let places = places.unwrap_or_default();
    let mut seen = vec![false; headers.len()];
    let is_each = places.len() == headers.len()
        && places
            .iter()
            .all(|place| seen.get_mut(*place).is_some_and(|seen| !std::mem::replace(seen, true)));
    if is_each {
        *headers = places.iter().map(|place| std::mem::take(&mut headers[*place])).collect();
    }
}
