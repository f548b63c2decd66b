//! The surroundings of a run: private copies of the libraries, a configuration for each peer, and a p11-kit that sees
//! nothing but these. It must not write to /etc or to a user's configuration; the bench is started anew to get there.
//!
//! p11-kit-proxy reads fixed folders. An ordinary user's configuration may say `user-config: only` and lies where
//! XDG_CONFIG_HOME points. For root p11-kit ignores that, so root gets a mount namespace of its own in which empty
//! folders lie over the fixed ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use tempfile::TempDir;
use ukeyhub_artefacts::softhsm::{self, Store};

use crate::Failure;
use crate::peers::Native;

/// In the second process: the folder with everything in it.
const STAGE: &str = "BENCH_STAGE";
/// In the second process: the folder from which p11-kit reads its modules.
const MODULES: &str = "BENCH_MODULES";

/// p11-kit's folder for modules of packages; it comes with p11-kit.
const PACKAGE_MODULES: &str = "/usr/share/p11-kit/modules";
/// p11-kit's folder for the administrator; often absent.
const SYSTEM_CONFIG: &str = "/etc/pkcs11";

/// A prepared place for one run.
#[derive(Debug)]
pub struct Stage {
    folder: PathBuf,
    modules: PathBuf,
}

/// Which of the two processes this is.
#[derive(Debug)]
pub enum Process {
    /// The second one, with its stage.
    OnStage(Stage),
    /// The first one, after the second has ended.
    Done(ExitCode),
}

impl Stage {
    /// In the first process: prepares a stage with `copies` files of each library, runs this program there and waits
    /// for its end. In the second: answers the stage.
    ///
    /// # Errors
    /// When something is missing or not allowed; the message says what to do.
    pub fn enter(natives: &[Native], copies: usize) -> Result<Process, Failure> {
        if let (Some(folder), Some(modules)) = (std::env::var_os(STAGE), std::env::var_os(MODULES)) {
            return Ok(Process::OnStage(Self { folder: folder.into(), modules: modules.into() }));
        }
        crate::peers::p11_kit_proxy()?;
        let folder = build(natives, copies)?;
        let store = Store::new();
        let home = folder.path().join("config-home");
        let this = std::env::current_exe().map_err(Failure::during("the path of this program"))?;
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = in_mount_namespace(&this)?;
            command.env(MODULES, PACKAGE_MODULES);
            command
        } else {
            let modules = home.join("pkcs11/modules");
            fs::create_dir_all(&modules).map_err(Failure::during(modules.display()))?;
            write(&home.join("pkcs11/pkcs11.conf"), "user-config: only\n")?;
            let mut command = Command::new(&this);
            command.env(MODULES, modules);
            command
        };
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            // A developer's own settings must not be measured.
            if name.starts_with("UKEYHUB_") || name.starts_with("P11_KIT_") {
                command.env_remove(name);
            }
        }
        let status = command
            .args(std::env::args_os().skip(1))
            .env(STAGE, folder.path())
            .env("XDG_CONFIG_HOME", &home)
            .env("UKEYHUB_CONFIG", folder.path().join("ukeyhub.toml"))
            .env("UKEYHUB_MOCK_QUIET", "1")
            .env("SOFTHSM2_CONF", store.config())
            .env("CRITERION_HOME", crate::run::criterion_home()?)
            .status()
            .map_err(Failure::during("this program cannot be started on its stage"))?;
        Ok(Process::Done(match status.code().and_then(|code| u8::try_from(code).ok()) {
            Some(code) => code.into(),
            None => ExitCode::FAILURE,
        }))
    }

    /// A copy of the built module.
    pub fn module(&self) -> PathBuf {
        module_in(&self.folder)
    }

    /// The copy with this number of a native library.
    pub fn library(&self, native: Native, number: usize) -> PathBuf {
        library_in(&self.folder, native, number)
    }

    /// The first `count` copies.
    pub fn libraries(&self, native: Native, count: usize) -> Vec<PathBuf> {
        (0..count).map(|number| self.library(native, number)).collect()
    }

    /// Makes these the libraries of the next C_Initialize of the module.
    ///
    /// # Errors
    /// When the configuration cannot be written.
    pub fn configure_module(&self, native: Native, libraries: &[PathBuf]) -> Result<(), Failure> {
        let entry = |(number, path): (usize, &PathBuf)| {
            let (profile, path) = (native.profile(), path.display());
            format!("[[library]]\nname = \"library-{number}\"\nprofile = \"{profile}\"\npath = \"{path}\"\n")
        };
        let entries: String = libraries.iter().enumerate().map(entry).collect();
        write(&self.folder.join("ukeyhub.toml"), &format!("discover = false\n{entries}"))
    }

    /// Makes these the libraries of the next C_Initialize of p11-kit-proxy.
    ///
    /// # Errors
    /// When its folder cannot be changed.
    pub fn configure_p11_kit(&self, libraries: &[PathBuf]) -> Result<(), Failure> {
        for entry in fs::read_dir(&self.modules).map_err(Failure::during(self.modules.display()))? {
            let path = entry.map_err(Failure::during(self.modules.display()))?.path();
            fs::remove_file(&path).map_err(Failure::during(path.display()))?;
        }
        for (number, library) in libraries.iter().enumerate() {
            let file = self.modules.join(format!("library-{number:02}.module"));
            write(&file, &format!("module: {}\ncritical: yes\n", library.display()))?;
        }
        Ok(())
    }
}

fn module_in(folder: &Path) -> PathBuf {
    folder.join("libukeyhub_pkcs11.so")
}

fn library_in(folder: &Path, native: Native, number: usize) -> PathBuf {
    folder.join(format!("{}-{number:02}.so", native.id()))
}

/// A folder with copies of everything that is loaded, so that a build beside the run changes nothing. Copies and not
/// links: the loader takes two names of one file for one library.
fn build(natives: &[Native], copies: usize) -> Result<TempDir, Failure> {
    let folder = tempfile::Builder::new().prefix("ukeyhub-benches-").tempdir();
    let folder = folder.map_err(Failure::during("a temporary folder"))?;
    let copy = |from: &Path, to: PathBuf| fs::copy(from, &to).map_err(Failure::during(to.display()));
    copy(&ukeyhub_artefacts::module(), module_in(folder.path()))?;
    for native in natives {
        let original = match native {
            Native::Mock => ukeyhub_artefacts::mock(),
            Native::SoftHsm => softhsm::library(),
        };
        for number in 0..copies {
            copy(&original, library_in(folder.path(), *native, number))?;
        }
    }
    Ok(folder)
}

/// A command that runs `program` where empty folders lie over those that p11-kit reads.
fn in_mount_namespace(program: &Path) -> Result<Command, Failure> {
    if !Path::new(PACKAGE_MODULES).is_dir() {
        return Err(Failure::Setup(format!("{PACKAGE_MODULES} is missing: apt install p11-kit p11-kit-modules")));
    }
    let mut covered = vec![PACKAGE_MODULES];
    covered.extend([SYSTEM_CONFIG].into_iter().filter(|folder| Path::new(folder).is_dir()));
    let allowed = Command::new("unshare").args(["--mount", "true"]).output();
    let allowed = allowed.map_err(Failure::during("unshare (package util-linux)"))?;
    if !allowed.status.success() {
        return Err(Failure::Setup(format!(
            "p11-kit-proxy cannot be given modules of its own: root needs a mount namespace for that and may not have \
             one here ({}); run the benches as an ordinary user, or with the right to unshare",
            String::from_utf8_lossy(&allowed.stderr).trim()
        )));
    }
    let mounts: String = covered.iter().map(|folder| format!("mount -t tmpfs tmpfs {folder} && ")).collect();
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-c"]);
    command.arg(format!("{mounts}exec \"$@\"")).arg("sh").arg(program);
    Ok(command)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(Failure::during(path.display()))
}
