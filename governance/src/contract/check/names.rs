//! The forms that names, fields and pointers must have.

use super::Findings;
use crate::contract::error::ContractErrorKind::Invalid;
use crate::contract::place::Place;

/// The longest name, in bytes: it becomes part of topic and queue names.
const NAME_BYTES_MAX: usize = 120;

/// The form of a name, for the JSON Schema of contract files.
pub(in crate::contract) const NAME_PATTERN: &str = "^[A-Za-z][A-Za-z0-9._-]{0,119}$";

/// The form of a JSON pointer (RFC 6901), for the same.
pub(in crate::contract) const POINTER_PATTERN: &str = "^/([^~]|~[01])*$";

/// Whether a text has the form of a name.
pub(crate) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= NAME_BYTES_MAX
        && bytes.next().is_some_and(|it| it.is_ascii_alphabetic())
        && bytes.all(|it| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'_' | b'-'))
}

/// Judges a name that becomes part of topics, groups, tool calls and stamps.
pub(super) fn name(what_it_is: &str, name: &str, place: Place, findings: &mut Findings) {
    if !is_name(name) {
        let what = format!("{what_it_is} {name:?} is not a name");
        let remedy = format!(
            "write a letter, then letters, digits, '.', '_' or '-', at most {NAME_BYTES_MAX}"
        );
        findings.error(Invalid, place, what, remedy);
    }
}

/// Judges a JSON pointer (RFC 6901) to something inside a body.
pub(super) fn pointer(field: &str, pointer: &str, place: Place, findings: &mut Findings) {
    let escapes = pointer.split('~').skip(1).all(|it| it.starts_with(['0', '1']));
    if !pointer.starts_with('/') || !escapes {
        let what = format!("field {field:?} is {pointer:?}, which is not a JSON pointer");
        findings.error(Invalid, place, what, "write a pointer such as /plan");
    }
}
