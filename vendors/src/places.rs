//! Where configuration and profiles are looked for. Everything the process says about it (environment, user, set-id)
//! is read once into [`Environment`]; the rules are a pure function of it. Opens no file.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Variable that names the configuration file; an absolute path.
pub const CONFIG_VARIABLE: &str = "UKEYHUB_CONFIG";
/// Variable that names the log file; it overrides `log-file` of the configuration.
pub const LOG_FILE_VARIABLE: &str = "UKEYHUB_LOG_FILE";
/// Name of our folder below the system's and the user's configuration folders.
const FOLDER: &str = "ukeyhub";

/// What the rules of [`Places`] depend on. Empty variables count as absent.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `UKEYHUB_CONFIG`.
    pub config: Option<OsString>,
    /// `UKEYHUB_LOG_FILE`.
    pub log_file: Option<OsString>,
    /// `XDG_CONFIG_HOME`; on Windows `APPDATA`.
    pub config_home: Option<OsString>,
    /// `HOME`; absent on Windows.
    pub home: Option<OsString>,
    /// The folder of the machine's configuration: `/etc`; on Windows `ProgramData`.
    pub system: Option<OsString>,
    /// Whether the process runs with more rights than the user who started it. The environment is that user's.
    pub set_id: bool,
    /// The effective user id; see [`caller`].
    pub caller: u32,
}

impl Environment {
    /// Reads the environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let (config_home, home, system) = if cfg!(windows) {
            (variable("APPDATA"), None, variable("ProgramData"))
        } else {
            (variable("XDG_CONFIG_HOME"), variable("HOME"), Some(OsString::from("/etc")))
        };
        Self {
            config: variable(CONFIG_VARIABLE),
            log_file: variable(LOG_FILE_VARIABLE),
            config_home,
            home,
            system,
            set_id: is_set_id(),
            caller: caller(),
        }
    }
}

/// The places of one process, in the order in which they are asked.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The configuration file that `UKEYHUB_CONFIG` names, as it was written there. If set, no other is looked for.
    pub config: Option<PathBuf>,
    /// The user's folder, `$XDG_CONFIG_HOME/ukeyhub` or `$HOME/.config/ukeyhub` (Windows: `%APPDATA%\ukeyhub`).
    pub user: Option<PathBuf>,
    /// The machine's folder, `/etc/ukeyhub` (Windows: `%ProgramData%\ukeyhub`).
    pub system: Option<PathBuf>,
    /// The log file that `UKEYHUB_LOG_FILE` names. A relative name is taken from the folder the process is in.
    pub log_file: Option<PathBuf>,
    /// The user for whom files are trusted or not ([`crate::trust::check_for`]).
    pub caller: u32,
}

impl Places {
    /// The places of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self::of(Environment::of_process())
    }

    /// The rules: a set-id process ignores the environment, root ignores the user's own folder (it may be the folder
    /// of whoever called sudo) but honours the two variables of ours. XDG says that relative folders are ignored.
    #[must_use]
    pub fn of(environment: Environment) -> Self {
        let Environment { config, log_file, config_home, home, system, set_id, caller } = environment;
        let absolute = |folder: Option<OsString>| folder.map(PathBuf::from).filter(|folder| folder.is_absolute());
        let system = absolute(system).map(|folder| folder.join(FOLDER));
        if set_id {
            return Self { system, caller, ..Self::default() };
        }
        let is_root = cfg!(unix) && caller == 0;
        let user = absolute(config_home).or_else(|| absolute(home).map(|home| home.join(".config")));
        Self {
            config: config.map(PathBuf::from),
            user: user.filter(|_| !is_root).map(|folder| folder.join(FOLDER)),
            system,
            // A working folder that is gone leaves the name as it is: opening it then says what is wrong.
            log_file: log_file.map(PathBuf::from).map(|file| std::path::absolute(&file).unwrap_or(file)),
            caller,
        }
    }

    /// The configuration files that may exist, first come first used; `UKEYHUB_CONFIG` is not among them.
    pub fn config_files(&self) -> impl Iterator<Item = PathBuf> {
        [self.user.as_deref(), self.system.as_deref()].into_iter().flatten().map(|folder| folder.join("ukeyhub.toml"))
    }

    /// The folders of local profiles; a profile in a later one overrides its namesake.
    pub fn profile_folders(&self) -> impl Iterator<Item = PathBuf> {
        [self.system.as_deref(), self.user.as_deref()]
            .into_iter()
            .flatten()
            .map(|folder: &Path| folder.join("profiles"))
    }
}

/// The effective user id of this process. Windows has none: the answer there is `u32::MAX`, which is nobody's.
#[must_use]
pub fn caller() -> u32 {
    #[cfg(unix)]
    return rustix::process::geteuid().as_raw();
    #[cfg(not(unix))]
    return u32::MAX;
}

/// Whether the kernel marked this process at exec as one with raised rights: set-user-id, set-group-id, file
/// capabilities, or a security module's transition. Comparing user ids would miss the last three.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_set_id() -> bool {
    // SAFETY: getauxval takes a number, reads the vector the kernel gave the process, and answers 0 for an absent entry.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn is_set_id() -> bool {
    rustix::process::getuid() != rustix::process::geteuid() || rustix::process::getgid() != rustix::process::getegid()
}

#[cfg(not(unix))]
fn is_set_id() -> bool {
    false
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn environment() -> Environment {
        Environment {
            config: Some("/opt/own.toml".into()),
            log_file: Some("/var/log/own.log".into()),
            config_home: Some("/home/li/xdg".into()),
            home: Some("/home/li".into()),
            system: Some("/etc".into()),
            set_id: false,
            caller: 1000,
        }
    }

    fn config_files(places: &Places) -> Vec<String> {
        places.config_files().map(|file| file.display().to_string()).collect()
    }

    #[test]
    fn user_before_system_for_configuration() {
        let places = Places::of(environment());
        assert_eq!(places.config.as_deref(), Some(Path::new("/opt/own.toml")));
        assert_eq!(config_files(&places), ["/home/li/xdg/ukeyhub/ukeyhub.toml", "/etc/ukeyhub/ukeyhub.toml"]);
        assert_eq!(places.log_file.as_deref(), Some(Path::new("/var/log/own.log")));
    }

    #[test]
    fn system_before_user_for_profiles() {
        let folders: Vec<_> = Places::of(environment()).profile_folders().collect();
        assert_eq!(folders, [Path::new("/etc/ukeyhub/profiles"), Path::new("/home/li/xdg/ukeyhub/profiles")]);
    }

    #[test]
    fn home_stands_in_for_an_absent_or_relative_xdg_folder() {
        for config_home in [None, Some("relative".into())] {
            let places = Places::of(Environment { config_home, ..environment() });
            assert_eq!(config_files(&places)[0], "/home/li/.config/ukeyhub/ukeyhub.toml");
        }
        let nowhere = Environment { config_home: None, home: Some("relative".into()), ..environment() };
        assert_eq!(config_files(&Places::of(nowhere)), ["/etc/ukeyhub/ukeyhub.toml"]);
    }

    #[test]
    fn root_ignores_the_users_folder_but_not_our_variables() {
        let places = Places::of(Environment { caller: 0, ..environment() });
        assert_eq!(places.user, None);
        assert_eq!(places.config.as_deref(), Some(Path::new("/opt/own.toml")));
        assert_eq!(places.log_file.as_deref(), Some(Path::new("/var/log/own.log")));
        assert_eq!(places.profile_folders().collect::<Vec<_>>(), [Path::new("/etc/ukeyhub/profiles")]);
    }

    #[test]
    fn a_set_id_process_ignores_the_environment() {
        let places = Places::of(Environment { set_id: true, ..environment() });
        assert_eq!((places.config.as_ref(), places.user.as_ref(), places.log_file.as_ref()), (None, None, None));
        assert_eq!(config_files(&places), ["/etc/ukeyhub/ukeyhub.toml"]);
        assert_eq!(places.caller, 1000);
    }

    #[test]
    fn a_relative_log_file_is_fixed_at_once() {
        let places = Places::of(Environment { log_file: Some("trace.log".into()), ..environment() });
        assert_eq!(places.log_file, Some(std::env::current_dir().unwrap().join("trace.log")));
    }

    #[test]
    fn the_test_process_is_not_set_id() {
        let environment = Environment::of_process();
        assert!(!environment.set_id);
        assert_eq!(environment.caller, rustix::process::geteuid().as_raw());
        assert_eq!(environment.system.as_deref(), Some(std::ffi::OsStr::new("/etc")));
    }
}
