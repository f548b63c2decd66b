//! What a number must be read with: the machine, the versions, the moment. Gathered when measuring starts, not when the
//! record is written. A fact that cannot be found is given as "unknown", never guessed.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use ukeyhub_artefacts::softhsm;

use crate::Failure;
use crate::peers::p11_kit_proxy;
use crate::stage::Stage;

/// The surroundings of one start of a bench target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The mark of the run: when it started.
    pub mark: String,
    /// The processor, as the kernel names it.
    pub processor: String,
    /// How many processors this process may use.
    pub cores: usize,
    /// The hypervisor's mark of a virtual machine, if there is one.
    pub virtual_machine: bool,
    /// Operating system and kernel.
    pub system: String,
    /// The load average over one minute when the run started: what else the machine was doing.
    pub load: String,
    /// rustc.
    pub rustc: String,
    /// Our version and commit.
    pub ukeyhub: String,
    /// The beginning of the SHA-256 of the module that was measured.
    pub module: String,
    /// p11-kit-proxy.
    pub p11_kit: String,
    /// SoftHSM2.
    pub softhsm: String,
    /// How the run was started.
    pub command: String,
}

impl Facts {
    /// Looks around.
    ///
    /// # Errors
    /// When something that is measured cannot be read.
    pub fn gather(mark: &str, stage: &Stage) -> Result<Self, Failure> {
        let module = stage.module();
        let bytes = fs::read(&module).map_err(Failure::during(module.display()))?;
        let digest: String = Sha256::digest(&bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let cpuinfo = read("/proc/cpuinfo");
        Ok(Self {
            mark: mark.to_owned(),
            processor: field(&cpuinfo, "model name").unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            virtual_machine: field(&cpuinfo, "flags").is_some_and(|flags| flags.contains("hypervisor")),
            system: format!(
                "{}, Linux {}, {}",
                os_name().unwrap_or_else(unknown),
                read("/proc/sys/kernel/osrelease").trim(),
                std::env::consts::ARCH
            ),
            load: read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned(),
            rustc: said_by("rustc", &["--version"]),
            ukeyhub: format!("{}, commit {}", env!("CARGO_PKG_VERSION"), commit()),
            module: digest,
            p11_kit: package(&p11_kit_proxy()?, "pkg-config", &["--modversion", "p11-kit-1"]),
            softhsm: package(&softhsm::library(), "softhsm2-util", &["--version"]),
            command: command(),
        })
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

/// The content of a file of the kernel's or the distribution's; empty when there is none.
fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.split(':').next().is_some_and(|before| before.trim() == name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn os_name() -> Option<String> {
    let text = read("/etc/os-release");
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim_matches('"').to_owned())
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    match Command::new(program).args(arguments).output() {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        _ => unknown(),
    }
}

/// The commit of the sources; `+` when files that are compiled differ from it.
fn commit() -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let commit = said_by("git", &["-C", root, "rev-parse", "--short", "HEAD"]);
    let compiled = ["provider", "vendors", "benches/src", "Cargo.toml", "Cargo.lock"];
    let changed = said_by("git", &[&["-C", root, "status", "--porcelain", "--"], &compiled[..]].concat());
    if changed.is_empty() { commit } else { format!("{commit}+") }
}

/// The version of the package with this file, as dpkg or rpm knows it; else what `program` says. The library itself is
/// not asked: p11-kit keeps the configuration of the first C_Initialize in a process.
fn package(file: &Path, program: &str, arguments: &[&str]) -> String {
    let file = file.to_string_lossy();
    let owner = said_by("dpkg-query", &["--search", &file]);
    if let Some((name, _)) = owner.split_once(": ") {
        return format!("{name} {}", said_by("dpkg-query", &["--show", "--showformat=${Version}", name]));
    }
    let owner = said_by("rpm", &["--query", "--file", &file]);
    if owner == unknown() { said_by(program, arguments) } else { owner }
}

/// As the user typed it, as far as a program can know.
fn command() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.is_empty() {
        "cargo bench -p ukeyhub-benches".to_owned()
    } else {
        format!("cargo bench -p ukeyhub-benches -- {}", arguments.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_cpuinfo_is_found_by_its_whole_name() {
        let text = "processor\t: 0\nmodel\t\t: 17\nmodel name\t: Some CPU\nflags\t\t: fpu hypervisor\n";
        assert_eq!(field(text, "model name").as_deref(), Some("Some CPU"));
        assert_eq!(field(text, "name"), None);
    }
}
