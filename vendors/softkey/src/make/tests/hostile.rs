//! Names that somebody may type: every one is certified as it is or refused in words; none stops the program.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::{openssl::OpenSsl, *};

static XJCA: LazyLock<Authority> = LazyLock::new(|| authority(layout("xjca").unwrap(), Algorithm::Sm2));
static CFCA: LazyLock<Authority> = LazyLock::new(|| authority(layout("cfca-classic").unwrap(), Algorithm::Sm2));
static SCCA: LazyLock<Authority> = LazyLock::new(|| authority(layout("scca").unwrap(), Algorithm::Sm2));

fn organisation(name: &str) -> Subject {
    Subject::first(Holder::Organisation { name: name.into(), uscc: uscc() })
}

fn refusal(authority: &Authority, subject: &Subject) -> String {
    issue(authority, subject, Usage::Sign).unwrap_err().to_string()
}

#[test]
fn names_that_do_not_fit_are_refused_in_words() {
    let long = "长".repeat(65);
    assert_eq!(
        refusal(&XJCA, &organisation(&long)),
        "layout 'xjca' cannot hold this in CN: it would have 65 characters, the bound is 64"
    );
    assert!(issue(&XJCA, &organisation(&long[3..]), Usage::Sign).is_ok());
    assert!(refusal(&XJCA, &organisation(&"长".repeat(1_000_000))).contains("1000000 characters"));
    // 33 characters of the layout stand around the name
    assert!(issue(&CFCA, &organisation(&"长".repeat(31)), Usage::Sign).is_ok());
    assert!(refusal(&CFCA, &organisation(&"长".repeat(32))).contains("65 characters"));
}

#[test]
fn bmp_names_have_no_other_planes() {
    assert_eq!(
        refusal(&XJCA, &organisation("𠮷野公司")),
        "layout 'xjca' cannot hold this in CN: BMPString has no character beyond U+FFFF, such as '𠮷' (U+20BB7)"
    );
    assert!(issue(&CFCA, &organisation("𠮷野公司"), Usage::Sign).is_ok());
}

#[test]
fn empty_names_control_characters_and_bad_addresses_are_refused() {
    for name in ["", "  ", "\u{3000}", "a\0b", "a\nb", "a\u{7f}", "\u{85}"] {
        let error = issue(&CFCA, &organisation(name), Usage::Sign).unwrap_err();
        assert!(matches!(error, MakeError::Text { what: "the holder's name", .. }), "{name:?}: {error}");
    }
    let legal = Holder::LegalPerson { name: PERSON.into(), id: id(), organisation: "a\tb".into(), uscc: uscc() };
    assert!(refusal(&SCCA, &Subject::first(legal)).contains("the organisation's name"));
    let mut subject = organisation("公司");
    subject.email = Some("信@example.invalid".into());
    assert!(refusal(&XJCA, &subject).contains("IA5String has no character '信'"));
    subject.email = Some("a".repeat(256));
    assert!(refusal(&XJCA, &subject).contains("the bound is 255"));
    subject.email = None;
    subject.number = 0;
    assert!(matches!(issue(&XJCA, &subject, Usage::Sign), Err(MakeError::Number)));
    subject.number = u32::MAX;
    assert!(issue(&CFCA, &subject, Usage::Sign).unwrap().len() > 100);
}

#[test]
fn signs_of_the_table_and_of_names_are_only_text() {
    let openssl = OpenSsl::new();
    for name in ["{uscc}", "a@b@c", "{", "}{", "{nothing}", "O=x, CN=y", "a/b+c\"d\\e;f<g>#", "%s%n"] {
        let certificate = openssl.pem("holder", &issue(&SCCA, &organisation(name), Usage::Sign).unwrap());
        let line = openssl.show(&certificate, &["-subject", "-nameopt", "utf8,sep_multiline,sname"]);
        assert!(line.lines().any(|line| line.trim() == format!("CN={name}")), "{line}");
    }
}

#[test]
fn keys_of_the_wrong_algorithm_are_refused() {
    let (key, serial) = (key(Algorithm::Rsa), Serial::random().unwrap());
    let subject = organisation("公司");
    let period = Period::years(SystemTime::now(), 1).unwrap();
    let request = Request { subject: &subject, usage: Usage::Sign, key: &key, serial: &serial, period };
    assert!(matches!(SCCA.issue(&request), Err(MakeError::MixedAlgorithms { .. })));
    assert!(Authority::generate(layout("bjca-sm2").unwrap(), Algorithm::Rsa).is_err());
    assert!(PublicKey::sm2(&[4; 65]).is_err() && PublicKey::sm2(&[]).is_err());
    assert!(PublicKey::rsa(&[0xFF; 256], &[2]).is_err() && PublicKey::rsa(&[], &[]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_name_is_certified_or_refused(name in ".{0,70}", email in proptest::option::of(".{0,20}"), number: u32) {
        let subject = Subject { holder: Holder::Organisation { name: name.clone(), uscc: uscc() }, number, email };
        for authority in [&XJCA, &CFCA, &SCCA] {
            if let Ok(der) = issue(authority, &subject, Usage::Encrypt) {
                let utf16: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
                let wanted = if authority.layout().name() == "xjca" { &utf16[..] } else { name.as_bytes() };
                prop_assert!(der.windows(wanted.len()).any(|part| part == wanted));
            }
        }
    }
}
