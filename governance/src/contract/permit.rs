//! P-01 and P-02 on one tool call: is it in scope, and is its level held?

use std::fmt;

use serde::{Deserialize, Serialize};

use super::handler::HandlerContract;

/// What a handler may do with a tool. Ordered: each level includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Looks, changes nothing.
    Read,
    /// Creates or changes.
    Write,
    /// Removes.
    Delete,
    /// Changes who may do what.
    Admin,
}

impl Level {
    /// All levels, narrowest first.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Delete, Self::Admin];

    /// The level that a contract's word means.
    pub(crate) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == word)
    }

    /// The word a contract uses for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a contract does not allow a tool call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// P-01: the tool, its action or the level asked is outside the handler's scope.
    OutOfScope {
        /// The handler that asked.
        handler: String,
        /// The tool it asked for.
        tool: String,
        /// The level it asked for.
        asked: Level,
        /// The entry of `scope.disallowed` that forbids it; `None` if nothing declares it.
        forbidden_by: Option<String>,
    },
    /// P-02: the tool is in scope, the level asked is not held.
    LevelNotHeld {
        /// The handler that asked.
        handler: String,
        /// The tool it asked for.
        tool: String,
        /// The level it asked for.
        asked: Level,
        /// The level that the contract grants; `None` if the tool has none.
        held: Option<Level>,
    },
}

impl Denied {
    /// The refusal code of the primitive that was violated: `P-01` or `P-02`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OutOfScope { .. } => "P-01",
            Self::LevelNotHeld { .. } => "P-02",
        }
    }
}

/// Short, because it stands beside the code and the handler's name wherever it is shown.
impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfScope { tool, asked, forbidden_by: Some(entry), .. } => {
                write!(f, "{tool} is not in scope: it needs {asked}, {entry} is disallowed")
            }
            Self::OutOfScope { tool, .. } => write!(f, "{tool} is not in scope"),
            Self::LevelNotHeld { tool, asked, held, .. } => {
                write!(f, "{tool} needs {asked}, has {}", held.map_or("none", Level::as_str))
            }
        }
    }
}

impl std::error::Error for Denied {}

impl HandlerContract {
    /// Whether the contract allows a call of `tool` at `level` (G4). Scope is judged before
    /// permission, so that a tool outside the mission is named as such whatever its level.
    ///
    /// An entry of the scope covers a call if it is the tool's name (`cms.publish`), the tool's
    /// action (`publish`, what follows the last dot) or a level: allowing `write` allows `read`,
    /// and disallowing `delete` disallows `admin`, as each level includes the ones before it.
    ///
    /// # Errors
    ///
    /// [`Denied::OutOfScope`] (P-01) or [`Denied::LevelNotHeld`] (P-02).
    pub fn permits(&self, tool: &str, level: Level) -> Result<(), Denied> {
        let out_of_scope = |forbidden_by| Denied::OutOfScope {
            handler: self.name.clone(),
            tool: tool.to_owned(),
            asked: level,
            forbidden_by,
        };
        let forbids = |entry: &&String| {
            names_tool(entry, tool) || Level::named(entry).is_some_and(|lowest| lowest <= level)
        };
        if let Some(entry) = self.scope.disallowed.iter().find(forbids) {
            return Err(out_of_scope(Some(entry.clone())));
        }
        let held = self.tools.as_ref().and_then(|tools| tools.get(tool).copied());
        let allows = |entry: &String| {
            names_tool(entry, tool) || Level::named(entry).is_some_and(|highest| level <= highest)
        };
        let declared = match &self.scope.allowed {
            Some(allowed) => allowed.iter().any(allows),
            None => held.is_some(),
        };
        if !declared {
            return Err(out_of_scope(None));
        }
        if held.is_some_and(|held| level <= held) {
            return Ok(());
        }
        Err(Denied::LevelNotHeld {
            handler: self.name.clone(),
            tool: tool.to_owned(),
            asked: level,
            held,
        })
    }
}

/// Whether an entry of a scope names this tool at every level: by its name or by its action.
pub(super) fn names_tool(entry: &str, tool: &str) -> bool {
    entry == tool || tool.rsplit('.').next() == Some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packager() -> HandlerContract {
        HandlerContract::new("release-packager").tool("cms.publish", Level::Write)
    }

    #[test]
    fn a_level_includes_the_ones_below_it_and_none_above() {
        assert_eq!(packager().permits("cms.publish", Level::Read), Ok(()));
        assert_eq!(packager().permits("cms.publish", Level::Write), Ok(()));
        let denied = packager().permits("cms.publish", Level::Delete).unwrap_err();
        assert_eq!(denied.code(), "P-02");
        assert_eq!(denied.to_string(), "cms.publish needs delete, has write");
    }

    #[test]
    fn what_is_not_declared_is_out_of_scope() {
        let denied = packager().permits("cms.unpublish", Level::Read).unwrap_err();
        assert_eq!(denied.code(), "P-01");
        assert_eq!(denied.to_string(), "cms.unpublish is not in scope");
    }

    #[test]
    fn scope_is_judged_before_permission() {
        for entry in ["cms.publish", "publish", "admin", "delete"] {
            let denied = packager().disallow(entry).permits("cms.publish", Level::Admin);
            let text = denied.clone().unwrap_err().to_string();
            let Err(Denied::OutOfScope { forbidden_by, .. }) = denied else {
                panic!("{entry}: {denied:?}");
            };
            assert_eq!(forbidden_by.as_deref(), Some(entry));
            assert_eq!(
                text,
                format!("cms.publish is not in scope: it needs admin, {entry} is disallowed")
            );
        }
    }

    #[test]
    fn a_level_in_the_scope_speaks_for_every_tool() {
        let contract = packager().tool("cms.page", Level::Admin);
        let reader = contract.clone().allow("write");
        assert_eq!(reader.permits("cms.page", Level::Read), Ok(()));
        assert_eq!(reader.permits("cms.page", Level::Write), Ok(()));
        assert_eq!(reader.permits("cms.page", Level::Delete).unwrap_err().code(), "P-01");
        let careful = contract.disallow("delete");
        assert_eq!(careful.permits("cms.page", Level::Write), Ok(()));
        assert_eq!(careful.permits("cms.page", Level::Admin).unwrap_err().code(), "P-01");
    }

    #[test]
    fn an_allowed_tool_without_a_level_is_not_held() {
        let contract = packager().allow("cms.draft").allow("publish");
        assert_eq!(contract.permits("cms.publish", Level::Write), Ok(()));
        let denied = contract.permits("cms.draft", Level::Read).unwrap_err();
        assert!(matches!(denied, Denied::LevelNotHeld { held: None, .. }), "{denied}");
    }
}
