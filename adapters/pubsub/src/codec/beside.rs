//! What stands beside the attributes: the order of headers, and headers that no attribute can hold.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::VALUE_BYTES_MAX;

/// The places of the headers that are attributes, in the order of their names; absent where that is
/// their order.
const ORDER: &str = "wingman-order";
/// Base64 of the other headers, in parts.
const HEADERS: &str = "wingman-headers";

/// A header that no attribute can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Odd {
    /// Its place among all headers.
    pub(super) at: usize,
    pub(super) name: String,
    pub(super) value: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Beside {
    /// The places of the headers that are attributes, by their attributes' names.
    plain: BTreeMap<String, usize>,
    /// The same as they were read, in the order of the names.
    places: Vec<usize>,
    odd: Vec<Odd>,
}

impl Beside {
    pub(super) fn plain(&mut self, name: String, at: usize) {
        self.plain.insert(name, at);
    }

    pub(super) fn odd(&mut self, header: Odd) {
        self.odd.push(header);
    }

    /// Adds the attributes that are needed; often none.
    pub(super) fn write(&self, attributes: &mut BTreeMap<String, String>) {
        if !self.plain.values().is_sorted() {
            let places: Vec<_> = self.plain.values().map(usize::to_string).collect();
            for (name, part) in parts(ORDER, &places.join(" ")) {
                attributes.insert(name, part);
            }
        }
        if self.odd.is_empty() {
            return;
        }
        let mut block = Vec::new();
        for header in &self.odd {
            for number in [header.at, header.name.len(), header.value.len()] {
                // Headers are limited to 4 GiB altogether.
                block.extend(u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes());
            }
            block.extend(header.name.as_bytes());
            block.extend(&header.value);
        }
        for (name, part) in parts(HEADERS, &STANDARD.encode(block)) {
            attributes.insert(name, part);
        }
    }

    /// Takes out of the attributes what can be read.
    pub(super) fn read(attributes: &mut BTreeMap<String, String>) -> Self {
        let places = take(attributes, ORDER, |text| {
            text.split(' ').map(|place| place.parse().ok()).collect::<Option<Vec<usize>>>()
        });
        let odd = take(attributes, HEADERS, |text| read_block(&STANDARD.decode(text).ok()?));
        Self {
            plain: BTreeMap::new(),
            places: places.unwrap_or_default(),
            odd: odd.unwrap_or_default(),
        }
    }

    /// All headers in their order, given those that were attributes.
    pub(super) fn joined(self, plain: Vec<(String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
        let mut taken: Vec<usize> = self.odd.iter().map(|header| header.at).collect();
        taken.sort_unstable();
        let told = self.places.len() == plain.len();
        // Without an order of their own they fill the places that are left.
        let mut free = (0..).filter(|place| taken.binary_search(place).is_err());
        let mut next = |index: usize| match self.places.get(index) {
            Some(place) if told => *place,
            _ => free.next().unwrap_or_default(),
        };
        let mut all: Vec<(usize, String, Vec<u8>)> = plain
            .into_iter()
            .enumerate()
            .map(|(index, (name, value))| (next(index), name, value))
            .collect();
        all.extend(self.odd.into_iter().map(|header| (header.at, header.name, header.value)));
        all.sort_by_key(|(place, _, _)| *place);
        all.into_iter().map(|(_, name, value)| (name, value)).collect()
    }
}

/// A text in attributes that are short enough: `name`, `name-1`, `name-2` …
fn parts(name: &str, text: &str) -> Vec<(String, String)> {
    let chunks = text.as_bytes().chunks(VALUE_BYTES_MAX);
    let part = |(at, chunk): (usize, &[u8])| {
        // Digits, spaces and base64 are one byte a character.
        (part_name(name, at), String::from_utf8_lossy(chunk).into_owned())
    };
    chunks.enumerate().map(part).collect()
}

fn part_name(name: &str, at: usize) -> String {
    if at == 0 { name.to_owned() } else { format!("{name}-{at}") }
}

/// Takes a text out of its parts, if it can be read.
fn take<T>(
    attributes: &mut BTreeMap<String, String>,
    name: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let names: Vec<_> =
        (0..).map(|at| part_name(name, at)).take_while(|it| attributes.contains_key(it)).collect();
    let text: String = names.iter().filter_map(|name| attributes.get(name)).cloned().collect();
    let found = if text.is_empty() { None } else { read(&text) }?;
    names.iter().for_each(|name| drop(attributes.remove(name)));
    Some(found)
}

fn read_block(mut block: &[u8]) -> Option<Vec<Odd>> {
    let mut all = Vec::new();
    while !block.is_empty() {
        let mut number = || {
            let (first, rest) = block.split_first_chunk::<4>()?;
            block = rest;
            usize::try_from(u32::from_be_bytes(*first)).ok()
        };
        let (at, name, value) = (number()?, number()?, number()?);
        let (name, rest) = block.split_at_checked(name)?;
        let (value, rest) = rest.split_at_checked(value)?;
        block = rest;
        let name = std::str::from_utf8(name).ok()?.to_owned();
        all.push(Odd { at, name, value: value.to_vec() });
    }
    Some(all)
}
