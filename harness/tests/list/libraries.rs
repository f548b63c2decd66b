//! Libraries that cannot be used are listed with the reason, and the others are listed all the same.

#[cfg(unix)]
use std::fs;

use ukeyhub_artefacts::{config, softhsm};

#[cfg(unix)]
use crate::command::Soft;
use crate::command::{library, run, ukeyhub};

/// The two lines of a skipped library: its row and its reason.
fn skipped<'o>(out: &'o str, name: &str) -> (&'o str, &'o str) {
    let mut lines = out.lines().skip_while(|line| !line.starts_with(&format!("  {name} ")));
    match (lines.next(), lines.next()) {
        (Some(row), Some(reason)) => (row, reason.trim()),
        _ => panic!("{name} has no row and reason in\n{out}"),
    }
}

#[test]
#[cfg(unix)]
fn a_missing_and_a_world_writable_library_are_skipped_beside_a_good_one() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let open = folder.path().join("open.so");
    fs::copy(softhsm::library(), &open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let missing = folder.path().join("missing.so");
    let text = [
        library("missing", "softhsm", &missing),
        library("open", "softhsm", &open),
        library("good", "softhsm", &softhsm::library()),
    ]
    .concat();
    let config = config(&text);
    let soft = Soft::new(&["one"]);
    let out = |language: &str| {
        let mut command = ukeyhub(config.path(), &["list", "--lang", language]);
        let output = command.env("SOFTHSM2_CONF", soft.store.config()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "one library is usable");
        String::from_utf8(output.stdout).unwrap()
    };

    let english = out("en");
    let (row, reason) = skipped(&english, "missing");
    assert!(row.contains("skipped") && row.ends_with("missing.so"), "{row}");
    assert_eq!(reason, format!("{}: No such file or directory (os error 2)", missing.display()));
    let (_, reason) = skipped(&english, "open");
    let path = open.display();
    assert_eq!(reason, format!("{path}: everyone may write this file; remedy: chmod o-w '{path}'"));
    assert!(english.contains("\n3 libraries, 2 skipped; 2 slots, 2 with a token\n"), "{english}");

    let chinese = out("zh");
    assert_eq!(skipped(&chinese, "missing").1, format!("{}：文件或文件夹不存在（os error 2）", missing.display()));
    assert_eq!(skipped(&chinese, "open").1, format!("{path}：任何用户都可以改写此文件；解决办法：chmod o-w '{path}'"));
}

#[test]
fn reasons_that_lie_in_the_configuration_are_said_in_both_languages() {
    let path = softhsm::library();
    let text = [
        library("profile", "no-such-profile", &path),
        library("worker", "softhsm", &path) + "isolation = \"worker\"\n",
        library("pin", "softhsm", &path) + &format!("sha256 = \"{}\"\n", "0".repeat(64)),
        library("env", "softhsm", &path) + "env = { A = \"b\" }\n",
    ]
    .concat();
    let english = run(&text, &["list", "--lang", "en"]);
    let chinese = run(&text, &["list", "--lang", "zh"]);
    for (name, in_english, in_chinese) in [
        ("profile", "there is no profile \"no-such-profile\"", "没有名为“no-such-profile”的厂商适配文件"),
        ("worker", "isolation \"worker\" is not available", "本版本不支持 isolation \"worker\"（隔离进程）"),
        ("pin", "its SHA-256 is not the one", "文件的 SHA-256 与配置中要求的不一致"),
        ("env", "variables cannot be set for a library in the host's process", "不能为在宿主进程内运行的库"),
    ] {
        let (_, reason) = skipped(&english.out, name);
        assert!(reason.contains(in_english), "{reason}");
        let (_, reason) = skipped(&chinese.out, name);
        assert!(reason.contains(in_chinese), "{reason}");
    }
    assert_eq!(english.code, Some(4));
}

/// The mock answers these calls with CKR_DEVICE_ERROR.
fn with_failing(function: &str, language: &str) -> crate::command::Ran {
    let config = config(&library("mock", "generic-pkcs11", &ukeyhub_artefacts::mock()));
    let mut command = ukeyhub(config.path(), &["list", "--lang", language]);
    command.env("UKEYHUB_MOCK", format!("call={function} do=return:0x30")).output().unwrap().into()
}

#[test]
fn what_a_usable_library_cannot_answer_is_shown() {
    for (function, summary) in [
        ("C_GetInfo", "1 library, 0 skipped; 1 slot, 1 with a token"),
        ("C_GetSlotList", "1 library, 0 skipped; 0 slots, 0 with a token"),
        ("C_GetTokenInfo", "1 library, 0 skipped; 1 slot, 1 with a token"),
    ] {
        let ran = with_failing(function, "en");
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
        let said = format!("\n    {function} answered CKR_DEVICE_ERROR\n");
        assert!(ran.out.contains(&said) && ran.out.contains(summary), "{}", ran.out);
        assert!(with_failing(function, "zh").out.contains(&format!("{function} 返回 CKR_DEVICE_ERROR")));
    }
    let ran = with_failing("C_Initialize", "zh");
    assert_eq!(ran.code, Some(4));
    assert_eq!(skipped(&ran.out, "mock").1, "其 C_Initialize 返回 CKR_DEVICE_ERROR");
}

/// A library that prints to standard output when it is loaded.
#[test]
#[cfg(unix)]
fn what_a_library_prints_is_not_in_the_result() {
    use std::process::Command;

    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("noisy.rs");
    let path = folder.path().join("noisy.so");
    let code = r#"
        #[unsafe(no_mangle)]
        pub extern "C" fn C_GetFunctionList(_: *mut core::ffi::c_void) -> core::ffi::c_ulong {
            println!("noise from a vendor");
            5
        }
    "#;
    fs::write(&source, code).unwrap();
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition=2024", "--crate-type=cdylib", "-o"]).arg(&path).arg(&source);
    if let Some(target) = option_env!("UKEYHUB_CROSS_TARGET") {
        rustc.args(["--target", target]);
    }
    assert!(rustc.status().expect("rustc runs").success());

    let ran = run(&library("noisy", "generic-pkcs11", &path), &["list", "--json"]);
    assert_eq!(ran.err, "noise from a vendor\n");
    let json: serde_json::Value = serde_json::from_str(&ran.out).expect("nothing but JSON");
    crate::schema::check(&json);
    assert_eq!(json["libraries"][0]["reason"], "gave no function table: CKR_GENERAL_ERROR");
    assert_eq!(ran.code, Some(4));
}
