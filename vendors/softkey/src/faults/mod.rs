//! Faults on request: at a numbered call of a named function the library answers a code, waits, hangs, crashes, spoils its
//! outputs or loses the key. Lines come from the environment (for the process) or a file in a key's folder (for that key).
//! Counting is per function, per process and per source. It must not know any function's work.
//!
//! A line: `at=3 call=SKF_ECCSignData do=return:0x0A000001`. Lines are separated by line ends or `;`, `#` begins a comment.
//! `at`: a number from 1, `3+` (that call and all later ones) or `*`. `call`: a function, or `*`. `when=after`: once the work
//! is done, instead of before it. `do`:
//! `return:CODE` · `delay:MILLISECONDS` · `hang` · `crash:null|abort|stack` · `remove-key` · `garbage` (outputs, after the work)
//! · `length:+7|-7|=7` (the length answered, after the work).

mod crash;
mod line;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub use crash::Crash;
pub use line::LineFault;
use line::{Deed, Line, When};

/// Text of lines, or `@` and the path of a file with them.
pub const VARIABLE: &str = "UKEYHUB_SOFTKEY_FAULTS";
/// The file in a key's folder.
pub const FILE: &str = "faults";
/// What every call answers when the lines cannot be read or understood: outside all codes of the standard and of makers.
pub const BROKEN: u32 = 0x0AFA_0171;

/// The lines of one source with the calls counted so far.
#[derive(Debug)]
pub struct Faults {
    lines: Result<Vec<Line>, SourceFault>,
    calls: Mutex<BTreeMap<String, u64>>,
}

/// Why the lines of a source do not hold.
#[derive(Debug, thiserror::Error)]
pub enum SourceFault {
    /// A line is wrong.
    #[error("{source_name}:{fault}")]
    Line {
        /// The file, or the variable.
        source_name: String,
        /// Line and reason.
        fault: LineFault,
    },
    /// The file cannot be read.
    #[error("{}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        error: std::io::Error,
    },
    /// The variable is not UTF-8.
    #[error("{VARIABLE} is not UTF-8")]
    NotText,
}

/// What a call has to do. `before` has already waited, hung or crashed as far as that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use]
pub struct Action {
    /// Unplug the key now, then go on: the work finds it missing.
    pub remove_key: bool,
    /// Answer this code and do no work.
    pub answer: Option<u32>,
    /// For `Faults::after`.
    after: Vec<Deed>,
    /// Makes garbage differ from call to call, but not from run to run.
    seed: u64,
}

/// What a call has to do once its work is done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use]
pub struct Outcome {
    /// Unplug the key.
    pub remove_key: bool,
    /// Answer this code, although the work is done.
    pub answer: Option<u32>,
    garbage: Option<u64>,
    length: Option<Length>,
}

/// How an answered length differs from the true one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Longer by this.
    More(u32),
    /// Shorter by this, never below 0.
    Less(u32),
    /// This.
    Exactly(u32),
}

impl Faults {
    /// The lines of the process, from the environment; none without the variable. What is wrong with them is said once on
    /// standard error.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::from_variable(std::env::var_os(VARIABLE))
    }

    fn from_variable(value: Option<OsString>) -> Self {
        let value = value.unwrap_or_default();
        match value.to_str().map(|text| (text, text.strip_prefix('@'))) {
            Some((_, Some(file))) => Self::of(read(Path::new(file))),
            Some((text, None)) => Self::of(understood(VARIABLE, text)),
            None => Self::of(file_of(&value).map_or(Err(SourceFault::NotText), |file| read(&file))),
        }
    }

    /// The lines of a key: the file `faults` in its folder, none without it. Read once, when the key is first used.
    #[must_use]
    pub fn of_key(folder: &Path) -> Self {
        let file = folder.join(FILE);
        match read(&file) {
            Err(SourceFault::Read { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => {
                Self::of(Ok(Vec::new()))
            }
            lines => Self::of(lines),
        }
    }

    fn of(lines: Result<Vec<Line>, SourceFault>) -> Self {
        if let Err(why) = &lines {
            // The only way to reach whoever started the process; that nobody reads it is no reason to fail otherwise.
            _ = writeln!(std::io::stderr(), "ukeyhub-softkey: faults on request: {why}");
        }
        Self { lines, calls: Mutex::default() }
    }

    /// Why the lines do not hold, if so.
    #[must_use]
    pub fn broken(&self) -> Option<&SourceFault> {
        self.lines.as_ref().err()
    }

    /// To be called once at the start of each call. Counts it, does what can be done here (wait, hang, crash), and says the rest.
    /// With broken lines every call answers `BROKEN`.
    pub fn before(&self, function: &str) -> Action {
        let lines = match &self.lines {
            Ok(lines) if lines.is_empty() => return Action::default(),
            Ok(lines) => lines,
            Err(_) => return Action { answer: Some(BROKEN), ..Action::default() },
        };
        let call = self.count(function);
        let mut action = Action { seed: seed(function, call), ..Action::default() };
        for line in lines.iter().filter(|line| line.is_for(function, call)) {
            match (line.when, line.deed) {
                (When::After, deed) => action.after.push(deed),
                (When::Before, Deed::Return(code)) => action.answer = action.answer.or(Some(code)),
                (When::Before, Deed::RemoveKey) => action.remove_key = true,
                (When::Before, deed) => act(deed),
            }
        }
        action
    }

    fn count(&self, function: &str) -> u64 {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let count = calls.entry(function.to_owned()).or_default();
        *count += 1;
        *count
    }
}

impl Action {
    /// To be called once the work is done and the outputs are written. Waits, hangs or crashes if asked, and says the rest.
    pub fn after(&self) -> Outcome {
        let mut outcome = Outcome::default();
        for deed in &self.after {
            match *deed {
                Deed::Return(code) => outcome.answer = outcome.answer.or(Some(code)),
                Deed::RemoveKey => outcome.remove_key = true,
                Deed::Garbage => outcome.garbage = Some(self.seed),
                Deed::Length(length) => outcome.length = Some(length),
                deed => act(deed),
            }
        }
        outcome
    }
}

impl Outcome {
    /// Overwrites an output with garbage, if asked.
    pub fn spoil(&self, output: &mut [u8]) {
        let Some(mut state) = self.garbage else { return };
        for byte in output {
            // xorshift64: any bytes do, as long as a run can be repeated
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = state.to_le_bytes()[0];
        }
    }

    /// The length to answer for an output of this length.
    #[must_use]
    pub fn length(&self, true_length: u32) -> u32 {
        match self.length {
            None => true_length,
            Some(Length::More(more)) => true_length.wrapping_add(more),
            Some(Length::Less(less)) => true_length.saturating_sub(less),
            Some(Length::Exactly(length)) => length,
        }
    }

    /// Whether outputs or lengths are to be changed.
    #[must_use]
    pub fn changes_outputs(&self) -> bool {
        self.garbage.is_some() || self.length.is_some()
    }
}

/// Waits, hangs or crashes.
fn act(deed: Deed) {
    match deed {
        Deed::Delay(milliseconds) => std::thread::sleep(Duration::from_millis(milliseconds)),
        Deed::Hang => loop {
            std::thread::park();
        },
        Deed::Crash(crash) => crash.now(),
        Deed::Return(_) | Deed::RemoveKey | Deed::Garbage | Deed::Length(_) => {}
    }
}

/// FNV-1a; never 0, where xorshift would stay.
fn seed(function: &str, call: u64) -> u64 {
    let bytes = function.bytes().chain(call.to_le_bytes());
    bytes.fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)) | 1
}

fn read(file: &Path) -> Result<Vec<Line>, SourceFault> {
    let text = std::fs::read_to_string(file).map_err(|error| SourceFault::Read { path: file.into(), error })?;
    understood(&file.display().to_string(), &text)
}

fn understood(source: &str, text: &str) -> Result<Vec<Line>, SourceFault> {
    line::lines(text).map_err(|fault| SourceFault::Line { source_name: source.to_owned(), fault })
}

/// `@path` when the path is not UTF-8.
#[cfg(unix)]
fn file_of(value: &OsStr) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    value.as_bytes().strip_prefix(b"@").map(|path| PathBuf::from(OsStr::from_bytes(path)))
}

#[cfg(not(unix))]
fn file_of(_: &OsStr) -> Option<PathBuf> {
    None
}

#[cfg(test)]
mod tests;
