//! The shipped personalities, their format, and options laid over them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::collection::{EMBEDDED, personality};
use super::*;

fn all() -> &'static Personalities {
    static ALL: LazyLock<Personalities> = LazyLock::new(|| Personalities::embedded().unwrap());
    &ALL
}

fn options(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn fault(text: &str) -> String {
    let all = all();
    personality("p.toml", text, all.get(STANDARD)).unwrap_err().to_string()
}

#[test]
fn the_embedded_files_are_those_of_the_folder_and_each_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("personalities");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let mut embedded: Vec<_> = EMBEDDED.iter().map(|(file, _)| (*file).to_owned()).collect();
    embedded.sort();
    assert_eq!(files, embedded);
    let all = all();
    assert_eq!(all.iter().count(), EMBEDDED.len());
    for (file, _) in EMBEDDED {
        assert!(all.get(file.trim_end_matches(".toml")).is_some(), "{file}");
    }
    assert_eq!(all.get("softhsm"), None);
}

/// A mark of vendor-facts, a section of it, or the word that the choice is ours.
#[test]
fn every_fact_has_a_source_and_unverified_ones_do_not_claim_more() {
    for personality in all().iter() {
        let rows = personality.rows().into_iter().map(|row| (row.key.to_owned(), row.source, row.verified));
        let variants =
            personality.variants.iter().map(|variant| (variant.name.clone(), variant.source.clone(), variant.verified));
        let notes = personality.notes.iter().map(|note| (note.text.clone(), note.source.clone(), note.verified));
        for (what, source, verified) in rows.chain(variants).chain(notes) {
            let own = source.starts_with("our choice: ") || source == "own limit";
            let is_marked =
                own || source.contains('§') || source.contains("[unverified]") || source.contains("[standard]");
            assert!(is_marked, "{}: {what}: {source:?} says neither who nor where", personality.id);
            if verified {
                let is_strong = ["[standard]", "[bin", "measured"].iter().any(|mark| source.contains(mark));
                let is_weak = own
                    || ["[unverified]", "not measured", "guess", "our reading", "ours"]
                        .iter()
                        .any(|mark| source.contains(mark));
                assert!(is_strong && !is_weak, "{}: {what}: {source:?} is no proof", personality.id);
            }
        }
    }
}

#[test]
fn every_value_reads_back_as_it_is_written() {
    for personality in all().iter() {
        let mut again = personality.clone();
        for row in personality.rows() {
            again.behaviour.set(row.key, &row.value, &row.source).unwrap().unwrap();
        }
        for (row, before) in again.rows().iter().zip(personality.rows()) {
            assert_eq!((row.key, &row.value), (before.key, &before.value), "{}", personality.id);
        }
    }
}

/// The keys of the table are the names of the structures' fields.
#[test]
fn keys_are_section_and_field() {
    let all = all();
    let rows = all.get(STANDARD).unwrap().rows();
    let keys: BTreeSet<_> = rows.iter().map(|row| row.key).collect();
    assert_eq!(keys.len(), rows.len(), "a key stands twice");
    for row in &rows {
        let (section, key) = row.key.split_once('.').unwrap();
        assert!(SECTIONS.iter().any(|(name, _)| *name == section), "{}", row.key);
        let text = format!(
            "id = \"p\"\n[title]\nzh = \"\"\nen = \"\"\n[{section}]\n{key} = {{ value = {{}}, source = \"\", verified = true }}\n"
        );
        let said = fault(&text);
        assert!(said.starts_with(&format!("p.toml:6: key \"{section}.{key}.value\": ")), "{said}");
    }
}

#[test]
fn the_standard_personality_states_everything_and_others_inherit() {
    let all = all();
    assert!(all.get(STANDARD).unwrap().rows().iter().all(|row| !row.inherited));
    let gx = all.get("gx").unwrap();
    assert!(gx.device.label.inherited() && !gx.device.manufacturer.inherited());
    let (_, text) = EMBEDDED[0];
    let short = text.lines().filter(|line| !line.starts_with("max-count")).collect::<Vec<_>>().join("\n");
    let said = personality("standard.toml", &short, None).unwrap_err().to_string();
    assert_eq!(said, "standard.toml:1: key \"container.max-count\" is missing");
}

#[test]
fn products_behave_as_their_facts_say() {
    let all = all();
    let get = |id: &str| all.get(id).unwrap();
    let lg3073 = get("linguo-lg3073-bjca");
    assert_eq!(lg3073.errors.container_missing.0, 0x0A00_002E);
    assert_eq!(lg3073.errors.encryption_key_missing.0, 0x0A00_0031);
    assert_eq!(lg3073.answer_of("SKF_ImportRSAKeyPair"), Some(0x0A00_0019));
    assert_eq!(*lg3073.container.type_answer, TypeAnswer::AlwaysRsa);
    let serial = lg3073.serial(&[7; 12]);
    assert_eq!((serial.as_str(), lg3073.device.name_form.fill(&serial, 0)), ("5303777777777777", serial.clone()));
    assert!(lg3073.crashes_on_wrong_handle("SKF_VerifyPIN") && !lg3073.crashes_on_wrong_handle("SKF_GenRandom"));

    let gm3000 = get("longmai-gm3000-xjca");
    assert_eq!((*gm3000.container.name_limit, gm3000.errors.container_missing.0), (39, 0x0B00_0035));
    assert_eq!(gm3000.decrypt_arguments("SKF_ECCPrvKeyDecrypt"), Some(4));
    assert_eq!((gm3000.answer_of("SKF_ECCDecrypt"), gm3000.answer_of("SKF_EnumDev")), (Some(0x0A00_0003), None));

    let xiangsheng = get("xiangsheng-kshield");
    assert_eq!(xiangsheng.no_key(true, true), &"SAR_FAIL".parse().unwrap());
    assert_eq!(xiangsheng.no_key(false, true).list(), b"HSIC KShield\0\0");
    assert_eq!(get("gx").no_key(true, true).list(), [0, 0]);
    let EnumAnswer::Answer { size: Some(265), .. } = get("haitai").no_key(false, true) else { panic!("not 265 bytes") };
    assert_eq!(get("haitai").no_key(false, true).list().len(), 265);
    assert_eq!(get("feitian-epass3000gm").device.auth_algorithm.0, 0x201);
    assert_eq!(get("feitian-epass3000gm").device.name_form.fill("", 0), "ES3000GM VCR 1");
    assert_eq!(get("standard").sm2_ids().sign, 0x0002_0100);
    for personality in all.iter() {
        assert!(personality.device.issuer.as_str().contains("TEST"), "{}: not marked as a test key", personality.id);
    }
}

#[test]
fn every_list_and_its_size_agree() {
    for personality in all().iter() {
        for present in [true, false] {
            let EnumAnswer::Answer { code, size, .. } = personality.no_key(present, true) else { continue };
            let length = personality.no_key(present, true).list().len();
            assert!(length == 0 || (code.0 == 0 && *size == Some(length as u32)), "{}: {present}", personality.id);
        }
    }
}

#[test]
fn variants_can_be_laid_over_and_have_names_of_their_own() {
    let all = all();
    for personality in all.iter() {
        let for_all = &all.get(STANDARD).unwrap().variants;
        let own = personality.variants.iter().filter(|_| personality.id != STANDARD);
        let names: Vec<_> = for_all.iter().chain(own).map(|variant| &variant.name).collect();
        assert_eq!(
            names.iter().collect::<BTreeSet<_>>().len(),
            names.len(),
            "{}: a variant's name stands twice",
            personality.id
        );
        for name in names {
            let changed = all
                .with(personality, &options(&[(VARIANT, name)]))
                .unwrap_or_else(|why| panic!("{}: {why}", personality.id));
            assert_ne!(changed.rows(), personality.rows(), "{}: {name} changes nothing", personality.id);
        }
    }
}

#[test]
fn options_change_values_and_say_so() {
    let all = all();
    let lg3073 = all.get("linguo-lg3073-bjca").unwrap();
    let changed = all
        .with(
            lg3073,
            &options(&[
                (VARIANT, "no-lock, slow-login"),
                ("functions.unsupported", "+SKF_Transmit"),
                ("container.name-limit", "20"),
                ("errors.pin-wrong", "0x0A000024"),
                ("device.label", "测试, 标签"),
                ("device.encoding", "gbk"),
            ]),
        )
        .unwrap();
    for function in ["SKF_LockDev", "SKF_UnlockDev", "SKF_Transmit"] {
        assert_eq!(changed.answer_of(function), Some(0x0A00_0003), "{function}");
    }
    assert_eq!(changed.delay_of("SKF_VerifyPIN"), Duration::from_secs(3));
    assert_eq!((*changed.container.name_limit, changed.errors.pin_wrong.0), (20, 0x0A00_0024));
    assert_eq!(changed.device.encoding.encode(changed.device.label.as_str()), b"\xB2\xE2\xCA\xD4, \xB1\xEA\xC7\xA9");
    assert!(!changed.errors.pin_wrong.verified() && changed.errors.pin_wrong.source() == "an option of this key");
    assert_eq!(lg3073, all.get("linguo-lg3073-bjca").unwrap());

    let wrong = |pairs: &[(&str, &str)]| all.with(lg3073, &options(pairs)).unwrap_err().to_string();
    assert_eq!(wrong(&[("pin.length", "4")]), "there is no option \"pin.length\"");
    assert_eq!(wrong(&[(VARIANT, "fast")]), "there is no variant \"fast\"");
    assert!(wrong(&[("pin.user-min", "few")]).starts_with("option \"pin.user-min\": "));
    assert!(wrong(&[("functions.slow", "SKF_EnumDevs=1")]).contains("no function of the table"));
    assert!(wrong(&[("pin.user-min", "9")]).contains("pin.user is not"));
    assert!(wrong(&[("device.serials", "empty")]).contains("empty name"));
    assert!(wrong(&[("functions.private-decrypt", "+SKF_ECCDecrypt/5")]).contains("twice"));
}

#[test]
fn names_in_gbk_go_both_ways() {
    let gbk = Encoding::Gbk;
    assert_eq!(gbk.encode("锁"), b"\xCB\xF8");
    assert_eq!(gbk.decode(b"\xCB\xF8"), Some("锁".to_owned()));
    assert_eq!((gbk.decode(b"\xCB"), Encoding::Utf8.decode(b"\xCB\xF8")), (None, None));
    assert_eq!(gbk.encode("a\u{1F511}锁"), b"a?\xCB\xF8");
}

const PLAIN: &str = "id = \"p\"\n\n[title]\nzh = \"锁\"\nen = \"Key\"\n";

#[test]
fn faults_name_file_line_and_key() {
    let limit = "[container]\nname-limit = { value = 39, source = \"s\", verified = false }\n";
    let cases = [
        (
            format!("{PLAIN}{limit}name-limits = 1\n"),
            "p.toml:8: unknown key \"container.name-limits\", expected one of",
        ),
        (format!("{PLAIN}[containers]\n"), "p.toml:6: unknown key \"containers\", expected one of"),
        (format!("{PLAIN}{limit}{}", limit.replace("[container]\n", "")), "p.toml:8: double key \"name-limit\""),
        (PLAIN.replace("id", "id = \"q\"\nid"), "p.toml:2: double key \"id\""),
        (
            format!("{PLAIN}{}", limit.replace(", verified = false", "")),
            "p.toml:7: key \"verified\" is missing in \"container.name-limit\"",
        ),
        (
            format!("{PLAIN}{}", limit.replace("39", "\"39\"")),
            "p.toml:7: key \"container.name-limit.value\": invalid type",
        ),
        (
            format!("{PLAIN}{}", limit.replace("39", "-1")),
            "p.toml:7: key \"container.name-limit.value\": invalid value",
        ),
        (
            format!("{PLAIN}{}", limit.replace("source", "sources")),
            "p.toml:7: unknown key \"container.name-limit.sources\"",
        ),
        (
            format!("{PLAIN}[errors]\npin-wrong = {{ value = \"SAR_PIN\", source = \"\", verified = true }}\n"),
            "p.toml:7: key \"errors.pin-wrong.value\": \"SAR_PIN\" is neither a code",
        ),
        (format!("{PLAIN}[[note]]\ntext = \"\"\nsource = \"\"\n"), "p.toml:6: key \"verified\" is missing in \"note\""),
        (format!("{PLAIN}[[variant]]\nname = 1\n"), "p.toml:7: key \"variant.name\": invalid type"),
        (PLAIN.replace("id = \"p\"", "id = \"q\""), "p.toml:1: key \"id\": \"q\" is not the name of the file"),
        (PLAIN.replace("id = \"p\"\n", ""), "p.toml:1: key \"id\" is missing at the top level"),
        (format!("{PLAIN}{}", limit.replace("39", "5")), "p.toml:1: container.name-form is longer than"),
        (format!("{PLAIN}= 1"), "p.toml:6: not valid TOML: "),
    ];
    for (text, expected) in cases {
        let said = fault(&text);
        assert!(said.starts_with(expected), "{text}\n{said}");
    }
    assert!(
        personality("p.toml", &format!("{PLAIN}{limit}"), all().get(STANDARD))
            .is_ok_and(|p| *p.container.name_limit == 39)
    );
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "\\PC*", at in 0..PLAIN.len()) {
        _ = behaviour::read("p", &text);
        let (head, tail) = PLAIN.split_at(PLAIN.floor_char_boundary(at));
        _ = behaviour::read("p", &format!("{head}{text}{tail}"));
    }

    #[test]
    fn arbitrary_options_never_panic(text in "\\PC{0,20}", at in 0..200_usize) {
        let all = all();
        let mut changed = all.get("haitai").unwrap().clone();
        let rows = changed.rows();
        let key = rows[at % rows.len()].key;
        if changed.behaviour.set(key, &text, "").unwrap().is_ok() {
            _ = changed.contradiction();
            let shown = changed.rows()[at % rows.len()].value.clone();
            prop_assert!(changed.behaviour.set(key, &shown, "").unwrap().is_ok(), "{key}: {text:?} is shown as {shown:?}");
        }
    }
}

#[test]
fn certificate_layouts_are_those_of_the_maker_of_keys() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/make/layouts.toml");
    let layouts = fs::read_to_string(file).unwrap();
    let is_known = |name: &str| layouts.lines().any(|line| line == format!("name = \"{name}\""));
    for personality in all().iter() {
        let variants = personality.variants.iter().filter_map(|variant| variant.set.get("container.layout"));
        for name in variants.map(String::as_str).chain([personality.container.layout.as_str()]) {
            assert!(is_known(name), "{}: no layout {name:?}", personality.id);
        }
    }
}
