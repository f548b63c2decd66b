//! Files that cannot be used: skipped with the reason in the log; the host and the other libraries do not notice.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use ukeyhub_artefacts::isolated;

use crate::hosts::libraries::Libraries;
use crate::hosts::mock::{self, Mock, set_mode};
use crate::log_of_run;

/// The one line that says why this library was skipped.
fn reason(path: &Path, lines: &str) -> String {
    let log = log_of_run(Libraries::new().library_with("bad", path, lines));
    let reasons: Vec<_> = log.lines().filter(|line| line.contains("library skipped")).collect();
    assert_eq!(reasons.len(), 1, "{log}");
    assert!(reasons[0].contains("WARN") && reasons[0].contains("library=\"bad\""), "{log}");
    reasons[0].to_owned()
}

fn skipped(path: &Path, words: &[&str]) {
    let reason = reason(path, "");
    for word in words {
        assert!(reason.contains(word), "\"{word}\" is not in: {reason}");
    }
}

#[test]
fn a_missing_file() {
    isolated(|| skipped(Path::new("/nonexistent/library.so"), &["/nonexistent", "No such file"]));
}

#[test]
fn a_folder_a_device_a_dangling_link() {
    isolated(|| {
        let folder = mock::open_folder();
        let link = folder.path().join("link.so");
        symlink("/nonexistent/library.so", &link).unwrap();
        skipped(folder.path(), &["not a regular file"]);
        skipped(Path::new("/dev/null"), &["not a regular file"]);
        skipped(&link, &["No such file"]);
    });
}

/// A file with this content, not writable by others.
fn file(folder: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    set_mode(&path, 0o755);
    path
}

#[test]
fn a_text_an_empty_file_and_the_beginning_of_a_library() {
    isolated(|| {
        let folder = mock::open_folder();
        skipped(&file(folder.path(), "text.so", b"#!/bin/sh\necho no library\n"), &["not a native library"]);
        skipped(&file(folder.path(), "empty.so", b""), &["not a native library"]);
        let whole = fs::read(ukeyhub_artefacts::mock()).unwrap();
        for length in [64, 4_096, 20_000, 100_000] {
            skipped(&file(folder.path(), &format!("cut-{length}.so"), &whole[..length]), &["bad"]);
        }
    });
}

/// A library of 32 bits in a process of 64 (and the other way round), made from the header alone.
#[test]
fn a_library_of_another_width() {
    isolated(|| {
        let folder = mock::open_folder();
        let mut image = fs::read(ukeyhub_artefacts::mock()).unwrap();
        // EI_CLASS and e_machine of an ELF header: i386 with 32 bits, x86-64 with 64.
        let (class, machine, bits) = if size_of::<usize>() == 8 { (1, 3u16, "32") } else { (2, 62, "64") };
        image[4] = class;
        image[18..20].copy_from_slice(&machine.to_le_bytes());
        skipped(&file(folder.path(), "other.so", &image), &[bits]);
    });
}

#[test]
fn a_library_for_another_machine() {
    isolated(|| {
        let folder = mock::open_folder();
        let mut image = fs::read(ukeyhub_artefacts::mock()).unwrap();
        // e_machine: S/390.
        image[18..20].copy_from_slice(&22u16.to_le_bytes());
        let reason = reason(&file(folder.path(), "other.so", &image), "");
        assert!(!reason.contains("dlopen") && !reason.contains("cannot open shared object"), "{reason}");
    });
}

#[test]
fn a_library_that_is_not_pkcs11() {
    isolated(|| {
        let folder = mock::open_folder();
        let source = file(folder.path(), "plain.c", b"int something(void) { return 1; }\n");
        let library = folder.path().join("plain.so");
        compile(&source, &library, &[]);
        skipped(&library, &["not a PKCS#11 library", "C_GetFunctionList"]);
    });
}

#[test]
fn a_library_whose_own_needs_are_missing() {
    isolated(|| {
        let folder = mock::open_folder();
        let needed = folder.path().join("libneeded-by-test.so");
        let source = file(folder.path(), "needed.c", b"int needed(void) { return 1; }\n");
        compile(&source, &needed, &[]);
        let source =
            file(folder.path(), "user.c", b"int needed(void);\nint C_GetFunctionList(void) { return needed(); }\n");
        let library = folder.path().join("user.so");
        compile(&source, &library, &["-Wl,--no-as-needed", needed.to_str().unwrap()]);
        fs::remove_file(&needed).unwrap();
        skipped(&library, &["cannot be loaded", "needed-by-test"]);
    });
}

/// A library that gives an error, or nothing, where its functions are asked for.
#[test]
fn a_library_without_a_table() {
    isolated(|| {
        let folder = mock::open_folder();
        let source = file(
            folder.path(),
            "table.c",
            b"unsigned long C_GetFunctionList(void **list) { *list = 0; return ANSWER; }\n",
        );
        for (name, answer) in [("null.so", "-DANSWER=0"), ("error.so", "-DANSWER=0x30")] {
            let library = folder.path().join(name);
            compile(&source, &library, &[answer]);
            skipped(&library, &["function table"]);
        }
    });
}

fn compile(source: &Path, library: &Path, options: &[&str]) {
    let output = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(library)
        .arg(source)
        .args(options)
        .output()
        .unwrap_or_else(|error| panic!("cc does not run ({error}): install a C compiler (apt install gcc)"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    set_mode(library, 0o755);
}

#[test]
fn a_file_or_folder_that_everyone_may_write() {
    isolated(|| {
        let (folder, path) = mock::copy();
        set_mode(&path, 0o757);
        skipped(&path, &["everyone may write", "chmod o-w"]);
        set_mode(&path, 0o755);
        set_mode(folder.path(), 0o777);
        skipped(&path, &["everyone may replace", "chmod o-w"]);
        let below = folder.path().join("below");
        fs::create_dir(&below).unwrap();
        set_mode(&below, 0o755);
        let second = below.join("mock.so");
        fs::copy(&path, &second).unwrap();
        set_mode(&second, 0o755);
        skipped(&second, &["everyone may replace"]);
        set_mode(folder.path(), 0o755);
    });
}

#[test]
fn a_file_of_another_user() {
    isolated(|| {
        let (_folder, path) = mock::copy();
        // SAFETY: no arguments.
        assert_eq!(unsafe { libc::geteuid() }, 0, "this test gives a file away and so must run as root");
        std::os::unix::fs::chown(&path, Some(4242), None).unwrap();
        skipped(&path, &["4242"]);
    });
}

#[test]
fn a_library_that_fails_to_start() {
    isolated(|| {
        let bad = Mock::told(&["call=C_Initialize do=return:0x30"]);
        skipped(&bad.path, &["C_Initialize", "CKR_DEVICE_ERROR"]);
        bad.tell("clear");
        bad.tell("call=C_Initialize do=return:0x8badf00d");
        skipped(&bad.path, &["C_Initialize", "0x8badf00d"]);
        assert_eq!(bad.calls("C_Finalize"), 0, "ended, although it never began");
    });
}

#[test]
fn a_library_with_another_digest() {
    isolated(|| {
        let (_folder, path) = mock::copy();
        let output = Command::new("sha256sum").arg(&path).output().unwrap();
        let right = String::from_utf8(output.stdout).unwrap()[..64].to_owned();
        let wrong = format!("{}{}", &right[1..], &right[..1]);
        assert!(reason(&path, &format!("sha256 = \"{wrong}\"")).contains("SHA-256"));

        Libraries::new().library_with("pinned", &path, &format!("sha256 = \"{right}\"")).use_here();
        let module = crate::hosts::Module::load();
        module.initialize().unwrap();
        assert_eq!(module.slots(true).len(), 1);
        module.finalize().unwrap();
    });
}

#[test]
fn a_library_that_wants_a_worker() {
    isolated(|| {
        let mock = Mock::new();
        assert!(reason(&mock.path, "isolation = \"worker\"").contains("worker"));
        assert_eq!(mock.calls("C_Initialize"), 0);
    });
}

#[test]
fn a_profile_that_is_not_there() {
    isolated(|| {
        let mock = Mock::new();
        let reason = reason(&mock.path, "profile = \"no-such\"");
        assert!(reason.contains("there is no profile") && reason.contains("no-such"), "{reason}");
        assert_eq!(mock.calls("C_Initialize"), 0);
    });
}
