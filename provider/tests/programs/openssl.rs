//! OpenSSL 3 with the engine `pkcs11` of libp11: signs with the token's key, and OpenSSL alone verifies.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fixture::{Fixture, key_uri, run};

/// OpenSSL with the engine over one library.
fn engine(fixture: &Fixture, config: &Path, arguments: &[&str]) -> Command {
    let mut command = plain(fixture, arguments);
    command.env("OPENSSL_CONF", config);
    command
}

fn plain(fixture: &Fixture, arguments: &[&str]) -> Command {
    let mut command = fixture.program("openssl", "openssl");
    command.args(arguments);
    command
}

fn sign(fixture: &Fixture, config: &Path, key: &str, data: &Path) -> PathBuf {
    let signature = config.with_extension(format!("{key}.sig"));
    let uri = key_uri(key);
    let arguments = ["dgst", "-sha256", "-engine", "pkcs11", "-keyform", "engine", "-sign", &uri, "-out"];
    run(engine(fixture, config, &arguments).arg(&signature).arg(data));
    signature
}

#[test]
fn openssl_signs_and_plain_openssl_verifies() {
    let fixture = Fixture::new();
    let bare = fixture.openssl_config("bare", &fixture.bare);
    let module = fixture.openssl_config("module", &fixture.module);
    let data = fixture.file("data", "what is signed");
    for key in ["rsa", "ec"] {
        let public = fixture.folder().join(format!("{key}.pub"));
        let uri = key_uri(key);
        let arguments = ["pkey", "-engine", "pkcs11", "-inform", "engine", "-in", &uri, "-pubout", "-out"];
        run(engine(&fixture, &bare, &arguments).arg(&public));
        let signatures = [&bare, &module].map(|config| sign(&fixture, config, key, &data));
        for signature in &signatures {
            let mut verify = plain(&fixture, &["dgst", "-sha256", "-verify"]);
            let said = run(verify.arg(&public).arg("-signature").arg(signature).arg(&data)).out;
            assert!(said.contains("Verified OK"), "{said}");
        }
        if key == "rsa" {
            let [here, there] = signatures.map(|signature| std::fs::read(signature).unwrap());
            assert_eq!(here, there, "PKCS #1 v1.5 signatures of the same data");
        }
    }
}

#[test]
fn openssl_makes_requests_and_certificates() {
    let fixture = Fixture::new();
    let config = fixture.openssl_config("module", &fixture.module);
    for key in ["rsa", "ec"] {
        let (request, certificate) = (fixture.folder().join("request"), fixture.folder().join("certificate"));
        let uri = key_uri(key);
        let common = ["-engine", "pkcs11", "-keyform", "engine", "-key", &uri, "-subj", "/CN=测试", "-utf8", "-out"];
        run(engine(&fixture, &config, &[&["req", "-new"], &common[..]].concat()).arg(&request));
        run(plain(&fixture, &["req", "-verify", "-noout", "-in"]).arg(&request));
        run(engine(&fixture, &config, &[&["req", "-new", "-x509"], &common[..]].concat()).arg(&certificate));
        let mut verify = plain(&fixture, &["verify", "-check_ss_sig", "-CAfile"]);
        run(verify.arg(&certificate).arg(&certificate));
    }
}

#[test]
fn openssl_decrypts_with_the_key() {
    let fixture = Fixture::new();
    let config = fixture.openssl_config("module", &fixture.module);
    let (public, secret) = (fixture.folder().join("public"), fixture.folder().join("secret"));
    let data = fixture.file("data", "a short secret");
    let uri = key_uri("rsa");
    let arguments = ["pkey", "-engine", "pkcs11", "-inform", "engine", "-in", &uri, "-pubout", "-out"];
    run(engine(&fixture, &config, &arguments).arg(&public));
    let mut encrypt = plain(&fixture, &["pkeyutl", "-encrypt", "-pubin", "-inkey"]);
    run(encrypt.arg(&public).arg("-in").arg(&data).arg("-out").arg(&secret));
    let arguments = ["pkeyutl", "-decrypt", "-engine", "pkcs11", "-keyform", "engine", "-inkey", &uri, "-in"];
    assert_eq!(run(engine(&fixture, &config, &arguments).arg(&secret)).out, "a short secret");
}
