//! `ukeyhub list`: the libraries, slots and tokens that a host sees through the module. It starts the libraries as the
//! module does, looks once, ends them, and only then prints. It must not open a session or change anything.

mod collect;
mod flags;
mod json;
mod text;

use clap::Args;
use ukeyhub_vendors::places::Places;

use crate::exit::{End, Failure};
use crate::language::Language;
use crate::output::Output;

/// The options of `ukeyhub list`.
#[derive(Args)]
pub struct Arguments {
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
///
/// # Errors
/// The configuration cannot be used, or the list cannot be written.
pub fn run(arguments: &Arguments, language: Language, output: &mut Output) -> Result<End, Failure> {
    let list = collect::collect(&Places::of_process())?;
    let shown = if arguments.json { json::render(&list)? } else { text::render(&list, language, output.width()) };
    output.result(&shown)?;
    Ok(if list.all_skipped() { End::AllSkipped } else { End::Done })
}
