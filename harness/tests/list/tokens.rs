//! Tokens of a throw-away SoftHSM store, as people see them in both languages.

use crate::command::Soft;

/// The line that holds `text`, with runs of blanks as one.
fn line_with(out: &str, text: &str) -> String {
    let line = out.lines().find(|line| line.contains(text)).unwrap_or_else(|| panic!("{text:?} is not in\n{out}"));
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn english() {
    let soft = Soft::new(&["first token", "签名锁"]);
    let ran = soft.run(&["list", "--lang", "en"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(line_with(&ran.out, "Configuration").contains(&soft.config.path().display().to_string()));
    assert!(line_with(&ran.out, "libsofthsm2.so").starts_with("soft ready SoftHSM software token 2.40 SoftHSM 2.6"));
    let first = line_with(&ran.out, "first token");
    assert!(first.contains("SoftHSM project SoftHSM v2"), "{first}");
    assert!(first.ends_with("initialised, PIN set, login required"), "{first}");
    assert!(line_with(&ran.out, "签名锁").starts_with("0x"));
    assert!(ran.out.ends_with("\n1 library, 0 skipped; 3 slots, 3 with a token\n"), "{}", ran.out);
    assert!(!ran.out.contains('\u{1b}'), "no bold type but on a terminal: {}", ran.out);
}

#[test]
fn chinese() {
    let soft = Soft::new(&["签名锁"]);
    let ran = soft.run(&["--lang", "zh", "list"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(line_with(&ran.out, "配置文件").contains(&soft.config.path().display().to_string()));
    assert!(line_with(&ran.out, "libsofthsm2.so").starts_with("soft 可用 SoftHSM 软件密码令牌 2.40"));
    assert!(line_with(&ran.out, "签名锁").ends_with("已初始化，已设置 PIN 码，需要登录"));
    assert!(ran.out.contains("未初始化"), "SoftHSM's last slot: {}", ran.out);
    assert!(ran.out.ends_with("\n共 1 个密码库，跳过 0 个；2 个插槽，其中 2 个有 UKey\n"), "{}", ran.out);
}

#[test]
#[cfg(unix)]
fn the_locale_chooses_the_language_when_nobody_else_does() {
    let soft = Soft::new(&[]);
    let out = |locale: &str| {
        let output = soft.command(&["list"]).env("LC_ALL", locale).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(out("zh_CN.UTF-8").contains("密码库"));
    assert!(out("de_DE.UTF-8").contains("Libraries"));
}

#[test]
fn a_label_that_would_drive_a_terminal_is_shown_harmless() {
    let soft = Soft::new(&["\u{1b}[2Jred\u{9b}1m"]);
    let ran = soft.run(&["list", "--lang", "en"]);
    assert!(ran.out.contains("\\u{1b}[2Jred\\u{9b}1m"), "{}", ran.out);
    assert!(!ran.out.contains(['\u{1b}', '\u{9b}']), "{}", ran.out);

    let ran = soft.run(&["list", "--json"]);
    assert!(!ran.out.contains(['\u{1b}', '\u{9b}']), "{}", ran.out);
    let json = ran.json();
    assert_eq!(json["slots"][0]["token"]["label"], "\u{1b}[2Jred\u{9b}1m", "programs get what the label is");
}
