//! Apache with mod_ssl and forked children (prefork): the parent opens the key, children of another user sign with it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use crate::fixture::{Fixture, key_uri};
use crate::server::{Server, certificate, free_port};

const MODULES: &str = "/usr/lib/apache2/modules";
/// The user "nobody" of Debian and others.
const NOBODY: u32 = 65534;

fn command(fixture: &Fixture, openssl_config: &Path, certificate: &Path, port: u16) -> Command {
    let folder = fixture.folder().display();
    fs::create_dir(fixture.folder().join("www")).unwrap();
    fixture.file("www/page", "a page\n");
    // Only root may name another user, and Apache refuses to serve as root.
    // SAFETY: geteuid has no precondition.
    let user = if unsafe { libc::geteuid() } == 0 { give_to_nobody(fixture) } else { String::new() };
    let module = |name: &str, file: &str| {
        let path = format!("{MODULES}/{file}");
        assert!(
            Path::new(&path).is_file(),
            "{path} is missing: install the package apache2-bin (apt install apache2-bin)"
        );
        format!("LoadModule {name} {path}\n")
    };
    let text = format!(
        "ServerRoot {folder}\nPidFile {folder}/apache.pid\nErrorLog {folder}/error.log\nLogLevel info\n\
         Listen 127.0.0.1:{port}\nServerName localhost\n{user}DefaultRuntimeDir {folder}\nMutex file:{folder} default\n\
         {}{}{}StartServers 3\nSSLRandomSeed startup builtin\nSSLSessionCache none\nSSLSessionTickets off\n\
         SSLCryptoDevice pkcs11\nDocumentRoot {folder}/www\nKeepAlive Off\n<VirtualHost 127.0.0.1:{port}>\n    \
         SSLEngine on\n    SSLCertificateFile {}\n    SSLCertificateKeyFile \"{}\"\n</VirtualHost>\n",
        module("mpm_prefork_module", "mod_mpm_prefork.so"),
        module("authz_core_module", "mod_authz_core.so"),
        module("ssl_module", "mod_ssl.so"),
        certificate.display(),
        key_uri("rsa")
    );
    let file = fixture.file("httpd.conf", &text);
    let mut command = fixture.server("apache2", "apache2-bin");
    command.env("OPENSSL_CONF", openssl_config).arg("-f").arg(file).args(["-D", "FOREGROUND"]);
    command
}

/// Makes what the children read theirs: the token's files, and the way to them and to the configuration.
fn give_to_nobody(fixture: &Fixture) -> String {
    open(fixture.folder());
    open(fixture.config.path().parent().unwrap());
    open(fixture.config.path());
    own(&fixture.folder().join("tokens"));
    open(&fixture.folder().join("softhsm2.conf"));
    format!("User #{NOBODY}\nGroup #{NOBODY}\n")
}

fn open(path: &Path) {
    let mode = if path.is_dir() { 0o755 } else { 0o644 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn own(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            own(&entry.unwrap().path());
        }
    }
}

fn serves(name: &str, library: impl Fn(&Fixture) -> &Path) {
    let fixture = Fixture::with_keys(&[("rsa", "01", "rsa:2048")]);
    let config = fixture.openssl_config(name, library(&fixture));
    let certificate = certificate(&fixture, &config);
    let port = free_port();
    let mut server = Server::start(&fixture, command(&fixture, &config, &certificate, port), port);
    for round in 0..2 {
        let pages = server.serve(&fixture, &certificate, 20);
        assert!(pages.iter().all(|page| page == "a page\n"), "{pages:?}");
        server.assert_mapped(library(&fixture));
        if round == 0 {
            server.reload(libc::SIGHUP);
        }
    }
    let log = server.log();
    for word in [":alert]", ":crit]", ":emerg]", "Segmentation fault"] {
        assert!(!log.contains(word), "{word} in the log:\n{log}");
    }
    let status = server.stop(libc::SIGTERM);
    assert!(status.success(), "{status}");
}

#[test]
fn apache_serves_on_the_bare_library() {
    serves("bare", |fixture| &fixture.bare);
}

#[test]
fn apache_serves_through_the_module() {
    serves("module", |fixture| &fixture.module);
}
