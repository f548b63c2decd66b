//! Writes the record of the last `cargo bench` into `benches/results`. It must not measure anything.
#![forbid(unsafe_code)]

use std::path::Path;
use std::process::ExitCode;

use ukeyhub_benches::Failure;
use ukeyhub_benches::record::Record;
use ukeyhub_benches::run::criterion_home;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this program's purpose")]
fn main() -> ExitCode {
    match record() {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("record: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Answers the page and where it was written.
fn record() -> Result<String, Failure> {
    let record = Record::read(&criterion_home()?)?;
    let path = record.write(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/results")))?;
    let page = std::fs::read_to_string(&path).map_err(Failure::during(path.display()))?;
    Ok(format!("{page}\nWritten: {}", path.display()))
}
