//! NSS: modutil adds the module to a throw-away database and lists it, certutil finds its keys and certificates.

use std::path::Path;

use ukeyhub_artefacts::softhsm::{LABEL, USER_PIN};

use crate::fixture::{Fixture, difference, key_uri, run, sorted};

const PACKAGE: &str = "libnss3-tools";

/// A new database with one library, and what NSS says about it: the list of modules, keys, certificates.
fn database(fixture: &Fixture, name: &str, library: &Path) -> [String; 3] {
    let folder = fixture.folder().join(name);
    std::fs::create_dir(&folder).unwrap();
    let database = format!("sql:{}", folder.display());
    let password = fixture.file("password", USER_PIN);
    run(fixture.program("certutil", PACKAGE).args(["-N", "--empty-password", "-d", &database]));
    let mut add = fixture.program("modutil", PACKAGE);
    run(add.args(["-force", "-dbdir", &database, "-add", "added", "-libfile"]).arg(library));
    let listed = run(fixture.program("modutil", PACKAGE).args(["-dbdir", &database, "-list"])).out;
    let listed = listed.split("2. added").nth(1).unwrap_or_else(|| panic!("not added:\n{listed}")).to_owned();
    let certutil = |arguments: &[&str]| {
        let mut command = fixture.program("certutil", PACKAGE);
        run(command.args(arguments).args(["-d", &database, "-f"]).arg(&password)).out
    };
    // A key's number is its place in the list.
    let unnumbered = |line: &str| format!("{}\n", line.split_once('>').map_or(line, |(_, key)| key));
    let keys: String = certutil(&["-K", "-h", LABEL]).lines().map(unnumbered).collect();
    let answers = [listed, sorted(&keys, |_| true), certutil(&["-L", "-h", "all"])];
    run(fixture.program("modutil", PACKAGE).args(["-force", "-dbdir", &database, "-delete", "added"]));
    answers
}

#[test]
fn nss_sees_the_same_keys_and_certificates() {
    let fixture = Fixture::new();
    let config = fixture.openssl_config("bare", &fixture.bare);
    let certificate = fixture.folder().join("certificate");
    let mut request = fixture.program("openssl", "openssl");
    request.env("OPENSSL_CONF", config).args(["req", "-new", "-x509", "-engine", "pkcs11", "-keyform", "engine"]);
    let uri = key_uri("rsa");
    run(request.args(["-key", &uri, "-subj", "/CN=localhost", "-outform", "DER", "-out"]).arg(&certificate));
    let mut write = fixture.pkcs11_tool(&fixture.bare);
    write.args(["--login", "--pin", "env:PIN", "--type", "cert", "--id", "01", "--label", "rsa", "--write-object"]);
    run(write.arg(&certificate));

    let bare = database(&fixture, "bare", &fixture.bare);
    let module = database(&fixture, "module", &fixture.module);
    // The list names the library and who made it; slots and tokens below must be the same.
    let slots = |listed: &str| listed[listed.find("slots:").expect("a number of slots")..].to_owned();
    assert!(module[0].contains("library-manufacturer=ukeyhub") && module[0].contains("status: loaded"), "{module:?}");
    for (what, here, there) in [
        ("modutil -list", slots(&bare[0]), slots(&module[0])),
        ("certutil -K", bare[1].clone(), module[1].clone()),
        ("certutil -L -h all", bare[2].clone(), module[2].clone()),
    ] {
        if let Some(difference) = difference(&here, &there) {
            panic!("{what}: {difference}");
        }
    }
    assert!(module[1].contains("rsa") && module[1].contains("ec"), "{}", module[1]);
    assert!(module[2].contains("ukeyhub:rsa"), "{}", module[2]);
}
