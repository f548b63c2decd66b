//! nginx: the master opens the key, workers are forked and sign with it; a reload starts new ones.

use std::path::Path;
use std::process::Command;

use crate::fixture::{Fixture, key_uri};
use crate::server::{Server, certificate, free_port};

fn command(fixture: &Fixture, openssl_config: &Path, certificate: &Path, port: u16) -> Command {
    let folder = fixture.folder().display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("    {kind}_temp_path {folder}/{kind};\n"))
        .collect();
    // The workers stay who the master is: the token's files are private.
    // SAFETY: geteuid has no precondition.
    let user = if unsafe { libc::geteuid() } == 0 { "user root;" } else { "" };
    let text = format!(
        "daemon off;\nmaster_process on;\nworker_processes 2;\npid {folder}/nginx.pid;\nerror_log stderr info;\n{user}\n\
         env SOFTHSM2_CONF;\nenv UKEYHUB_CONFIG;\nenv OPENSSL_CONF;\nssl_engine pkcs11;\n\
         events {{ worker_connections 64; }}\nhttp {{\n    access_log off;\n{temporary}    ssl_session_tickets off;\n    \
         server {{\n        listen 127.0.0.1:{port} ssl;\n        ssl_certificate {};\n        \
         ssl_certificate_key \"engine:pkcs11:{}\";\n        location / {{ return 200 \"worker $pid\\n\"; }}\n    }}\n}}\n",
        certificate.display(),
        key_uri("rsa")
    );
    let file = fixture.file("nginx.conf", &text);
    let mut command = fixture.server("nginx", "nginx-light");
    command.env("OPENSSL_CONF", openssl_config).args(["-e", "stderr", "-p"]).arg(fixture.folder()).arg("-c").arg(file);
    command
}

fn serves(name: &str, library: impl Fn(&Fixture) -> &Path) {
    let fixture = Fixture::with_keys(&[("rsa", "01", "rsa:2048")]);
    let config = fixture.openssl_config(name, library(&fixture));
    let certificate = certificate(&fixture, &config);
    let port = free_port();
    let mut server = Server::start(&fixture, command(&fixture, &config, &certificate, port), port);
    let pages = server.serve(&fixture, &certificate, 20);
    assert!(pages.iter().all(|page| page.starts_with("worker ")), "{pages:?}");
    server.assert_mapped(library(&fixture));

    server.reload(libc::SIGHUP);
    let after = server.serve(&fixture, &certificate, 20);
    assert!(after.iter().all(|page| !pages.contains(page)), "a worker from before the reload served: {after:?}");
    server.assert_mapped(library(&fixture));
    let log = server.log();
    for word in ["[alert]", "[crit]", "[emerg]", "signal 11"] {
        assert!(!log.contains(word), "{word} in the log:\n{log}");
    }
    let status = server.stop(libc::SIGQUIT);
    assert!(status.success(), "{status}");
}

#[test]
fn nginx_serves_on_the_bare_library() {
    serves("bare", |fixture| &fixture.bare);
}

#[test]
fn nginx_serves_through_the_module() {
    serves("module", |fixture| &fixture.module);
}
