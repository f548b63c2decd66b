//! The rows against the errors of the layers below: a text that is changed there and not here fails.

use std::path::PathBuf;

use ukeyhub_vendors::config::ConfigError;
use ukeyhub_vendors::error::Error;
use ukeyhub_vendors::image::{Format, Image, ImageError, Machine};
use ukeyhub_vendors::pkcs11::{LoadError, StartError};
use ukeyhub_vendors::trust::Distrust;

use super::*;

/// Everything but names, numbers, paths and commands is Chinese.
fn assert_chinese(reason: &str) -> String {
    let said = in_chinese(reason);
    assert_ne!(said, reason, "no translation");
    for word in [" is ", " not ", " cannot ", " the ", " be ", " its ", " of ", "remedy"] {
        assert!(!format!(" {said} ").contains(word), "{reason:?} became {said:?}");
    }
    said
}

fn path() -> PathBuf {
    "/opt/厂商/lib key.so".into()
}

#[test]
fn every_distrust_is_translated() {
    let all = [
        Distrust::Relative { path: path() },
        Distrust::NotAFile { path: path() },
        Distrust::TooManyLinks { path: path() },
        Distrust::WorldWritableFile { path: path() },
        Distrust::WorldWritableFolder { path: path(), folder: "/opt/厂商".into() },
        Distrust::ForeignOwner { path: path(), owner: 1001, caller: 1000 },
    ];
    for error in all {
        let said = assert_chinese(&error.to_string());
        assert!(said.starts_with("/opt/厂商/lib key.so："), "{said}");
        // A new kind of distrust does not compile here before it has its text above.
        match error {
            Distrust::Relative { .. }
            | Distrust::Unreachable { .. }
            | Distrust::NotAFile { .. }
            | Distrust::TooManyLinks { .. }
            | Distrust::WorldWritableFile { .. }
            | Distrust::WorldWritableFolder { .. }
            | Distrust::ForeignOwner { .. } => {}
        }
    }
    let folder = Distrust::WorldWritableFolder { path: path(), folder: "/opt/厂商".into() };
    assert!(in_chinese(&folder.to_string()).ends_with("解决办法：chmod o-w '/opt/厂商'"));
}

/// The system's own texts are those of Linux here.
#[test]
#[cfg(target_os = "linux")]
fn what_the_system_says_is_translated() {
    let error = |number| std::io::Error::from_raw_os_error(number);
    let absent = Distrust::Unreachable { path: path(), source: error(2) };
    assert_eq!(in_chinese(&absent.to_string()), "/opt/厂商/lib key.so：文件或文件夹不存在（os error 2）");
    let closed = ConfigError::Read { path: path(), source: error(13) };
    assert_eq!(in_chinese(&closed.to_string()), "/opt/厂商/lib key.so：权限不足（os error 13）");
    assert_eq!(in_chinese(&ImageError::Read(error(13)).to_string()), "无法读取：权限不足（os error 13）");
    assert_eq!(in_chinese(&error(28).to_string()), "磁盘空间不足（os error 28）");
    assert_eq!(in_chinese(&error(110).to_string()), error(110).to_string(), "rare ones stay as they are");
}

#[test]
fn every_kind_of_file_is_translated() {
    let image = |format, machine, width| Image { format, machine, width, big_endian: false };
    let process = image(Format::Elf, Machine::X86_64, 64);
    let all = [
        ImageError::NotNative,
        ImageError::Damaged(Format::Elf),
        ImageError::CutShort,
        ImageError::NotALibrary(Format::Pe),
        ImageError::OtherSystem { found: image(Format::Pe, Machine::X86, 32), process },
        ImageError::OtherWidth { found: image(Format::Elf, Machine::X86, 32), process },
        ImageError::OtherMachine { found: image(Format::Elf, Machine::Aarch64, 64), process },
    ];
    for error in all {
        assert_chinese(&error.to_string());
        match error {
            ImageError::Read(_)
            | ImageError::NotNative
            | ImageError::Damaged(_)
            | ImageError::CutShort
            | ImageError::NotALibrary(_)
            | ImageError::OtherSystem { .. }
            | ImageError::OtherWidth { .. }
            | ImageError::OtherMachine { .. } => {}
        }
    }
    let narrow = ImageError::OtherWidth { found: image(Format::Elf, Machine::X86, 32), process };
    assert_eq!(in_chinese(&narrow.to_string()), "32 位 ELF 动态库不能由 64 位进程加载");
}

#[test]
fn every_fault_of_loading_and_starting_is_translated() {
    let all = [
        StartError::Load(LoadError::Loader(libloading::Error::DlOpenUnknown)),
        StartError::Load(LoadError::NotPkcs11),
        StartError::Load(LoadError::NoTable(Error::internal())),
        StartError::Load(LoadError::ForeignEntry("C_Sign")),
        StartError::Load(LoadError::NoImage),
        StartError::Load(LoadError::Itself),
        StartError::InitString,
        StartError::Initialize(Error::device()),
    ];
    for error in all {
        let text = error.to_string();
        match error {
            // What the loader says comes from the system and is kept.
            StartError::Load(LoadError::Loader(_)) => assert!(in_chinese(&text).starts_with("无法加载：")),
            StartError::Load(
                LoadError::NotPkcs11
                | LoadError::NoTable(_)
                | LoadError::ForeignEntry(_)
                | LoadError::NoImage
                | LoadError::Itself,
            )
            | StartError::InitString
            | StartError::Initialize(_) => _ = assert_chinese(&text),
        }
    }
    assert_eq!(in_chinese("its C_Initialize answered CKR_DEVICE_ERROR"), "其 C_Initialize 返回 CKR_DEVICE_ERROR");
}

#[test]
fn a_reason_within_a_reason_is_translated_too() {
    let inner = Distrust::WorldWritableFile { path: "/etc/ukeyhub/profiles/own.toml".into() };
    let said = assert_chinese(&format!("its profile \"own\" cannot be used: {inner}"));
    assert!(
        said.contains("其厂商适配文件“own”不可用：/etc/ukeyhub/profiles/own.toml：任何用户都可以改写此文件"),
        "{said}"
    );
}

#[test]
fn the_configurations_faults_are_translated() {
    let relative = ConfigError::Relative { path: "own.toml".into() };
    assert_eq!(in_chinese(&relative.to_string()), "UKEYHUB_CONFIG：“own.toml”不是绝对路径");
    let absent = ConfigError::Absent { path: path() };
    assert_eq!(in_chinese(&absent.to_string()), "UKEYHUB_CONFIG：/opt/厂商/lib key.so 不存在");
    for (text, expected) in [
        ("colour = 1", "/x.toml:1：不认识的键“colour”"),
        ("discover = true\ndiscover = false", "/x.toml:2：键“discover”重复"),
        ("[[library]]\nname = \"a\"", "/x.toml:1：缺少键“path”"),
        ("[[library]", "不是有效的 TOML"),
    ] {
        let fault = ukeyhub_vendors::config::Config::parse("/x.toml".as_ref(), text).unwrap_err();
        let said = in_chinese(&fault.to_string());
        assert!(said.contains(expected), "{fault} became {said}");
    }
}

#[test]
fn what_has_no_translation_stays_as_it_is() {
    assert_eq!(in_chinese("something new: 42"), "something new: 42");
    assert_eq!(said_in(Language::En, "not a native library"), "not a native library");
}

#[test]
fn both_sides_of_a_row_have_the_same_holes() {
    for (english, chinese) in CHINESE {
        assert_eq!(english.matches("{}").count(), chinese.matches("{}").count(), "{english}");
        assert_eq!(
            holes(english, &english.replace("{}", "x")).map(|holes| holes.len()),
            Some(english.matches("{}").count())
        );
    }
}
