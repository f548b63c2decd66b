//! How the command ends: the exit codes that programs may rely on, and the faults that lead to them.
//! It must not print.

use std::io;
use std::process::ExitCode;

use ukeyhub_vendors::config::ConfigError;

use crate::language::Language;
use crate::reasons;

/// An exit code. The help texts and the guides name them; a number never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The command did what was asked, also when there was nothing to show.
    Done = 0,
    /// The command itself failed, for example because its output could not be written.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The configuration cannot be used.
    Configuration = 3,
    /// Libraries are configured, and not one of them is usable.
    AllSkipped = 4,
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        Self::from(end as u8)
    }
}

/// Why a subcommand did not reach its end.
#[derive(Debug)]
pub enum Failure {
    /// The configuration file is there, but cannot be used.
    Configuration(ConfigError),
    /// The result could not be written, and not because the reader had enough.
    Output(io::Error),
}

impl Failure {
    /// The exit code.
    pub fn end(&self) -> End {
        match self {
            Self::Configuration(_) => End::Configuration,
            Self::Output(_) => End::Failed,
        }
    }

    /// What is wrong, for people.
    pub fn explain(&self, language: Language) -> String {
        let words = language.words();
        let (what, reason) = match self {
            Self::Configuration(error) => (words.bad_configuration, error.to_string()),
            Self::Output(error) => (words.bad_output, error.to_string()),
        };
        format!("{}{what}{}", words.error, reasons::said_in(language, &reason))
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Configuration(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
