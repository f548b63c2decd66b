//! `cargo xtask check`: what must hold beside the tests. Every step runs, also after one has failed; the last lines
//! say how each ended and how long it took. A target that cannot be installed is a failed step, never a skipped one.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::artefacts::Workspace;
use crate::packages::{self, Need};
use crate::run::{self, Failure, during};
use crate::words::Console;

/// What the module and the command are built for. The machine that builds them is x86_64 Linux.
const TARGETS: [&str; 5] =
    [HOST, "i686-unknown-linux-gnu", "aarch64-unknown-linux-gnu", WINDOWS, "i686-pc-windows-gnu"];
const HOST: &str = "x86_64-unknown-linux-gnu";
const WINDOWS: &str = "x86_64-pc-windows-gnu";

/// The release that is installed when there is no cargo-deny. Without default features it builds in half the time; what
/// is left out is only needed for advisories.
const CARGO_DENY: &str = "0.20.2";

/// Runs every check.
pub fn check(console: &Console) -> Result<(), Failure> {
    let workspace = Workspace::find()?;
    let root = workspace.root.as_path();
    let mut report = Report { console, steps: Vec::new() };
    report.step("packages", || packages::ensure(console, Need::Check, &workspace.target).map(drop));
    report.step("format", || run::show(&mut cargo(root, &["fmt", "--all", "--check"])));
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    report.step("clippy", || run::show(&mut cargo(root, &clippy)));
    // The module's other platform has code of its own that the host's lints never see.
    let windows = ["clippy", "--target", WINDOWS, "-p", "ukeyhub-pkcs11", "-p", "ukeyhub", "--", "-D", "warnings"];
    report.step("clippy for Windows", || {
        ensure_target(WINDOWS)?;
        run::show(&mut cargo(root, &windows))
    });
    report.step("documentation", || {
        run::show(cargo(root, &["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
    });
    for target in TARGETS {
        report.step(target, || build_for(root, target));
    }
    report.step("cargo-deny", || {
        install_cargo_deny(console, root)?;
        run::show(&mut cargo(
            root,
            &["deny", "--locked", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"],
        ))
    });
    report.conclude()
}

fn build_for(root: &Path, target: &str) -> Result<(), Failure> {
    ensure_target(target)?;
    let mut build = cargo(root, &["build", "-p", "ukeyhub-pkcs11", "-p", "ukeyhub"]);
    if target != HOST || cfg!(not(target_arch = "x86_64")) {
        // Left out for the host itself: what the tests have built is then used again.
        build.args(["--target", target]);
    }
    run::show(&mut build)
}

/// Asked of the compiler, not of rustup: a distribution's Rust has its own way to bring targets.
fn ensure_target(target: &str) -> Result<(), Failure> {
    let folder = run::output_of(Command::new("rustc").args(["--print", "target-libdir", "--target", target]))?;
    if Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    run::show(Command::new("rustup").args(["target", "add", target]))
        .map_err(during(format_args!("TARGET NOT INSTALLED, so not checked: {target}")))
}

fn install_cargo_deny(console: &Console, root: &Path) -> Result<(), Failure> {
    if run::capture(&mut cargo(root, &["deny", "--version"]))?.success {
        return Ok(());
    }
    console.line("  Installing cargo-deny, some minutes.", "  安装 cargo-deny，需要几分钟。");
    let arguments = ["install", "cargo-deny", "--version", CARGO_DENY, "--locked", "--no-default-features", "--quiet"];
    run::show(&mut cargo(root, &arguments))
}

fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = run::cargo();
    command.args(arguments).current_dir(root);
    command
}

/// What has been checked so far.
struct Report<'a> {
    console: &'a Console,
    steps: Vec<Step>,
}

struct Step {
    name: &'static str,
    took: Duration,
    failure: Option<Failure>,
}

impl Report<'_> {
    fn step(&mut self, name: &'static str, perform: impl FnOnce() -> Result<(), Failure>) {
        self.console.step(name, name);
        let start = Instant::now();
        let failure = perform().err();
        if let Some(failure) = &failure {
            self.console.error(failure);
        }
        self.steps.push(Step { name, took: start.elapsed(), failure });
    }

    /// Prints one line per step; fails if any step has.
    fn conclude(self) -> Result<(), Failure> {
        self.console.step("Summary", "汇总");
        for step in &self.steps {
            self.console.plain(step.line());
        }
        let failed: Vec<_> = self.steps.iter().filter(|step| step.failure.is_some()).map(|step| step.name).collect();
        let count = self.steps.len();
        if failed.is_empty() {
            self.console.line(format_args!("All {count} checks passed."), format_args!("{count} 项检查全部通过。"));
            return Ok(());
        }
        Err(Failure::new(self.console.pick(
            format_args!("{} of {count} checks failed: {}", failed.len(), failed.join(", ")),
            format_args!("{count} 项检查中有 {} 项不通过：{}", failed.len(), failed.join("、")),
        )))
    }
}

impl Step {
    fn line(&self) -> String {
        let seconds = self.took.as_secs_f64();
        match &self.failure {
            None => format!("  {:<26} {seconds:>7.1} s  ok", self.name),
            Some(failure) => format!("  {:<26} {seconds:>7.1} s  FAILED: {failure}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Report;
    use crate::run::Failure;
    use crate::words::{Console, Language};

    fn conclusion(outcomes: &[(&'static str, bool)]) -> Result<(), Failure> {
        let console = Console::new(Language::En);
        let mut report = Report { console: &console, steps: Vec::new() };
        for &(name, good) in outcomes {
            report.step(name, || if good { Ok(()) } else { Err(Failure::new("it is bad")) });
        }
        assert_eq!(report.steps.len(), outcomes.len(), "every step runs");
        for (step, (name, good)) in report.steps.iter().zip(outcomes) {
            let line = step.line();
            assert!(line.contains(name) && line.contains("FAILED: it is bad") != *good, "{line}");
        }
        report.conclude()
    }

    #[test]
    fn a_failed_step_lets_the_others_run_and_fails_the_whole() {
        let failure = conclusion(&[("one", true), ("two", false), ("three", true), ("four", false)]).unwrap_err();
        assert_eq!(failure.to_string(), "2 of 4 checks failed: two, four");
        conclusion(&[("one", true), ("two", true)]).unwrap();
    }
}
