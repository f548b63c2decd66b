//! The end of a C host's process, with and without C_Finalize (the program is `hosts/ending.c`).

use std::ffi::OsStr;
use std::path::Path;

use ukeyhub_artefacts::{Isolation, softhsm};

use crate::hosts::libraries::Libraries;
use crate::hosts::mock;
use crate::hosts::processes::Program;

/// Runs the program over SoftHSM and the mock; answers what it wrote.
fn end(how: &str) -> String {
    let program = Program::compile("ending.c", &[]);
    let store = softhsm::Store::new();
    let (_folder, path) = mock::copy();
    let file = Libraries::new().library("softhsm", &softhsm::library()).library("mock", &path).file();
    let module = ukeyhub_artefacts::module();
    let variables: [(&str, &Path); 2] = [("UKEYHUB_CONFIG", file.path()), ("SOFTHSM2_CONF", store.config())];
    program.succeed(&[module.as_os_str(), OsStr::new(how)], &variables)
}

#[test]
fn exit_with_finalisation() {
    assert_eq!(end("finalize"), "initialize 0x0\nsession 0x0\nfinalize 0x0\nat exit: info 0x190\n");
}

#[test]
fn exit_without_finalisation() {
    assert_eq!(end("nothing"), "initialize 0x0\nsession 0x0\nat exit: info 0x190\n");
}

/// The host's handler was registered before C_Initialize, so it runs after ours: every call answers
/// CKR_CRYPTOKI_NOT_INITIALIZED, and C_Initialize CKR_FUNCTION_FAILED.
#[test]
fn calls_after_the_exit_handler() {
    let said = end("everything");
    let wanted = "initialize 0x0\nsession 0x0\nat exit: info 0x190\nat exit: session 0x190\nat exit: sign 0x190\n\
                  at exit: slots 0x190\nat exit: event 0x190\nat exit: finalize 0x190\nat exit: list 0x0\n\
                  at exit: initialize 0x6\n";
    assert_eq!(said, wanted);
}

#[test]
fn calls_after_the_exit_handler_of_a_finalised_module() {
    let said = end("finalize-everything");
    assert!(said.ends_with("at exit: initialize 0x6\n"), "{said}");
    assert!(!said.contains("at exit: session 0x0"), "{said}");
}

/// A thread is inside a call when main returns.
#[test]
fn exit_while_a_thread_calls() {
    assert!(end("thread").starts_with("initialize 0x0\nsession 0x0\n"));
}

/// dlclose in an exit handler, after ours.
#[test]
fn unloading_at_exit() {
    assert_eq!(end("unload"), "initialize 0x0\nsession 0x0\nat exit: unloaded 0\n");
}

#[test]
fn unloading_before_exit() {
    assert_eq!(end("unload-early"), "initialize 0x0\nsession 0x0\nunloaded 0\n");
}

#[test]
fn quick_exit_and_abort_like_ends_do_no_harm() {
    assert_eq!(end("_exit"), "initialize 0x0\nsession 0x0\n");
    assert_eq!(end("quick_exit"), "initialize 0x0\nsession 0x0\n");
}

/// Rust hosts too: the test process itself ends with the module initialised.
#[test]
fn a_rust_host_may_end_without_finalisation() {
    let status = Isolation::new().status(|| {
        let _mock = crate::hosts::libraries::one_mock(&[]);
        let module = crate::hosts::Module::load();
        module.initialize().unwrap();
        module.open(module.only_slot()).unwrap();
        std::mem::forget(module);
    });
    if let Some(status) = status {
        assert!(status.success(), "{status}");
    }
}
