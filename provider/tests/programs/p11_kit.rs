//! p11-kit: its server loads the module and a client in another process uses it. `p11-kit list-modules` is not tried:
//! it knows a private module only through a user's configuration, which it ignores for root, or through /etc.

use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ukeyhub_artefacts::softhsm::LABEL;

use crate::fixture::{Fixture, run, sorted};

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; waiting then still gives its status.
        let _ = self.0.kill();
        self.0.wait().expect("p11-kit can be waited for");
    }
}

/// Where Debian and others keep the client library.
fn client() -> &'static str {
    const PLACES: [&str; 4] = [
        "/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-client.so",
        "/usr/lib/aarch64-linux-gnu/pkcs11/p11-kit-client.so",
        "/usr/lib64/pkcs11/p11-kit-client.so",
        "/usr/lib/pkcs11/p11-kit-client.so",
    ];
    PLACES
        .into_iter()
        .find(|path| std::path::Path::new(path).is_file())
        .unwrap_or_else(|| panic!("p11-kit-client.so is missing: install the package p11-kit-modules"))
}

#[test]
fn its_server_serves_the_module() {
    let fixture = Fixture::new();
    let socket = fixture.folder().join("socket");
    let mut command = fixture.server("p11-kit", "p11-kit");
    command.args(["server", "--foreground", "--name"]).arg(&socket).arg("--provider").arg(&fixture.module);
    command.arg(format!("pkcs11:token={LABEL}")).env("XDG_RUNTIME_DIR", fixture.folder());
    let _server = Server(command.stdout(Stdio::null()).spawn().expect("p11-kit runs"));
    let start = Instant::now();
    while !socket.exists() {
        assert!(start.elapsed() < Duration::from_secs(20), "p11-kit opened no socket");
        thread::sleep(Duration::from_millis(10));
    }

    let client = |arguments: &[&str]| {
        let mut tool = fixture.program("pkcs11-tool", "opensc");
        tool.env("P11_KIT_SERVER_ADDRESS", format!("unix:path={}", socket.display()));
        run(tool.args(["--module", client(), "--login", "--pin", "env:PIN"]).args(arguments)).out
    };
    let objects = |listed: &str| sorted(listed, |line| line.contains(" Object; "));
    let direct = run(fixture.pkcs11_tool(&fixture.bare).args(["--login", "--pin", "env:PIN", "-O"])).out;
    assert_eq!(objects(&client(&["-O"])), objects(&direct));
    let data = fixture.file("data", "what is signed");
    let signature = fixture.folder().join("signature");
    let files = ["--input-file", data.to_str().unwrap(), "--output-file", signature.to_str().unwrap()];
    client(&[&["--sign", "--mechanism", "SHA256-RSA-PKCS", "--id", "01"], &files[..]].concat());
    let public = fixture.folder().join("public");
    let read = ["--read-object", "--type", "pubkey", "--id", "01", "--output-file"];
    run(fixture.pkcs11_tool(&fixture.bare).args(read).arg(&public));
    let mut verify = fixture.program("openssl", "openssl");
    verify.args(["dgst", "-sha256", "-keyform", "DER", "-verify"]).arg(&public);
    run(verify.arg("-signature").arg(&signature).arg(&data));
}
