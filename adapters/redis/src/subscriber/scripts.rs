//! What must happen in one step at the server, as Lua; the texts are in `scripts/*.lua`.

use std::sync::LazyLock;

use redis::{Script, ScriptInvocation};

use super::SideKeys;

macro_rules! text {
    ($file:literal) => {
        concat!(
            include_str!("scripts/prelude.lua"),
            include_str!(concat!("scripts/", $file, ".lua"))
        )
    };
}

macro_rules! script {
    ($file:literal) => {
        LazyLock::new(|| Script::new(text!($file)))
    };
}

pub(super) static RETURNED: LazyLock<Script> = script!("returned");
pub(super) static HOLD: LazyLock<Script> = script!("hold");
pub(super) static SETTLE: LazyLock<Script> = script!("settle");
pub(super) static EXTEND: LazyLock<Script> = script!("extend");
pub(super) static LEAVE: LazyLock<Script> = script!("leave");

/// Sent as text: within a transaction a script that the server forgot cannot be loaded again.
pub(super) const CONFIRM: &str = text!("confirm");

/// A call of a script for one group.
pub(super) fn of<'a>(script: &'a Script, keys: &SideKeys) -> ScriptInvocation<'a> {
    let mut call = script.prepare_invoke();
    for key in keys.with_stream() {
        call.key(key);
    }
    call
}
