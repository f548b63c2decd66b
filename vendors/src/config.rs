//! The configuration: one strict TOML file, found by the rules of `places`, used alone. Names libraries; does not look
//! at them, and does not know which profiles exist.

mod document;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use self::document::{Document, Name, Variables};
use crate::places::{CONFIG_VARIABLE, Places};
use crate::profile::{At, Fault, Isolation, Profile, line_of, parse, text_of};
use crate::trust::{self, Distrust};

/// What the administrator or the user wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The file this comes from; none when no file was found.
    pub source: Option<PathBuf>,
    /// Whether profiles of hardware keys look for their libraries.
    pub discover: bool,
    /// `log-file`; ask [`Config::log_file`] which file counts.
    pub log_file: Option<PathBuf>,
    /// `log-level`.
    pub log_level: LogLevel,
    /// The `[[library]]` entries in the order of the file.
    pub libraries: Vec<LibraryEntry>,
}

/// One `[[library]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryEntry {
    /// Where the entry begins.
    pub at: At,
    /// Unique in the file, not empty.
    pub name: String,
    /// The name of a profile; whether there is one is for the caller to find out.
    pub profile: String,
    /// Absolute.
    pub path: PathBuf,
    /// What the entry says; ask [`LibraryEntry::isolation`] what counts.
    pub isolation: Option<Isolation>,
    /// What the entry says; ask [`LibraryEntry::init_string`] what counts.
    pub init_string: Option<String>,
    /// Variables for the worker.
    pub env: BTreeMap<String, String>,
    /// What the library's file must hash to.
    pub sha256: Option<[u8; 32]>,
}

/// What is written to the log: this and everything worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// Something does not work.
    Error,
    /// Something was left out or may go wrong.
    Warn,
    /// What was loaded and found.
    #[default]
    Info,
    /// Every call.
    Debug,
    /// Every call with its attributes.
    Trace,
}

impl From<LogLevel> for tracing::Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

/// Why there is no configuration. An absent file is not an error, except one that `UKEYHUB_CONFIG` names.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// `UKEYHUB_CONFIG` is relative.
    #[error("{CONFIG_VARIABLE}: \"{path}\" is not an absolute path", path = path.display())]
    Relative {
        /// The value.
        path: PathBuf,
    },
    /// `UKEYHUB_CONFIG` names nothing.
    #[error("{CONFIG_VARIABLE}: {path} does not exist", path = path.display())]
    Absent {
        /// The value.
        path: PathBuf,
    },
    /// The file may not be used.
    #[error(transparent)]
    Distrust(#[from] Distrust),
    /// The file cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// The text is wrong, or an entry does not fit its profile.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Default for Config {
    fn default() -> Self {
        Self { source: None, discover: true, log_file: None, log_level: LogLevel::default(), libraries: Vec::new() }
    }
}

impl Config {
    /// Reads the first configuration file there is; without one, the built-in configuration, which names no library.
    ///
    /// # Errors
    /// A file that is there but distrusted, unreadable or wrong; a later place is not tried then.
    pub fn load(places: &Places) -> Result<Self, ConfigError> {
        let Some(file) = find(places)? else { return Ok(Self::default()) };
        trust::check_for(&file, places.caller)?;
        let text = text_of(&file).map_err(|source| ConfigError::Read { path: file.clone(), source })?;
        Ok(Self::parse(&file, &text)?)
    }

    /// Reads a configuration from text; `file` names it in faults and as the source.
    ///
    /// # Errors
    /// The first fault of the text.
    pub fn parse(file: &Path, text: &str) -> Result<Self, Fault> {
        let Document { discover, log_file, log_level, library } = parse(file, text)?;
        let mut lines = BTreeMap::new();
        let mut libraries = Vec::with_capacity(library.len());
        for entry in library {
            let at = At { file: file.into(), line: line_of(text, entry.span().start) };
            let entry = entry.into_inner();
            let fault = |offset, what| Fault::new(file, text, offset, what);
            let (offset, Name(name)) = (entry.name.span().start, entry.name.into_inner());
            if let Some(first) = lines.insert(name.clone(), line_of(text, offset)) {
                let what = format!("key \"name\" in [[library]]: \"{name}\" is already the name on line {first}");
                return Err(fault(offset, what));
            }
            let (offset, Variables(env)) = (entry.env.span().start, entry.env.into_inner());
            if entry.isolation == Some(Isolation::None) && !env.is_empty() {
                return Err(fault(offset, format!("key \"env\" in [[library]]: {ENV_NEEDS_WORKER}")));
            }
            libraries.push(LibraryEntry {
                at,
                name,
                profile: entry.profile,
                path: entry.path.0,
                isolation: entry.isolation,
                init_string: entry.init_string.map(|text| text.0),
                env,
                sha256: entry.sha256.map(|pin| pin.0),
            });
        }
        let log_file = log_file.map(|path| path.0);
        Ok(Self { source: Some(file.into()), discover, log_file, log_level, libraries })
    }

    /// The log file that counts: the environment's before the configuration's.
    #[must_use]
    pub fn log_file<'a>(&'a self, places: &'a Places) -> Option<&'a Path> {
        places.log_file.as_deref().or(self.log_file.as_deref())
    }
}

const ENV_NEEDS_WORKER: &str = "variables cannot be set for a library in the host's process (isolation \"none\")";

impl LibraryEntry {
    /// Where the library runs: the entry's choice before the profile's.
    ///
    /// # Errors
    /// The entry has variables, but the profile puts the library into the host's process.
    pub fn isolation(&self, profile: &Profile) -> Result<Isolation, ConfigError> {
        let isolation = self.isolation.unwrap_or(profile.isolation);
        if isolation == Isolation::None && !self.env.is_empty() {
            let what = format!(
                "key \"env\" in [[library]]: {ENV_NEEDS_WORKER}, as profile \"{}\" says for \"{}\"",
                profile.name, self.name
            );
            return Err(Fault { at: self.at.clone(), what }.into());
        }
        Ok(isolation)
    }

    /// What C_Initialize gets in pReserved: the entry's text before the profile's.
    #[must_use]
    pub fn init_string<'a>(&'a self, profile: &'a Profile) -> Option<&'a str> {
        self.init_string.as_deref().or(profile.init_string.as_deref())
    }
}

/// The file to read. A link that leads nowhere is there, and so an error later, not an absent file.
fn find(places: &Places) -> Result<Option<PathBuf>, ConfigError> {
    let is_there = |file: &Path| match std::fs::symlink_metadata(file) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(error),
    };
    if let Some(path) = places.config.clone() {
        return match is_there(&path) {
            _ if !path.is_absolute() => Err(ConfigError::Relative { path }),
            Ok(true) => Ok(Some(path)),
            Ok(false) => Err(ConfigError::Absent { path }),
            Err(source) => Err(ConfigError::Read { path, source }),
        };
    }
    for file in places.config_files() {
        match is_there(&file) {
            Ok(true) => return Ok(Some(file)),
            Ok(false) => {}
            // A server's children run as another user with root's HOME: a closed folder is not theirs, so it is skipped.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            Err(source) => return Err(ConfigError::Read { path: file, source }),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
