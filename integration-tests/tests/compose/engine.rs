//! What `brokers.sh` asks of a Docker engine, seen by a stand-in that takes down how it is called. No
//! engine runs here: that containers start is not shown.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

use crate::script;

/// A `docker` that answers or not, and the lines it was called with.
struct Docker(TempDir);

impl Docker {
    fn new(answers: bool) -> Self {
        let folder = TempDir::new().expect("a folder");
        let program = folder.path().join("docker");
        let code = i32::from(!answers);
        let text = format!(
            "#!/bin/sh\n[ \"$1\" = info ] && exit {code}\necho \"$@\" >>'{}'\n\
             case \"$*\" in *' ps '*) echo redis;; esac\n",
            folder.path().join("calls").display()
        );
        fs::write(&program, text).expect("a program");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a mode");
        Self(folder)
    }

    /// Runs the script, and returns what it prints and what it asked `docker compose`, each from the
    /// command on.
    fn run(&self, arguments: &str, by: Option<&str>) -> (String, Vec<String>) {
        let (said, calls) = self.run_at(&self.0.path().join("home"), arguments, by);
        let asked = calls.lines().filter_map(|line| line.split_once(" --profile * "));
        (said, asked.map(|(_, it)| it.to_owned()).collect())
    }

    /// The same with this home, and with all that `docker` was called with.
    fn run_at(&self, home: &Path, arguments: &str, by: Option<&str>) -> (String, String) {
        let path = std::env::var("PATH").expect("a path");
        let mut command = script::brokers();
        command.args(arguments.split(' ')).env("BROKERS_HOME", home);
        command.env("PATH", format!("{}:{path}", self.0.path().display()));
        if let Some(by) = by {
            command.env("BROKERS_BY", by);
        }
        let output = command.output().expect("the script runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let calls = self.0.path().join("calls");
        let lines = fs::read_to_string(&calls).unwrap_or_default();
        drop(fs::remove_file(calls));
        (String::from_utf8_lossy(&output.stdout).into_owned(), lines)
    }
}

#[test]
fn an_engine_that_answers_is_asked() {
    let docker = Docker::new(true);
    for (command, asked) in [
        ("up redis", &["up --detach --wait redis"][..]),
        ("up kafka3", &["up --detach --wait kafka3-1 kafka3-2 kafka3-3"]),
        ("kill redis", &["kill redis"]),
        ("stop redis", &["stop redis"]),
        (
            "restart redis kafka",
            &["stop redis kafka", "up --detach --wait --no-recreate redis kafka"],
        ),
        ("down redis", &["rm --stop --force --volumes redis"]),
        (
            "ctl rabbitmq list_queues name",
            &["exec -T rabbitmq rabbitmqctl --quiet list_queues name"],
        ),
        (
            "ctl postgres -l",
            &["exec -T postgres psql --no-psqlrc -v ON_ERROR_STOP=1 --username=postgres -l"],
        ),
    ] {
        assert_eq!(docker.run(command, None).1, asked, "{command}");
    }
}

#[test]
fn all_are_started_and_ended_with_their_nodes() {
    let docker = Docker::new(true);
    let all = "redis kafka pubsub rabbitmq sns-sqs";
    assert_eq!(docker.run("up", None).1, [format!("up --detach --wait {all}")]);
    let others = "valkey elasticmq pubsub-emulator postgres kafka3-1 kafka3-2 kafka3-3";
    assert_eq!(docker.run("down", None).1, [format!("rm --stop --force --volumes {all} {others}")]);
}

#[test]
fn it_tells_what_runs() {
    let (said, _) = Docker::new(true).run("status redis kafka", None);
    assert_eq!(said, "redis running\nkafka stopped\n");
}

#[test]
fn without_an_engine_or_by_wish_it_is_native() {
    for (docker, by) in [(Docker::new(false), None), (Docker::new(true), Some("native"))] {
        let (said, asked) = docker.run("status redis", by);
        assert_eq!((said.as_str(), asked.len()), ("redis stopped\n", 0));
    }
}

#[test]
fn what_is_neither_is_refused() {
    let mut command = script::brokers();
    let output = command.args(["status", "redis"]).env("BROKERS_BY", "podman").output();
    let output = output.expect("the script runs");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("BROKERS_BY is 'podman': it may be docker or native"), "{said}");
}

/// Two homes are two projects, so that a test's own broker is not the shared one.
#[test]
fn a_home_is_a_project() {
    let project = |home: &str| {
        let (_, calls) = Docker::new(true).run_at(Path::new(home), "stop redis", None);
        let line = calls.lines().find(|line| line.contains("--project-name")).expect("a project");
        line.split_whitespace().nth(2).map(str::to_owned)
    };
    assert_ne!(project("/one"), project("/two"));
    assert_eq!(project("/one"), project("/one"));
}
