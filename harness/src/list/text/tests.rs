//! The tables of a whole list, in both languages, without any library.

use cryptoki_sys::*;
use ukeyhub_vendors::profile::Title;

use super::*;
use crate::list::collect::{Ready, SkippedProfile, Token};

fn softhsm() -> Library {
    Library {
        name: "soft".into(),
        profile: "softhsm".into(),
        title: Some(Title { zh: "SoftHSM 软件密码令牌".into(), en: "SoftHSM software token".into() }),
        path: "/usr/lib/softhsm/libsofthsm2.so".into(),
        state: State::Ready(Ready {
            interface: Some(Version(2, 40)),
            manufacturer: "SoftHSM".into(),
            description: "Implementation of PKCS11".into(),
            version: Some(Version(2, 6)),
            problems: Vec::new(),
        }),
    }
}

fn list() -> List {
    let token = Token {
        label: "测试锁".into(),
        manufacturer: "SoftHSM project".into(),
        model: "SoftHSM v2".into(),
        serial: "0123456789abcdef".into(),
        flags: CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED | CKF_LOGIN_REQUIRED,
        hardware: Version(2, 6),
        firmware: Version(2, 6),
    };
    let slot = |id, token: Option<Token>| Slot {
        id,
        library: "soft".into(),
        description: "SoftHSM slot".into(),
        token_present: token.is_some(),
        token,
        ..Slot::default()
    };
    let gone = Library {
        name: "gone".into(),
        profile: "mine".into(),
        title: None,
        path: "/gone.so".into(),
        state: State::Skipped("there is no profile \"mine\"".into()),
    };
    List {
        source: Some("/etc/ukeyhub/ukeyhub.toml".into()),
        log_file: None,
        profiles_skipped: Vec::new(),
        libraries: vec![softhsm(), gone],
        slots: vec![slot(0x2a, Some(token)), slot(0x7fff_ffff, None)],
    }
}

fn plain(list: &List, language: Language, width: Option<usize>) -> String {
    anstream::adapter::strip_str(&render(list, language, width)).to_string()
}

#[test]
fn a_list_in_english() {
    let expected = "\
Configuration  /etc/ukeyhub/ukeyhub.toml
Log file       none

Libraries
  NAME  STATE    PROFILE                 INTERFACE  MANUFACTURER  VERSION  FILE
  soft  ready    SoftHSM software token  2.40       SoftHSM       2.6      /usr/lib/softhsm/libsofthsm2.so
  gone  skipped  mine                    -          -             -        /gone.so
    there is no profile \"mine\"

Slots
  ID          DECIMAL     LIBRARY  TOKEN    DESCRIPTION
  0x0000002a  42          soft     present  SoftHSM slot
  0x7fffffff  2147483647  soft     absent   SoftHSM slot

Tokens
  SLOT        LABEL   MANUFACTURER     MODEL       SERIAL            STATE
  0x0000002a  测试锁  SoftHSM project  SoftHSM v2  0123456789abcdef  initialised, PIN set, login required

2 libraries, 1 skipped; 2 slots, 1 with a token
";
    assert_eq!(plain(&list(), Language::En, None), expected);
}

#[test]
fn a_list_in_chinese() {
    let expected = "\
配置文件  /etc/ukeyhub/ukeyhub.toml
日志文件  无

密码库
  名称  状态    厂商适配文件          接口版本  制造商   库版本  文件
  soft  可用    SoftHSM 软件密码令牌  2.40      SoftHSM  2.6     /usr/lib/softhsm/libsofthsm2.so
  gone  已跳过  mine                  -         -        -       /gone.so
    没有名为“mine”的厂商适配文件

插槽
  编号        十进制      密码库  UKey  说明
  0x0000002a  42          soft    有    SoftHSM slot
  0x7fffffff  2147483647  soft    无    SoftHSM slot

UKey（CA 锁）
  插槽        标签    制造商           型号        序列号            状态
  0x0000002a  测试锁  SoftHSM project  SoftHSM v2  0123456789abcdef  已初始化，已设置 PIN 码，需要登录

共 2 个密码库，跳过 1 个；2 个插槽，其中 1 个有 UKey
";
    assert_eq!(plain(&list(), Language::Zh, None), expected);
}

#[test]
fn nothing_configured_is_said() {
    let empty = List { source: None, log_file: None, profiles_skipped: vec![], libraries: vec![], slots: vec![] };
    let english = plain(&empty, Language::En, None);
    assert!(english.starts_with("Configuration  built-in (no configuration file was found)\n"), "{english}");
    assert!(english.contains("\n  none: the configuration names no library\n"), "{english}");
    assert!(english.ends_with("\n0 libraries, 0 skipped; 0 slots, 0 with a token\n"), "{english}");
    assert!(plain(&empty, Language::Zh, None).contains("无：配置中没有指定密码库"));
    assert!(!empty.all_skipped());
}

#[test]
fn what_could_not_be_answered_stands_below_its_row() {
    let mut list = list();
    list.libraries.truncate(1);
    if let State::Ready(ready) = &mut list.libraries[0].state {
        ready.problems.push(Problem { function: "C_GetSlotList", answer: "CKR_DEVICE_ERROR".into() });
    }
    list.slots[1].problems.push(Problem { function: "C_GetTokenInfo", answer: "CKR_TOKEN_NOT_RECOGNIZED".into() });
    let english = plain(&list, Language::En, None);
    assert!(english.contains("libsofthsm2.so\n    C_GetSlotList answered CKR_DEVICE_ERROR\n"), "{english}");
    assert!(english.contains("SoftHSM slot\n    C_GetTokenInfo answered CKR_TOKEN_NOT_RECOGNIZED\n"), "{english}");
    assert!(plain(&list, Language::Zh, None).contains("C_GetSlotList 返回 CKR_DEVICE_ERROR"));
}

#[test]
fn skipped_profiles_are_shown_with_their_reason() {
    let mut list = list();
    let reason = "/etc/ukeyhub/profiles/a.toml: not a regular file".to_owned();
    list.profiles_skipped.push(SkippedProfile { path: "/etc/ukeyhub/profiles/a.toml".into(), reason });
    let english = plain(&list, Language::En, None);
    assert!(english.contains("Profiles skipped\n  FILE") && english.contains("not a regular file"), "{english}");
    let chinese = plain(&list, Language::Zh, None);
    assert!(chinese.contains("已跳过的厂商适配文件\n  文件") && chinese.contains("不是普通文件"), "{chinese}");
}

#[test]
fn a_narrow_terminal_gets_narrow_lines_with_everything_in_them() {
    let text = plain(&list(), Language::Zh, Some(80));
    let too_wide: Vec<_> = text.lines().filter(|line| line.width() > 80).collect();
    assert!(too_wide.is_empty(), "{too_wide:#?}");
    let together: String = text.split_whitespace().collect();
    assert!(together.contains("需要登录") && text.contains("libsofthsm2.so"), "{text}");
}
