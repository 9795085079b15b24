//! The committed matrix case × backend must equal what the selected backends offer.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use libtest_mimic::{Failed, Trial};
use wingman_conformance::{Backend, Mode, Offer};

use crate::LAYERS;

const HEAD: &str = "\
# Which side of each conformance case applies to which backend: `run`, or `absent` where the backend
# does not offer what the case needs and the case checks that it says so.
# After a change that is meant, start the brokers, select them, and write it again:
#   WINGMAN_MATRIX=write cargo test -p wingman-tests --test suite matrix
";

/// Backend -> case -> mode. Columns of other backends stay as committed.
pub(crate) type Columns = BTreeMap<String, BTreeMap<String, String>>;

/// One test for a backend, of its column.
pub(crate) fn trial(backend: &Arc<dyn Backend>, broker: &Arc<RwLock<()>>) -> Trial {
    let (backend, broker) = (backend.clone(), broker.clone());
    Trial::test(format!("{}::matrix", backend.name()), move || {
        // A broker that is being restarted tells nothing.
        let _shared = broker.read().unwrap_or_else(PoisonError::into_inner);
        check(backend.name(), crate::block_on(column(&*backend))?)
    })
}

/// Whether the committed matrix says that a case runs on a backend.
pub(crate) fn runs(backend: &str, layer: &str, case: &str) -> bool {
    let committed = committed().unwrap_or_default();
    let column = committed.get(backend).into_iter();
    column
        .flatten()
        .any(|(name, mode)| *name == format!("{layer}::{case}") && *mode == Mode::Run.to_string())
}

fn check(backend: &str, column: BTreeMap<String, String>) -> Result<(), Failed> {
    // Tests of other backends may be writing their columns.
    static FILE: Mutex<()> = Mutex::new(());
    let _alone = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("matrix.txt");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let mut columns = read(&committed)?;
    columns.insert(backend.to_owned(), column);
    let seen = write(&columns);
    if std::env::var("WINGMAN_MATRIX").is_ok_and(|wish| wish == "write") {
        std::fs::write(&path, seen)?;
    } else if committed != seen {
        let why = format!("matrix.txt differs; its head says how to write it. Seen:\n{seen}");
        return Err(why.into());
    }
    Ok(())
}

async fn column(backend: &dyn Backend) -> Result<BTreeMap<String, String>, Failed> {
    let transport = backend.connect().await?;
    let capabilities = transport.capabilities();
    transport.close().await?;
    let cases = LAYERS.iter().flat_map(|layer| layer.cases.iter().map(move |case| (layer, case)));
    let row = |(layer, case): (&crate::Layer, &wingman_conformance::Case)| {
        let name = format!("{}::{}", layer.name, case.name);
        let offer = Offer {
            capabilities,
            faults: backend.faults(),
            lacks: backend.lacks(),
            governed: (layer.harness)().is_governed(),
        };
        (name, case.mode(&offer).to_string())
    };
    Ok(cases.map(row).collect())
}

/// The committed columns.
pub(crate) fn committed() -> Result<Columns, Failed> {
    read(include_str!("../../matrix.txt"))
}

fn read(text: &str) -> Result<Columns, Failed> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let Some(names) = lines.next() else {
        return Ok(Columns::new());
    };
    let names: Vec<_> = names.split_whitespace().skip(1).collect();
    let mut columns = Columns::new();
    for line in lines {
        let mut words = line.split_whitespace();
        let case = words.next().ok_or("matrix.txt has an empty line")?;
        for name in &names {
            let mode = words.next().ok_or_else(|| format!("{case} has no mode for {name}"))?;
            let column = columns.entry((*name).to_owned()).or_default();
            column.insert(case.to_owned(), mode.to_owned());
        }
    }
    Ok(columns)
}

fn write(columns: &Columns) -> String {
    let cases: std::collections::BTreeSet<_> = columns.values().flat_map(BTreeMap::keys).collect();
    let width = cases.iter().map(|case| case.len()).max().unwrap_or_default();
    let mut text = HEAD.to_owned();
    let widths: Vec<_> = columns.keys().map(|name| name.len().max(8)).collect();
    let mut line = |first: &str, cells: Vec<&str>| {
        let cells = cells.iter().zip(&widths);
        let cells: String = cells.map(|(cell, width)| format!(" {cell:<width$}")).collect();
        let row = format!("{first:<width$}{cells}");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", row.trim_end());
    };
    line("case", columns.keys().map(String::as_str).collect());
    for case in cases {
        let mode = |column: &BTreeMap<String, String>| column.get(case).cloned();
        let modes: Vec<_> =
            columns.values().map(|column| mode(column).unwrap_or_else(|| "-".into())).collect();
        line(case, modes.iter().map(String::as_str).collect());
    }
    text
}
