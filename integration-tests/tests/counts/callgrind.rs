//! Runs the program `counted` under callgrind and reads what it wrote (Valgrind manual, "Callgrind
//! Format Specification").

use std::process::Command;

/// What a whole run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) instructions: u64,
    pub(crate) allocations: u64,
}

/// What allocates in the C library, on which Rust's allocator stands.
const ALLOCATE: &[&str] = &["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc"];

/// Where threads of Kafka's client begin, and those of its simulated cluster: what they do is not ours,
/// and how often they look around is a matter of time.
const NOT_OURS: &[&str] = &[
    "rd_kafka_thread_main",
    "rd_kafka_broker_thread_main",
    "rd_kafka_background_thread_main",
    "rd_kafka_mock_cluster_thread_main",
];

/// # Errors
/// Says what to do where valgrind is missing, and what the program said where it failed.
pub(crate) fn run(work: &str, messages: u32) -> Result<Totals, String> {
    run_by("valgrind", work, messages)
}

fn run_by(valgrind: &str, work: &str, messages: u32) -> Result<Totals, String> {
    let folder = tempfile::TempDir::with_prefix("wingman-counts-").expect("a folder can be made");
    let written = folder.path().join("callgrind.out");
    let output = Command::new(valgrind)
        .args(["--tool=callgrind", "--compress-strings=no", "--error-exitcode=99"])
        .arg("--separate-threads=yes")
        .arg(format!("--callgrind-out-file={}", written.display()))
        .arg(env!("CARGO_BIN_EXE_counted"))
        .args([work, &messages.to_string()])
        .output()
        .map_err(|error| {
            format!(
                "{valgrind} does not start ({error}), and nothing is counted without it: \
                 apt-get install valgrind, or run test.sh, which does it"
            )
        })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("counted {work} {messages} ended with {}: {said}", output.status));
    }
    let mut totals = Totals::default();
    for thread in std::fs::read_dir(folder.path()).expect("the folder is there") {
        let path = thread.expect("a file in it").path();
        let of_thread = read(&std::fs::read_to_string(path).expect("callgrind wrote its file"));
        totals.instructions += of_thread.instructions;
        totals.allocations += of_thread.allocations;
    }
    assert!(totals.instructions > 0 && totals.allocations > 0, "callgrind counted nothing");
    Ok(totals)
}

/// What one thread did, if it is ours. The line `totals:` has the instructions; a call is a line
/// `calls=COUNT …` after the name of what is called, `cfn=NAME`, which has `'2` and so on behind it in a
/// recursion.
fn read(text: &str) -> Totals {
    let mut totals = Totals::default();
    let mut called = "";
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("cfn=") {
            called = name.split('\'').next().unwrap_or(name);
        } else if line.strip_prefix("fn=").is_some_and(|name| NOT_OURS.contains(&name)) {
            return Totals::default();
        } else if let Some(calls) = line.strip_prefix("calls=") {
            if ALLOCATE.contains(&called) {
                totals.allocations += number(calls);
            }
        } else if let Some(sum) = line.strip_prefix("totals: ") {
            totals.instructions = number(sum);
        }
    }
    totals
}

fn number(text: &str) -> u64 {
    let first = text.split_whitespace().next().unwrap_or_default();
    first.parse().unwrap_or_else(|_| panic!("expected a number, seen {text:?}"))
}

#[test]
fn calls_of_what_allocates_are_summed() {
    let text = "events: Ir\nfn=main\n1 5\ncfn=malloc\ncalls=3 0\n1 90\ncfn=mallocate\ncalls=9 0\n\
                cfn=realloc'2\ncalls=2 0\n1 7\ntotals: 102\n";
    assert_eq!(read(text), Totals { instructions: 102, allocations: 5 });
    let of_client = format!("fn=rd_kafka_broker_thread_main\n1 5\n{text}");
    assert_eq!(read(&of_client), Totals::default());
}

#[test]
fn without_valgrind_it_fails_and_says_what_to_do() {
    let error = run_by("no-such-valgrind", "publish", 1).unwrap_err();
    assert!(error.contains("apt-get install valgrind"), "{error}");
}

#[test]
fn a_program_that_fails_is_told_of() {
    let error = run("no such work", 1).unwrap_err();
    assert!(error.contains("usage: counted"), "{error}");
}
