//! `docs/benchmarks.md`, from `template.md`, whose words in `{{…}}` are filled in.

use std::time::Instant;

const TEMPLATE: &str = include_str!("template.md");
/// Where instructions go. Taken by hand, under valgrind, when what they show was changed.
const PROFILES: &str = include_str!("profiles.md");

/// Whether the numbers mean anything.
const BUILD: &str = if cfg!(debug_assertions) {
    "**without optimisation, so that its numbers mean nothing**"
} else {
    "optimised"
};

pub(crate) struct Document {
    text: String,
    /// All but the brokers'.
    tables: String,
    brokers: String,
    began: Instant,
}

impl Document {
    pub(crate) fn begin() -> Self {
        let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
        let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
        let text = TEMPLATE
            .replace("{{rounds}}", &crate::measure::ROUNDS.to_string())
            .replace("{{cores}}", &cores.to_string())
            .replace("{{date}}", &today)
            .replace("{{build}}", BUILD)
            .replace("{{load}}", &load())
            .replace("{{profiles}}", PROFILES.trim_end());
        Self { text, tables: String::new(), brokers: String::new(), began: Instant::now() }
    }

    pub(crate) fn table(&mut self, name: &str, table: &str) {
        self.text = self.text.replace(&format!("{{{{{name}}}}}"), table.trim_end());
        self.tables.push_str(&format!("### {name}\n\n{table}\n"));
    }

    pub(crate) fn broker(&mut self, name: &str, tables: &str) {
        self.brokers.push_str(&format!("### {name}\n\n{tables}\n"));
    }

    /// The tables alone.
    pub(crate) fn tables(&self) -> String {
        format!("{}{}", self.tables, self.brokers)
    }

    /// The whole document.
    pub(crate) fn text(&self) -> String {
        let counts = counts();
        let text = self.text.replace("{{brokers}}", self.brokers.trim_end());
        let text = text.replace("{{counts}}", counts.trim_end());
        let minutes = self.began.elapsed().as_secs_f64() / 60.0;
        let text = text.replace("{{minutes}}", &format!("{minutes:.0}"));
        assert!(!text.contains("{{"), "a place of the template was not filled in");
        text
    }
}

/// The load of the machine before anything was measured, which says whether others were at work.
fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("unknown").to_owned()
}

/// The counts that `tests/counts` holds.
fn counts() -> String {
    let mut table = "| build | work | instructions | allocations |\n|---|---|---|---|\n".to_owned();
    for line in include_str!("../../tests/counts/budgets.txt").lines() {
        if let [build, work, instructions, allocations] =
            line.split_whitespace().collect::<Vec<_>>()[..]
            && !line.starts_with('#')
        {
            table.push_str(&format!("| {build} | {work} | {instructions} | {allocations} |\n"));
        }
    }
    table
}
