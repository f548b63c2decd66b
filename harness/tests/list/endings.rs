//! How the command ends: exit codes, what is said on which stream, and readers that have had enough.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use ukeyhub_artefacts::config;

use crate::command::{Ran, Soft, library, run, ukeyhub};

#[test]
fn nothing_configured_is_a_success() {
    let ran = run("discover = false\n", &["list"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(ran.out.contains("none: the configuration names no library"), "{}", ran.out);
    assert_eq!(run("discover = false\n", &["list", "--json"]).json()["libraries"], serde_json::json!([]));
}

#[test]
fn all_libraries_skipped_is_code_4_and_listed_all_the_same() {
    let text = library("gone", "generic-pkcs11", Path::new("/nowhere/lib.so"));
    let ran = run(&text, &["list"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(4), ""));
    assert!(ran.out.ends_with("\n1 library, 1 skipped; 0 slots, 0 with a token\n"), "{}", ran.out);
    let ran = run(&text, &["list", "--json"]);
    assert_eq!(ran.code, Some(4));
    assert_eq!(ran.json()["libraries"][0]["state"], "skipped");
}

#[test]
fn a_broken_configuration_is_code_3_with_file_line_and_key() {
    let config = config("discover = false\ncolour = \"red\"\n");
    for arguments in [["list", "--lang=en"], ["list", "--json"]] {
        let ran = Ran::from(ukeyhub(config.path(), &arguments).output().unwrap());
        assert_eq!((ran.code, ran.out.as_str()), (Some(3), ""));
        let place = format!("{}:2: unknown key \"colour\"", config.path().display());
        assert!(ran.err.starts_with(&format!("error: the configuration cannot be used: {place}")), "{}", ran.err);
    }
    let ran = Ran::from(ukeyhub(config.path(), &["list", "--lang=zh"]).output().unwrap());
    assert!(ran.err.starts_with("错误：配置文件不可用：") && ran.err.contains("不认识的键“colour”"), "{}", ran.err);
}

#[test]
fn a_configuration_that_is_not_there_is_code_3() {
    let ran = Ran::from(ukeyhub(Path::new("/nowhere/ukeyhub.toml"), &["list", "--lang=zh"]).output().unwrap());
    assert_eq!((ran.code, ran.out.as_str()), (Some(3), ""));
    assert_eq!(ran.err, "错误：配置文件不可用：UKEYHUB_CONFIG：/nowhere/ukeyhub.toml 不存在\n");
}

#[test]
fn a_wrong_command_line_is_code_2() {
    for arguments in [&["list", "--jsn"][..], &["lst"], &["list", "--lang", "fr"], &[]] {
        let ran = run("", arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(!ran.err.is_empty(), "{arguments:?}");
    }
}

#[test]
fn help_and_version_are_results() {
    let ran = run("", &["list", "--help", "--lang", "zh"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(ran.out.contains("退出码"), "{}", ran.out);
    let ran = run("", &["--version"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), concat!("ukeyhub ", env!("CARGO_PKG_VERSION"), "\n")));
}

/// `ukeyhub list --json | head -0`: the pipe is closed before anything is written to it.
#[test]
fn a_closed_pipe_is_a_quiet_success() {
    let soft = Soft::new(&["one"]);
    for arguments in [&["list", "--json"][..], &["list"], &["list", "--help"]] {
        let mut child =
            soft.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command runs");
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_result_that_cannot_be_written_is_code_1() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let config = config("discover = false\n");
    let ran = Ran::from(ukeyhub(config.path(), &["list", "--lang=zh"]).stdout(full).output().unwrap());
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.err, "错误：结果无法写入：磁盘空间不足（os error 28）\n");
}
