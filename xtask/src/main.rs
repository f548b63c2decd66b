//! `cargo xtask demo | test | check | bench`: everything a fresh machine needs, in one command each.
//! It installs what is missing, builds, runs, and says what came out. It never changes anything outside the target
//! folder, a throw-away folder and, where a step needs it, the system's packages and Rust's targets.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this program exists to talk to the person who ran it")]

mod artefacts;
mod bench;
mod check;
mod demo;
mod packages;
mod run;
mod test;
mod words;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::run::Failure;
use crate::words::{Console, Language};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "One command for each thing a fresh machine can do")]
struct Arguments {
    /// Language of the messages; the locale's when absent
    #[arg(long, global = true, value_enum)]
    lang: Option<Language>,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Make two throw-away tokens, sign and verify with both through the one module
    Demo,
    /// Run every test
    Test {
        /// Add what takes long: the release build too, and ten times the random cases
        #[arg(long)]
        all: bool,
    },
    /// Format, lints, documentation, the builds for all five targets, licences and sources of dependencies
    Check,
    /// Run the benches
    Bench,
    /// The part of `demo` that loads the module: a process of its own, because the libraries read its environment
    #[command(hide = true)]
    DemoSign(demo::SignArguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let console = Console::new(arguments.lang.unwrap_or_else(Language::of_locale));
    if cfg!(not(target_os = "linux")) {
        console.error(console.pick(
            "cargo xtask works on Debian and Ubuntu only. Elsewhere, build the module with \
             `cargo build --release -p ukeyhub-pkcs11 -p ukeyhub`.",
            "cargo xtask 仅支持 Debian 和 Ubuntu。其他系统请用 `cargo build --release -p ukeyhub-pkcs11 -p ukeyhub` 编译。",
        ));
        return ExitCode::FAILURE;
    }
    match perform(&console, arguments.task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            console.error(failure);
            ExitCode::FAILURE
        }
    }
}

fn perform(console: &Console, task: Task) -> Result<(), Failure> {
    match task {
        Task::Demo => demo::demo(console),
        Task::Test { all } => test::test(console, all),
        Task::Check => check::check(console),
        Task::Bench => bench::bench(console),
        Task::DemoSign(arguments) => demo::sign(console, &arguments),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Arguments;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
