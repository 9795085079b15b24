//! The file `budgets.txt`: what one message may cost, and how far a count may be from it.

use std::collections::BTreeMap;
use std::fmt;
use std::process::Command;

/// Share of the instructions that a count may be off: what one ran into another's path is less.
const INSTRUCTIONS_OFF: f64 = 0.05;
/// Allocations that a count may be off: less than one in a message, more than one in a batch.
const ALLOCATIONS_OFF: f64 = 0.25;

/// What one message costs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) instructions: f64,
    pub(crate) allocations: f64,
}

#[derive(Debug)]
pub(crate) struct Budgets {
    works: BTreeMap<String, Cost>,
    /// Whether this compiler is the one that the instructions were counted with.
    same_compiler: bool,
}

impl Budgets {
    /// Which build is running: each has lines of its own.
    pub(crate) fn profile() -> &'static str {
        if cfg!(debug_assertions) { "debug" } else { "release" }
    }

    /// Those of this build.
    pub(crate) fn committed() -> Self {
        let version = Command::new("rustc").arg("--version").output().expect("rustc runs");
        let version = String::from_utf8_lossy(&version.stdout).into_owned();
        Self::read(include_str!("budgets.txt"), Self::profile(), &version)
    }

    fn read(text: &str, profile: &str, compiler: &str) -> Self {
        let mut budgets = Self { works: BTreeMap::new(), same_compiler: false };
        for (number, line) in text.lines().enumerate() {
            match line.split_whitespace().collect::<Vec<_>>()[..] {
                [] => {}
                [mark, ..] if mark.starts_with('#') => {}
                ["compiler", version] => {
                    budgets.same_compiler = compiler.starts_with(&format!("rustc {version}."));
                }
                [of, work, instructions, allocations] => {
                    let figure = |text: &str| text.parse().ok();
                    let (Some(instructions), Some(allocations)) =
                        (figure(instructions), figure(allocations))
                    else {
                        panic!("line {}: expected two numbers, seen {line:?}", number + 1);
                    };
                    if of == profile {
                        let cost = Cost { instructions, allocations };
                        budgets.works.insert(work.to_owned(), cost);
                    }
                }
                _ => panic!("line {}: expected four words, seen {line:?}", number + 1),
            }
        }
        budgets
    }

    /// An error says which number is off and what to do. With another compiler than the one in the
    /// file only allocations are judged: the same code is other instructions there.
    pub(crate) fn judge(&self, work: &str, seen: Cost) -> Result<(), String> {
        let Some(budget) = self.works.get(work) else {
            return Err(format!("no budget: add the line `{} {work} {seen}`", Self::profile()));
        };
        let off = (seen.allocations - budget.allocations).abs();
        if off > ALLOCATIONS_OFF {
            return Err(wrong("allocations", seen.allocations, budget.allocations));
        }
        let off = (seen.instructions / budget.instructions - 1.0).abs();
        if self.same_compiler && off > INSTRUCTIONS_OFF {
            return Err(wrong("instructions", seen.instructions, budget.instructions));
        }
        Ok(())
    }
}

fn wrong(what: &str, seen: f64, budget: f64) -> String {
    let remedy = match seen > budget {
        true => "find what costs more, or raise the budget and say why",
        false => "lower the budget, so that it stays so",
    };
    format!("{seen:.2} {what} a message where tests/counts/budgets.txt has {budget:.2}: {remedy}")
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} {:.2}", self.instructions, self.allocations)
    }
}

#[test]
fn more_is_refused_and_so_is_less() {
    let text = "# what\ncompiler 1.95\ndebug publish 1000 10.5\nrelease publish 100 9\n";
    let budgets = Budgets::read(text, "debug", "rustc 1.95.0 (f2d3ce0bd)");
    let judge = |instructions, allocations| {
        budgets.judge("publish", Cost { instructions, allocations }).map_err(|wrong| {
            let what = if wrong.contains("instructions") { "instructions" } else { "allocations" };
            (what, wrong.contains("lower the budget"))
        })
    };
    assert_eq!(judge(1_040.0, 10.7), Ok(()));
    assert_eq!(judge(960.0, 10.3), Ok(()));
    assert_eq!(judge(1_100.0, 10.5), Err(("instructions", false)));
    assert_eq!(judge(900.0, 10.5), Err(("instructions", true)));
    assert_eq!(judge(1_000.0, 11.5), Err(("allocations", false)));
    assert_eq!(judge(1_000.0, 9.5), Err(("allocations", true)));
}

#[test]
fn another_compiler_is_judged_by_its_allocations() {
    let text = "compiler 1.95\ndebug publish 1000 10\n";
    let budgets = Budgets::read(text, "debug", "rustc 1.96.0 (0123456)");
    let judge = |allocations| budgets.judge("publish", Cost { instructions: 2e3, allocations });
    assert!(judge(10.0).is_ok() && judge(11.0).is_err());
    assert!(budgets.judge("other", Cost { instructions: 1.0, allocations: 1.0 }).is_err());
}
