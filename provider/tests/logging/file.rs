//! Where the log goes: a private file, never through a link, and nowhere at all unless someone asks for it.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::Command;

use ukeyhub_artefacts::{config, isolated, set_env};

use crate::Log;
use crate::hosts::Module;
use crate::hosts::libraries::Libraries;
use crate::hosts::mock::Mock;
use crate::hosts::processes::Program;

fn run(module: &Module) {
    module.initialize().unwrap();
    let session = module.open(module.only_slot()).unwrap();
    assert!(module.session_info(session ^ 1).is_err());
    module.finalize().unwrap();
}

#[test]
fn the_file_is_private() {
    isolated(|| {
        // SAFETY: a number.
        unsafe { libc::umask(0) };
        let log = Log::new(&[]);
        run(&Module::load());
        assert_eq!(std::fs::metadata(&log.path).unwrap().permissions().mode() & 0o7777, 0o600);
        let before = log.text().len();
        run(&Module::load());
        assert!(log.text().len() > before, "a later load does not append");
    });
}

#[test]
fn a_link_is_not_followed() {
    isolated(|| {
        let log = Log::new(&[]);
        let target = log.path.with_file_name("target");
        std::fs::write(&target, "precious").unwrap();
        symlink(&target, &log.path).unwrap();
        run(&Module::load());
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "precious");
        assert!(std::fs::symlink_metadata(&log.path).unwrap().is_symlink());
        // One that leads nowhere does not make a file either.
        std::fs::remove_file(&target).unwrap();
        run(&Module::load());
        assert!(!target.exists());
    });
}

/// A log that cannot be written is no reason to fail a host.
#[test]
fn a_log_that_cannot_be_opened_is_left_out() {
    isolated(|| {
        let folder = tempfile::tempdir().unwrap();
        let mock = Mock::new();
        Libraries::new().library("mock", &mock.path).use_here();
        let module = Module::load();
        for place in [folder.path().to_owned(), folder.path().join("none/log"), "/proc/version".into()] {
            set_env("UKEYHUB_LOG_FILE", &place);
            run(&module);
        }
        set_env("UKEYHUB_LOG_FILE", "/dev/full");
        run(&module);
    });
}

#[test]
fn the_configuration_names_the_file_and_the_environment_wins() {
    isolated(|| {
        let folder = tempfile::tempdir().unwrap();
        let [configured, named] = ["configured.log", "named.log"].map(|name| folder.path().join(name));
        let mock = Mock::new();
        let lines = Libraries::new().line("log-level = \"debug\"");
        let lines = lines.line(&format!("log-file = '{}'", configured.display())).library("mock", &mock.path);
        lines.use_here();
        let module = Module::load();
        run(&module);
        let size = configured.metadata().unwrap().size();
        assert!(size > 0 && !named.exists());
        set_env("UKEYHUB_LOG_FILE", &named);
        run(&module);
        assert_eq!(configured.metadata().unwrap().size(), size);
        assert!(named.metadata().unwrap().size() > 0);
    });
}

/// A host without configuration of a log: nothing on stdout, nothing on stderr, no file.
#[test]
fn nothing_is_said_without_a_log() {
    let program = Program::compile("silent.c", &[]);
    let folder = tempfile::tempdir().unwrap();
    let mock = ukeyhub_artefacts::mock();
    let broken = config("discover = \"perhaps\"\n");
    let good = Libraries::new().library("mock", &mock).library("none", std::path::Path::new("/nonexistent.so")).file();
    for (file, answer) in [(&good, "0x0"), (&broken, "0x5")] {
        let output = Command::new(program.path())
            .arg(ukeyhub_artefacts::module())
            .arg(answer)
            .current_dir(folder.path())
            .env("UKEYHUB_CONFIG", file.path())
            .env("RUST_LOG", "trace")
            .env_remove("UKEYHUB_LOG_FILE")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

/// The reason for a broken configuration is in the log that the environment names.
#[test]
fn a_broken_configuration_is_explained() {
    isolated(|| {
        let log = Log::new(&[]);
        let file = config("discover = false\nlog-levle = \"trace\"\n");
        set_env("UKEYHUB_CONFIG", file.path());
        let module = Module::load();
        let answer = module.initialize();
        assert_eq!(answer, crate::hosts::refused(cryptoki_sys::CKR_GENERAL_ERROR));
        let text = log.text();
        for word in ["log-levle", file.path().to_str().unwrap(), ":2", "ERROR"] {
            assert!(text.contains(word), "{word} is missing:\n{text}");
        }
        // The next attempt may succeed.
        Libraries::new().use_here();
        module.initialize().unwrap();
        module.finalize().unwrap();
    });
}
