//! The command `ukeyhub`: chooses the language, reads the command line, runs one subcommand, ends with its exit code.
//! It must not do a subcommand's work: each has a file or folder of its own.

#![forbid(unsafe_code)]

mod cli;
mod exit;
mod language;
mod list;
mod messages;
mod output;
mod reasons;
mod table;
mod visible;

use std::ffi::OsString;
use std::process::ExitCode;

use cli::{Parsed, Subcommand};
use exit::{End, Failure};
use language::Language;
use output::{Output, complain};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let language = Language::chosen(&arguments);
    let end = run(&arguments, language).unwrap_or_else(|failure| {
        complain(&failure.explain(language));
        failure.end()
    });
    end.into()
}

fn run(arguments: &[OsString], language: Language) -> Result<End, Failure> {
    // Before any library is loaded, so that none can print into our result.
    let mut output = Output::take()?;
    match cli::parse(arguments, language) {
        Parsed::Run(Subcommand::List(arguments)) => list::run(&arguments, language, &mut output),
        Parsed::Help(text) => {
            output.result(&text)?;
            Ok(End::Done)
        }
        Parsed::Wrong(text) => {
            complain(&text);
            Ok(End::Usage)
        }
    }
}
