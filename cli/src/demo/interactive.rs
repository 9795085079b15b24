//! A person at the terminal as the approver.

use async_trait::async_trait;
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin};
use tokio::sync::Mutex;
use wingman_hub::governance::protocol::row::Plan;
use wingman_scenarios::Answers;
use wingman_scenarios::agent_loop::events;

use crate::print;

/// Asks on the terminal; only the exact text YES approves, and the demo key signs it.
pub(crate) struct Person {
    // One reader for all plans: it may hold lines that were typed ahead.
    lines: Mutex<Lines<BufReader<Stdin>>>,
}

impl Person {
    /// The person who types into standard input.
    pub(crate) fn at_terminal() -> Self {
        let lines = BufReader::new(tokio::io::stdin()).lines();
        Self { lines: Mutex::new(lines) }
    }
}

#[async_trait]
impl Answers for Person {
    async fn answer(&self, plan: &Plan) -> Option<String> {
        let body: events::Plan = serde_json::from_str(&plan.text).ok()?;
        print::note(format!("Plan {} for request #{}:", plan.digest.0.short(), body.number));
        for (at, step) in body.steps.iter().enumerate() {
            print::note(format!("  {} {} {}", at + 1, step.tool, step.target));
        }
        print::note("Answer YES to take responsibility; anything else blocks it.");
        match self.lines.lock().await.next_line().await {
            Ok(Some(answer)) => Some(answer),
            // At the end of input nobody will answer any more: that is no YES.
            Ok(None) => Some(String::new()),
            Err(_) => None,
        }
    }
}
