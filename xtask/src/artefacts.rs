//! Building the members of this workspace and finding what was built. The paths come from cargo's own messages, never
//! from a guess at the target folder, so that a stale file is never taken for a fresh one.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::{fs, io};

use serde_json::Value;

use crate::run::{self, Failure, during};

/// A build profile of cargo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// `dev`: quick to build
    Dev,
    /// `release`: what people install
    Release,
}

impl Profile {
    /// The name of its folder.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }

    /// What selects it on cargo's command line.
    pub fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Dev => &[],
            Self::Release => &["--release"],
        }
    }
}

/// Where the workspace and its target folder are, as cargo says.
pub struct Workspace {
    /// The folder of the root Cargo.toml
    pub root: PathBuf,
    /// The target folder, wherever the configuration puts it
    pub target: PathBuf,
}

impl Workspace {
    /// Asks cargo.
    pub fn find() -> Result<Self, Failure> {
        let mut command = run::cargo();
        command.args(["metadata", "--no-deps", "--format-version=1"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        let metadata = parse(&run::output_of(&mut command)?)?;
        let folder = |name: &str| match metadata[name].as_str() {
            Some(path) => Ok(PathBuf::from(path)),
            None => Err(Failure::new(format_args!("cargo metadata does not tell {name}"))),
        };
        Ok(Self { root: folder("workspace_root")?, target: folder("target_directory")? })
    }

    /// Builds `members` with `profile` and returns what came out.
    pub fn build(&self, members: &[&str], profile: Profile) -> Result<Built, Failure> {
        let mut command = run::cargo();
        command.arg("build").args(profile.flags()).current_dir(&self.root);
        for member in members {
            command.args(["-p", member]);
        }
        println!("  $ {}", run::command_line(&command));
        command.arg("--message-format=json-render-diagnostics").stdin(Stdio::null()).stderr(Stdio::inherit());
        let output = command.output().map_err(during("cannot start cargo"))?;
        if !output.status.success() {
            return Err(Failure::new(format_args!("cargo build failed: {}", output.status)));
        }
        let mut files = Vec::new();
        for message in String::from_utf8_lossy(&output.stdout).lines() {
            files.extend(files_in(&parse(message)?));
        }
        Ok(Built { files })
    }

    /// Builds what the tests and benches load, and gathers it in one folder, which `UKEYHUB_ARTEFACTS` then names.
    pub fn gather(&self, profile: Profile) -> Result<PathBuf, Failure> {
        let built = self.build(&["ukeyhub-pkcs11", "ukeyhub-mock", "ukeyhub"], profile)?;
        let folder = self.target.join("artefacts").join(profile.folder());
        fs::create_dir_all(&folder).map_err(during(folder.display()))?;
        for file in [built.library("ukeyhub_pkcs11")?, built.library("ukeyhub_mock")?, built.program("ukeyhub")?] {
            copy_into(&file, &folder).map_err(during(file.display()))?;
        }
        Ok(folder)
    }
}

/// The files that one build produced or found fresh.
pub struct Built {
    files: Vec<PathBuf>,
}

impl Built {
    /// The shared library of the crate with this library name.
    pub fn library(&self, name: &str) -> Result<PathBuf, Failure> {
        self.file(&format!("{DLL_PREFIX}{name}{DLL_SUFFIX}"))
    }

    /// The program of this name.
    pub fn program(&self, name: &str) -> Result<PathBuf, Failure> {
        self.file(&format!("{name}{EXE_SUFFIX}"))
    }

    fn file(&self, name: &str) -> Result<PathBuf, Failure> {
        let found = self.files.iter().find(|path| path.file_name().is_some_and(|file| file == name));
        found.cloned().ok_or_else(|| Failure::new(format_args!("the build succeeded but left no {name}")))
    }
}

fn parse(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(during("cargo wrote something that is not JSON"))
}

/// The files one of cargo's messages names: none unless it reports a finished artefact.
fn files_in(message: &Value) -> Vec<PathBuf> {
    if message["reason"] != "compiler-artifact" {
        return Vec::new();
    }
    let names = message["filenames"].as_array().into_iter().flatten();
    names.filter_map(Value::as_str).map(PathBuf::from).collect()
}

/// Copies under a new inode: a process that still has the old file mapped is not disturbed.
fn copy_into(file: &Path, folder: &Path) -> io::Result<()> {
    let name = file.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let fresh = tempfile::NamedTempFile::new_in(folder)?;
    fs::copy(file, fresh.path())?;
    fresh.persist(folder.join(name))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Built, copy_into, files_in, parse};

    const ARTEFACT: &str =
        r#"{"reason":"compiler-artifact","target":{"name":"x"},"filenames":["/t/libx.so","/t/libx.rlib"]}"#;

    #[test]
    fn only_finished_artefacts_name_files() {
        assert_eq!(files_in(&parse(ARTEFACT).unwrap()), [PathBuf::from("/t/libx.so"), PathBuf::from("/t/libx.rlib")]);
        let other = r#"{"reason":"build-script-executed","filenames":["/t/libx.so"]}"#;
        assert!(files_in(&parse(other).unwrap()).is_empty());
        assert!(parse("warning: not a message").is_err());
    }

    #[test]
    fn a_file_that_was_not_built_is_a_failure_that_names_it() {
        let built = Built { files: vec!["/t/libx.rlib".into(), "/t/x".into()] };
        assert_eq!(built.program("x").unwrap(), Path::new("/t/x"));
        assert!(built.library("x").unwrap_err().to_string().contains("libx.so"));
    }

    #[test]
    fn a_copy_replaces_the_file_and_leaves_open_ones_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (source, target) = (folder.path().join("in/a.so"), folder.path().join("out"));
        std::fs::create_dir_all(source.parent().unwrap()).unwrap();
        std::fs::create_dir_all(&target).unwrap();
        std::fs::write(&source, "old").unwrap();
        copy_into(&source, &target).unwrap();
        let open = std::fs::File::open(target.join("a.so")).unwrap();
        std::fs::write(&source, "new!").unwrap();
        copy_into(&source, &target).unwrap();
        assert_eq!(std::fs::read_to_string(target.join("a.so")).unwrap(), "new!");
        assert_eq!(std::io::read_to_string(open).unwrap(), "old");
        assert_eq!(std::fs::read_dir(&target).unwrap().count(), 1);
    }
}
