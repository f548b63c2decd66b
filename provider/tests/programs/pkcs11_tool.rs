//! pkcs11-tool (OpenSC): what it lists and what it tests.

use std::path::Path;

use crate::fixture::{Fixture, Said, difference, say, sorted};

/// Slot ids are the module's own: they stand in brackets behind a slot's number or a token.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    for line in text.lines() {
        let id = line.find("(0x").filter(|_| line.starts_with("Slot ") || line.starts_with("Using slot "));
        let end = id.and_then(|start| Some(start + line[start..].find(')')?));
        match id.zip(end) {
            Some((start, end)) => masked.push_str(&format!("{}(slot id{}", &line[..start], &line[end..])),
            None => masked.push_str(line),
        }
        masked.push('\n');
    }
    masked
}

fn tool(fixture: &Fixture, library: &Path, arguments: &[&str]) -> Said {
    let said = say(fixture.pkcs11_tool(library).args(arguments));
    let out = sorted(&masked(&said.out), |line| line.contains(" Object; "));
    Said { code: said.code, out, err: masked(&said.err) }
}

/// Runs pkcs11-tool on both libraries; gives what it said on the bare one, and fails on any difference.
fn compared(fixture: &Fixture, arguments: &[&str]) -> Said {
    let bare = tool(fixture, &fixture.bare, arguments);
    let module = tool(fixture, &fixture.module, arguments);
    for (what, here, there) in [("stdout", &bare.out, &module.out), ("stderr", &bare.err, &module.err)] {
        if let Some(difference) = difference(here, there) {
            panic!("pkcs11-tool {arguments:?}, {what}: {difference}");
        }
    }
    assert_eq!(bare.code, module.code, "pkcs11-tool {arguments:?}");
    bare
}

const LOGIN: [&str; 3] = ["--login", "--pin", "env:PIN"];

#[test]
fn lists_are_the_same() {
    let fixture = Fixture::new();
    let slots = compared(&fixture, &["-L"]);
    assert!(slots.out.contains("Slot 0 (slot id)") && slots.out.contains("ukeyhub"), "{}", slots.out);
    let tokens = compared(&fixture, &["-T"]);
    assert!(tokens.out.contains("ukeyhub"), "{}", tokens.out);

    let mechanisms = compared(&fixture, &["-M"]);
    let lines = mechanisms.out.lines().filter(|line| line.starts_with("  ")).count();
    assert!(lines > 60, "SoftHSM2 has more mechanisms than these {lines}:\n{}", mechanisms.out);
    for name in ["RSA-PKCS-PSS", "ECDSA", "AES-GCM", "SHA256-HMAC", "DES3-CBC", "EDDSA"] {
        let there = mechanisms.out.lines().any(|line| line.trim_start().starts_with(name));
        assert!(there, "{name} is not in the list:\n{}", mechanisms.out);
    }

    let public = compared(&fixture, &["-O"]);
    assert!(public.out.contains("Public Key Object; RSA 2048 bits"), "{}", public.out);
    assert!(!public.out.contains("Private Key Object"), "{}", public.out);
    let all = compared(&fixture, &[&["-O"], &LOGIN[..]].concat());
    assert!(all.out.contains("Private Key Object; RSA"), "{}", all.out);
    let together = compared(&fixture, &[&["-L", "-T", "-M", "-O"], &LOGIN[..]].concat());
    assert!(together.out.contains("Private Key Object; EC"), "{}", together.out);
    let wrong = compared(&fixture, &["-O", "--login", "--pin", "env:HOME"]);
    assert!(wrong.err.contains("CKR_PIN_INCORRECT"), "{wrong:?}");
}

#[test]
fn its_own_test_is_the_same() {
    // With an RSA key, this version stops at a decryption whose parameters SoftHSM2 refuses, on both. One key pair at a
    // time: the order in which SoftHSM2 lists several is left to chance.
    let fixture = Fixture::with_keys(&[("rsa", "01", "rsa:2048")]);
    let said = compared(&fixture, &[&["--test"], &LOGIN[..]].concat());
    assert!(said.out.contains("RSA-PKCS: OK"), "{}", said.out);
    // With an EC key alone it comes to its end.
    let fixture = Fixture::with_keys(&[("ec", "02", "EC:prime256v1")]);
    let said = compared(&fixture, &[&["--test"], &LOGIN[..]].concat());
    assert_eq!((said.code, said.out.contains("No errors")), (Some(0), true), "{said:?}");
}

#[test]
fn keys_made_through_the_module_are_there_bare() {
    let fixture = Fixture::with_keys(&[]);
    let make = ["--keypairgen", "--key-type", "rsa:2048", "--label", "made", "--id", "0a"];
    let said = tool(&fixture, &fixture.module, &[&make, &LOGIN[..]].concat());
    assert_eq!(said.code, Some(0), "{said:?}");
    let objects = compared(&fixture, &[&["-O"], &LOGIN[..]].concat());
    assert_eq!(objects.out.matches("label:      made").count(), 2, "{}", objects.out);

    let data = fixture.file("data", "what is signed");
    let signature = |library: &Path, name: &str| {
        let file = fixture.folder().join(name);
        let sign = ["--sign", "--mechanism", "SHA256-RSA-PKCS", "--id", "0a", "--input-file"];
        let files = [data.to_str().unwrap(), "--output-file", file.to_str().unwrap()];
        let said = tool(&fixture, library, &[&sign[..], &files, &LOGIN].concat());
        assert_eq!(said.code, Some(0), "{said:?}");
        std::fs::read(file).unwrap()
    };
    assert_eq!(signature(&fixture.bare, "bare.sig"), signature(&fixture.module, "module.sig"));

    let delete = ["--delete-object", "--type", "privkey", "--id", "0a"];
    let said = tool(&fixture, &fixture.module, &[&delete, &LOGIN[..]].concat());
    assert_eq!(said.code, Some(0), "{said:?}");
    let objects = compared(&fixture, &[&["-O"], &LOGIN[..]].concat());
    assert_eq!(objects.out.matches("label:      made").count(), 1, "{}", objects.out);
}
