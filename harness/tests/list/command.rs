//! Runs the built command with a set-up of its own. It must not let a developer's own settings decide a test.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use ukeyhub_artefacts::{ConfigFile, config, softhsm};

/// What a run ended with.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Ran {
    /// The JSON of a run that succeeded, after the schema was asked.
    pub fn json(&self) -> Value {
        assert!(self.err.is_empty(), "{self:?}");
        let value = serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out));
        crate::schema::check(&value);
        value
    }
}

/// `ukeyhub` with the configuration file named, in the C locale.
pub fn ukeyhub(config: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(ukeyhub_artefacts::command());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("UKEYHUB_") || name.starts_with("LC_") || name == "LANGUAGE" {
            command.env_remove(name);
        }
    }
    command.args(arguments).env("UKEYHUB_CONFIG", config).env("LANG", "C.UTF-8").stdin(Stdio::null());
    command
}

/// Runs the command on a configuration text.
pub fn run(text: &str, arguments: &[&str]) -> Ran {
    let config = config(text);
    ukeyhub(config.path(), arguments).output().expect("the command runs").into()
}

/// A configuration with one library, and a store with tokens for SoftHSM.
pub struct Soft {
    pub store: softhsm::Store,
    pub config: ConfigFile,
}

impl Soft {
    pub fn new(labels: &[&str]) -> Self {
        let entry = library("soft", "softhsm", &softhsm::library());
        Self { store: softhsm::Store::with_tokens(labels), config: config(&format!("discover = false\n{entry}")) }
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = ukeyhub(self.config.path(), arguments);
        command.env("SOFTHSM2_CONF", self.store.config());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).output().expect("the command runs").into()
    }
}

/// One `[[library]]`; the path as a literal string, so that a backslash is one.
pub fn library(name: &str, profile: &str, path: &Path) -> String {
    format!("[[library]]\nname = \"{name}\"\nprofile = \"{profile}\"\npath = '{}'\n", path.display())
}
