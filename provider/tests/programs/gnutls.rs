//! p11tool and certtool (GnuTLS).

use std::path::Path;

use ukeyhub_artefacts::softhsm::LABEL;

use crate::fixture::{Fixture, difference, key_uri, run, sorted};

const PACKAGE: &str = "gnutls-bin";

/// p11tool on one library; its path is masked.
fn p11tool(fixture: &Fixture, library: &Path, arguments: &[&str]) -> String {
    let said = run(fixture.program("p11tool", PACKAGE).arg("--provider").arg(library).args(arguments));
    let out = said.out.replace(&library.display().to_string(), "(library)");
    // The number of an object is its place in the list.
    let unnumbered: String = out
        .lines()
        .map(|line| if line.starts_with("Object ") { "Object\n".into() } else { format!("{line}\n") })
        .collect();
    sorted(&unnumbered, |line| line == "Object")
}

/// The same on both libraries, or a failure.
fn compared(fixture: &Fixture, arguments: &[&str]) -> String {
    let bare = p11tool(fixture, &fixture.bare, arguments);
    let module = p11tool(fixture, &fixture.module, arguments);
    if let Some(difference) = difference(&bare, &module) {
        panic!("p11tool {arguments:?}: {difference}");
    }
    bare
}

#[test]
fn p11tool_lists_the_same() {
    let fixture = Fixture::new();
    let token = format!("pkcs11:token={LABEL}");
    let tokens = compared(&fixture, &["--list-tokens"]);
    assert!(tokens.contains("token=ukeyhub"), "{tokens}");
    // Numbers and names only: SoftHSM2 2.6 adds some flags to what p11tool's memory happens to hold (it does not clear
    // them first), while the module clears an answer before it asks for it.
    let mechanisms = |library| -> Vec<String> {
        let listed = p11tool(&fixture, library, &["--list-mechanisms", &token]);
        listed.lines().map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect()
    };
    let module = mechanisms(&fixture.module);
    assert_eq!(mechanisms(&fixture.bare), module);
    assert!(module.iter().any(|line| line.ends_with("CKM_RSA_PKCS_PSS")), "{module:?}");
    let public = compared(&fixture, &["--list-all", &token]);
    assert!(public.contains("object=rsa;type=public"), "{public}");
    let all = compared(&fixture, &["--login", "--list-all", &token]);
    assert!(all.contains("object=aes;type=secret-key"), "{all}");
    let private = compared(&fixture, &["--login", "--list-privkeys", &token]);
    assert!(private.contains("object=ec;type=private"), "{private}");
    let exported = compared(&fixture, &["--export-pubkey", &format!("{token};object=rsa;type=public")]);
    assert!(exported.contains("BEGIN PUBLIC KEY"), "{exported}");
}

#[test]
fn p11tool_signs_through_the_module() {
    let fixture = Fixture::new();
    for key in ["rsa", "ec"] {
        let uri = format!("pkcs11:token={LABEL};object={key}");
        let mut tool = fixture.program("p11tool", PACKAGE);
        let said = run(tool.arg("--provider").arg(&fixture.module).args(["--login", "--test-sign", &uri]));
        let said = said.out + &said.err;
        assert!(said.contains("public key in the token... ok"), "{said}");
    }
}

#[test]
fn certtool_certifies_with_the_key_and_openssl_accepts_it() {
    let fixture = Fixture::new();
    let template =
        fixture.file("template", "cn = \"localhost\"\nexpiration_days = 10\nserial = 1\nca\ncert_signing_key\n");
    for key in ["rsa", "ec"] {
        let certificate = fixture.folder().join(format!("{key}.pem"));
        let mut tool = fixture.program("certtool", PACKAGE);
        tool.arg("--provider").arg(&fixture.module).args(["--generate-self-signed", "--load-privkey", &key_uri(key)]);
        tool.args(["--load-pubkey", &format!("pkcs11:token={LABEL};object={key};type=public")]);
        run(tool.arg("--template").arg(&template).arg("--outfile").arg(&certificate));
        let mut openssl = fixture.program("openssl", "openssl");
        run(openssl.args(["verify", "-check_ss_sig", "-CAfile"]).arg(&certificate).arg(&certificate));
    }
}
