//! dlclose of the module, with and without C_Finalize before it, and loading it again.

use libloading::Library;
use ukeyhub_artefacts::{isolated, set_env};

use crate::hosts::libraries::Libraries;
use crate::hosts::mock;
use crate::hosts::processes::{is_mapped, open_files, resident_bytes};
use crate::hosts::{Module, libraries};

fn unload(module: Module) {
    let Module { library, .. } = module;
    library.close().unwrap();
}

#[test]
fn after_finalisation_the_module_and_its_libraries_are_unmapped() {
    isolated(|| {
        let (_folder, path) = mock::copy();
        Libraries::new().library("mock", &path).use_here();
        let module = Module::load();
        let file = ukeyhub_artefacts::module();
        for _ in 0..3 {
            module.initialize().unwrap();
            module.open(module.only_slot()).unwrap();
            assert!(is_mapped(&path) && is_mapped(&file));
            module.finalize().unwrap();
            assert!(!is_mapped(&path), "the library stays after C_Finalize");
        }
        unload(module);
        assert!(!is_mapped(&file), "the module stays after dlclose");
    });
}

#[test]
fn the_module_can_be_loaded_and_unloaded_many_times() {
    isolated(|| {
        let (_folder, path) = mock::copy();
        Libraries::new().library("mock", &path).use_here();
        let file = ukeyhub_artefacts::module();
        let round = || {
            let module = Module::load();
            module.initialize().unwrap();
            let session = module.open(module.only_slot()).unwrap();
            assert!(module.session_info(session).is_ok());
            module.finalize().unwrap();
            unload(module);
            assert!(!is_mapped(&file));
        };
        (0..20).for_each(|_| round());
        let (files, bytes) = (open_files(), resident_bytes());
        (0..200).for_each(|_| round());
        assert_eq!(open_files(), files);
        let grown = resident_bytes().saturating_sub(bytes);
        assert!(grown < 3 * 1024 * 1024, "{grown} bytes more after 200 rounds");
    });
}

/// Log files are closed too.
#[test]
fn unloading_closes_the_log() {
    isolated(|| {
        let (_folder, path) = mock::copy();
        let log = _folder.path().join("log");
        set_env("UKEYHUB_LOG_FILE", &log);
        Libraries::new().line("log-level = \"trace\"").library("mock", &path).use_here();
        let round = || {
            let module = Module::load();
            module.initialize().unwrap();
            module.only_slot();
            module.finalize().unwrap();
            unload(module);
        };
        round();
        let files = open_files();
        (0..10).for_each(|_| round());
        assert!(std::fs::metadata(&log).unwrap().len() > 1_000);
        assert_eq!(open_files(), files, "each load of the module leaves its log file open");
    });
}

/// A host that unloads without C_Finalize: nothing crashes, then or at exit, and a new load begins from nothing.
#[test]
fn unloading_without_finalisation_is_safe() {
    isolated(|| {
        let _mock = libraries::one_mock(&[]);
        let file = ukeyhub_artefacts::module();
        for _ in 0..3 {
            let module = Module::load();
            module.initialize().unwrap();
            let session = module.open(module.only_slot()).unwrap();
            assert!(module.session_info(session).is_ok());
            unload(module);
            assert!(!is_mapped(&file), "the module stays after dlclose");
        }
        let module = Module::load();
        assert!(module.finalize().is_err(), "a new load is initialised already");
        module.initialize().unwrap();
        module.open(module.only_slot()).unwrap();
        module.finalize().unwrap();
    });
}

/// Threads that have called the module end after it is gone.
#[test]
fn threads_may_end_after_the_module_is_gone() {
    isolated(|| {
        let (_folder, path) = mock::copy();
        Libraries::new().library("mock", &path).use_here();
        let file = ukeyhub_artefacts::module();
        let module = Module::load();
        module.initialize().unwrap();
        let list = module.list;
        let (called, gone) = (std::sync::Barrier::new(5), std::sync::Barrier::new(5));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut count = 0;
                    // SAFETY: the module is loaded until the first barrier is passed.
                    let answer = unsafe { list.C_GetSlotList.unwrap()(1, std::ptr::null_mut(), &raw mut count) };
                    assert_eq!((answer, count), (0, 1));
                    called.wait();
                    gone.wait();
                });
            }
            called.wait();
            module.finalize().unwrap();
            unload(module);
            assert!(!is_mapped(&file));
            gone.wait();
        });
    });
}

/// Two handles of one load share the state; the first dlclose does not end it.
#[test]
fn the_module_is_one_however_often_it_is_opened() {
    isolated(|| {
        let _mock = libraries::one_mock(&[]);
        let module = Module::load();
        // SAFETY: the module has no initialisers that could harm.
        let second = Module::of(unsafe { Library::new(ukeyhub_artefacts::module()) }.unwrap());
        module.initialize().unwrap();
        let session = second.open(second.only_slot()).unwrap();
        unload(second);
        assert!(module.session_info(session).is_ok());
        module.finalize().unwrap();
    });
}
