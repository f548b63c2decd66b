//! Runs a test's body in a process of its own: a PKCS#11 module has process-global state, so two tests that
//! initialise one must never share a process. It must not let a body that did not run to its end count as passed.
//!
//! The test executable is started again with `--exact <test>`; the marker in the environment tells the child to run
//! the body instead of starting yet another process. Statements of the test before the call run in both processes.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use crate::configuration::private_folder;

/// In the child: the full name of the test it was started for.
const MARKER: &str = "UKEYHUB_ISOLATED";
/// In the child: the file that says how far the body got.
const REPORT: &str = "UKEYHUB_ISOLATED_REPORT";
const DEFAULT_LIMIT: Duration = Duration::from_secs(120);

/// Runs `body` in a process of its own, for at most 120 s.
///
/// # Panics
/// In the parent when the body fails, does not reach its end, or takes too long; the child's output is shown.
pub fn isolated(body: impl FnOnce()) {
    Isolation::new().run(body);
}

/// As [`isolated`], with variables set in the child from its start.
///
/// # Panics
/// As [`isolated`].
pub fn isolated_with_env<K: AsRef<OsStr>, V: AsRef<OsStr>>(variables: &[(K, V)], body: impl FnOnce()) {
    variables.iter().fold(Isolation::new(), |isolation, (name, value)| isolation.env(name, value)).run(body);
}

/// True in a process that was started by this file.
pub fn is_isolated() -> bool {
    std::env::var_os(MARKER).is_some()
}

/// Sets a variable of this process: the easy way for a body that makes its own store or configuration.
///
/// # Panics
/// Outside an isolated body, where other tests run beside.
pub fn set_env(name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) {
    assert!(is_isolated(), "set_env may only be called in an isolated body");
    // SAFETY: one test runs in this process and libtest's main thread only waits for it, so nobody reads the
    // environment meanwhile; a body that has started threads of its own must not call this, as documented.
    unsafe { std::env::set_var(name, value) };
}

/// The settings of an isolated run.
///
/// The child inherits the environment without the variables that start with `UKEYHUB_` (a developer's own settings
/// must not decide a test), but with `UKEYHUB_ARTEFACTS`.
#[derive(Debug)]
#[must_use = "nothing runs until `run` or `status` is called"]
pub struct Isolation {
    variables: Vec<(OsString, OsString)>,
    limit: Duration,
}

impl Default for Isolation {
    fn default() -> Self {
        Self::new()
    }
}

impl Isolation {
    /// No variables, 120 s.
    pub fn new() -> Self {
        Self { variables: Vec::new(), limit: DEFAULT_LIMIT }
    }

    /// Sets a variable in the child from its start.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.as_ref().into(), value.as_ref().into()));
        self
    }

    /// The child is killed, and the test fails, after this long.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs the body; it must reach its end and the process must end with success.
    ///
    /// # Panics
    /// As [`isolated`].
    pub fn run<F: FnOnce()>(self, body: F) {
        if is_isolated() {
            return in_child(body);
        }
        let name = test_name::<F>();
        let ending = self.start(&name);
        if !ending.status.success() || ending.report != "ended" {
            eprintln!("---- output of the isolated process of {name} ----\n{}\n----", ending.output);
            panic!("the isolated body of {name} {} ({})", how_far(&ending.report), ending.status);
        }
    }

    /// Runs a body that may end its process (exit, abort, signal) and tells how it ended.
    ///
    /// In the parent the answer is `Some`; in the child, where the test goes on only if the body returned, `None`.
    ///
    /// # Panics
    /// In the parent when the body never began or took too long.
    pub fn status<F: FnOnce()>(self, body: F) -> Option<ExitStatus> {
        if is_isolated() {
            in_child(body);
            return None;
        }
        let name = test_name::<F>();
        let ending = self.start(&name);
        if ending.report.is_empty() {
            eprintln!("---- output of the isolated process of {name} ----\n{}\n----", ending.output);
            panic!("the isolated body of {name} {} ({})", how_far(&ending.report), ending.status);
        }
        Some(ending.status)
    }

    fn start(self, name: &str) -> Ending {
        let folder = private_folder("ukeyhub-isolated-");
        let (output, report) = (folder.path().join("output"), folder.path().join("report"));
        let this = std::env::current_exe().expect("the path of the test executable");
        let log = File::create(&output).expect("a file for the child's output");
        let mut command = Command::new(this);
        command.args(["--exact", name, "--nocapture", "--test-threads=1"]);
        for (key, _) in std::env::vars_os() {
            if key.to_string_lossy().starts_with("UKEYHUB_") && key != "UKEYHUB_ARTEFACTS" {
                command.env_remove(key);
            }
        }
        command.envs(self.variables).env(MARKER, name).env(REPORT, &report);
        command.stdout(log.try_clone().expect("a second handle of the output file")).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start {name} again: {error}"));
        let status = wait(child, self.limit).unwrap_or_else(|| {
            eprintln!("---- output of the isolated process of {name} ----\n{}\n----", read(&output));
            panic!("the isolated body of {name} took longer than {:?} and was killed", self.limit)
        });
        Ending { status, report: read(&report), output: read(&output) }
    }
}

struct Ending {
    status: ExitStatus,
    /// Empty, "began" or "ended".
    report: String,
    output: String,
}

fn how_far(report: &str) -> &'static str {
    match report {
        "" => "never began: call `isolated` from the test function itself, so that its name is known",
        "began" => "did not reach its end",
        _ => "reached its end, but its process failed",
    }
}

fn in_child(body: impl FnOnce()) {
    let report = PathBuf::from(std::env::var_os(REPORT).expect("UKEYHUB_ISOLATED_REPORT beside UKEYHUB_ISOLATED"));
    fs::write(&report, "began").expect("the report file can be written");
    body();
    fs::write(&report, "ended").expect("the report file can be written");
}

/// The full name of the running test, as libtest knows it.
///
/// With several test threads libtest names the thread after the test. With one, it runs tests on the main thread:
/// then nextest (and a developer) gives the name with `--exact`, and failing that the type of the body, which is a
/// closure of the test function, carries it. A wrong guess selects no test in the child, and that fails.
fn test_name<F>() -> String {
    if let Some(name) = thread::current().name().filter(|name| *name != "main") {
        return name.to_owned();
    }
    exact_argument().unwrap_or_else(|| name_in_type(std::any::type_name::<F>()))
}

/// The one test named on a command line with `--exact`.
fn exact_argument() -> Option<String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut names = arguments.iter().filter(|argument| !argument.starts_with('-'));
    match (arguments.iter().any(|argument| argument == "--exact"), names.next(), names.next()) {
        (true, Some(name), None) => Some(name.clone()),
        _ => None,
    }
}

/// `crate::module::test::{{closure}}` without the crate and the closure.
fn name_in_type(path: &str) -> String {
    let path = path.split("::{{closure}}").next().unwrap_or(path);
    path.split_once("::").map_or(path, |(_, name)| name).to_owned()
}

/// Waits at most `limit`; past it the child is killed and the answer is `None`.
fn wait(mut child: Child, limit: Duration) -> Option<ExitStatus> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait().expect("the child can be waited for") {
            return Some(status);
        }
        if start.elapsed() >= limit {
            child.kill().expect("the child can be killed");
            child.wait().expect("the killed child can be waited for");
            return None;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

/// The text of a file that the child may not have written.
fn read(path: &Path) -> String {
    match fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::name_in_type;

    #[test]
    fn a_name_is_taken_from_the_type_of_a_closure() {
        assert_eq!(name_in_type("suite::slots::order::{{closure}}"), "slots::order");
        assert_eq!(name_in_type("suite::order::{{closure}}::{{closure}}"), "order");
    }
}
