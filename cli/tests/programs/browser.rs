//! Looking at a page with Chromium, headless and with a profile of its own: what it makes of the page,
//! in a window of a given size and a given scheme, and what it complains about.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use tempfile::TempDir;

/// Longer than the largest page takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks the page in the frame `w` for what tests want to know.
const ASK: &str = include_str!("ask.js");

/// How a page is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    pub(crate) width: u32,
    pub(crate) is_dark: bool,
    /// Whether the page's own script may run.
    pub(crate) has_scripts: bool,
}

pub(crate) const PHONE: View = View { width: 360, is_dark: false, has_scripts: true };
pub(crate) const DESKTOP: View = View { width: 1280, ..PHONE };

/// What was seen.
#[derive(Debug)]
pub(crate) struct Seen {
    /// The answers of `ask.js`.
    pub(crate) page: Value,
    /// What the browser wrote to its console.
    pub(crate) complaints: Vec<String>,
}

impl Seen {
    /// The nodes of the tree, in their order.
    pub(crate) fn nodes(&self) -> &Vec<Value> {
        self.page["nodes"].as_array().unwrap()
    }

    /// Fails if something is wrong with any page.
    #[track_caller]
    pub(crate) fn well(self) -> Self {
        assert_eq!(self.complaints, Vec::<String>::new());
        let (content, window) = (self.page["contentWidth"].as_u64(), self.page["width"].as_u64());
        assert!(content <= window, "wider than the window: {:?}", self.page["wide"]);
        for (name, expected) in [("poorContrast", "[]"), ("doubledIds", "[]"), ("deadLinks", "[]")]
        {
            assert_eq!(self.page[name].to_string(), expected, "{name}");
        }
        self
    }
}

/// Looks at a page. It stands in a frame, because windows cannot be as narrow as phones.
#[track_caller]
pub(crate) fn look(page: &Path, view: View) -> Seen {
    let folder = TempDir::new().unwrap();
    let (url, width) = (url(page), view.width);
    let sandbox = if view.has_scripts { "" } else { "sandbox=\"allow-same-origin\"" };
    let outside = format!(
        "<!doctype html><iframe {sandbox} src=\"{url}\" width=\"{width}\" height=\"800\" style=\"border:0\">\
         </iframe><script>\n{ASK}\n</script>"
    );
    let frame = folder.path().join("frame.html");
    fs::write(&frame, outside).unwrap();
    let scheme = if view.is_dark { "0" } else { "1" };
    let scheme = format!("--blink-settings=preferredColorScheme={scheme}");
    let (out, err) = chromium(folder.path(), &[&scheme, "--dump-dom", &self::url(&frame)]);
    let seen = out.split_once("data-seen=\"").and_then(|(_, rest)| rest.split_once('"'));
    let (seen, _) = seen.unwrap_or_else(|| panic!("the page was not seen: {err}"));
    let page = serde_json::from_slice(&BASE64.decode(seen).unwrap()).unwrap();
    let complaints = err.lines().filter(|line| line.contains(":CONSOLE:")).map(str::to_owned);
    Seen { page, complaints: complaints.collect() }
}

fn url(page: &Path) -> String {
    format!("file://{}", page.display())
}

/// Runs the browser to its end, with a bound, and returns what it wrote.
fn chromium(folder: &Path, arguments: &[&str]) -> (String, String) {
    let (out, err) = (folder.join("out"), folder.join("err"));
    let mut child = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        .args(["--no-first-run", "--disable-background-networking", "--disable-component-update"])
        .args(["--disable-extensions", "--disable-sync", "--enable-logging=stderr"])
        .args(["--allow-file-access-from-files", "--window-size=1400,900"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(fs::File::create(&out).unwrap())
        .stderr(fs::File::create(&err).unwrap())
        .spawn()
        .expect("chromium is missing: integration-tests/test.sh installs it");
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() >= deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("the browser did not end: {}", fs::read_to_string(err).unwrap());
        }
        thread::sleep(Duration::from_millis(10));
    }
    let read = |path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    (read(out), read(err))
}
