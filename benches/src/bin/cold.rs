//! One cold start, for the bench `start`: loads the libraries named as arguments as a host does, and prints how long
//! that took. It must do nothing else before or between: everything here is inside what is measured.
#![forbid(unsafe_code)]

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use ukeyhub_benches::Failure;
use ukeyhub_benches::call::Library;
use ukeyhub_benches::cold::Report;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the report is this program's purpose")]
fn main() -> ExitCode {
    match cold() {
        Ok(report) => {
            print!("{}", report.to_text());
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn cold() -> Result<Report, Failure> {
    let paths: Vec<_> = std::env::args_os().skip(1).collect();
    let mut libraries = Vec::with_capacity(paths.len());
    let before = resident()?;

    let clock = Instant::now();
    for path in &paths {
        let library = Library::load(Path::new(path))?;
        library.initialize()?;
        libraries.push(library);
    }
    let start = clock.elapsed();

    let mut list = [0; 256];
    let mut slots = 0;
    let clock = Instant::now();
    for library in &libraries {
        slots += library.slots(&mut list)?;
    }
    let listed = clock.elapsed();
    let resident = resident()?.saturating_sub(before);

    let clock = Instant::now();
    for library in &libraries {
        library.finalize()?;
    }
    let finalize = clock.elapsed();

    let nanoseconds = |span: std::time::Duration| span.as_nanos() as u64;
    Ok(Report {
        start: nanoseconds(start),
        list: nanoseconds(listed),
        finalize: nanoseconds(finalize),
        resident,
        slots: slots as u64,
    })
}

/// This process's resident memory in bytes.
fn resident() -> Result<u64, Failure> {
    let text = fs::read_to_string("/proc/self/status").map_err(Failure::during("/proc/self/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Ok(kibibytes.ok_or_else(|| Failure::Setup("no VmRSS in /proc/self/status".to_owned()))? * 1024)
}
