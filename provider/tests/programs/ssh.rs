//! OpenSSH: public keys, certificates, and an agent that signs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::fixture::{Fixture, run, sorted};

const PACKAGE: &str = "openssh-client";

fn keygen(fixture: &Fixture) -> Command {
    let mut command = fixture.program("ssh-keygen", PACKAGE);
    command.env("SSH_ASKPASS", fixture.askpass()).env("SSH_ASKPASS_REQUIRE", "force");
    command
}

fn public_keys(fixture: &Fixture, library: &Path) -> String {
    sorted(&run(keygen(fixture).arg("-D").arg(library)).out, |_| true)
}

/// The public key of this type, in a file.
fn public_key(fixture: &Fixture, kind: &str) -> PathBuf {
    let keys = public_keys(fixture, &fixture.module);
    let line = keys.lines().find(|line| line.starts_with(kind)).unwrap_or_else(|| panic!("no {kind} in:\n{keys}"));
    fixture.file(&format!("{kind}.pub"), &format!("{line}\n"))
}

const KINDS: [&str; 2] = ["ssh-rsa", "ecdsa-sha2-nistp256"];

#[test]
fn ssh_keygen_shows_the_same_keys() {
    let fixture = Fixture::new();
    let module = public_keys(&fixture, &fixture.module);
    assert_eq!(public_keys(&fixture, &fixture.bare), module);
    for kind in KINDS {
        assert!(module.contains(kind), "{module}");
    }
}

#[test]
fn ssh_keygen_certifies_with_the_key() {
    let fixture = Fixture::new();
    let user = fixture.folder().join("user");
    run(keygen(&fixture).args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&user));
    for kind in KINDS {
        let authority = public_key(&fixture, kind);
        let mut sign = keygen(&fixture);
        sign.arg("-D").arg(&fixture.module).arg("-s").arg(&authority).args(["-I", "identity", "-n", "user"]);
        run(sign.arg(user.with_extension("pub")));
        // Reading a certificate verifies its signature.
        let shown = run(keygen(&fixture).arg("-Lf").arg(fixture.folder().join("user-cert.pub"))).out;
        assert!(shown.contains("Key ID: \"identity\"") && shown.contains(kind.trim_start_matches("ssh-")), "{shown}");
    }
}

/// An agent in the foreground, ended with the value.
struct Agent {
    child: Child,
    socket: PathBuf,
}

impl Agent {
    fn start(fixture: &Fixture) -> Self {
        let socket = fixture.folder().join("agent");
        let mut command = fixture.server("ssh-agent", PACKAGE);
        command.arg("-D").arg("-a").arg(&socket).arg("-P").arg(&fixture.module);
        let child = command.stdout(Stdio::null()).spawn().expect("ssh-agent runs");
        let agent = Self { child, socket };
        let start = Instant::now();
        while !agent.socket.exists() {
            assert!(start.elapsed() < Duration::from_secs(20), "ssh-agent opened no socket");
            thread::sleep(Duration::from_millis(10));
        }
        agent
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended already; waiting then still gives its status.
        let _ = self.child.kill();
        self.child.wait().expect("ssh-agent can be waited for");
    }
}

#[test]
fn an_agent_signs_with_the_key() {
    let fixture = Fixture::new();
    let agent = Agent::start(&fixture);
    let mut add = fixture.program("ssh-add", PACKAGE);
    add.env("SSH_AUTH_SOCK", &agent.socket);
    add.env("SSH_ASKPASS", fixture.askpass()).env("SSH_ASKPASS_REQUIRE", "force");
    run(add.arg("-s").arg(&fixture.module));
    let data = fixture.file("data", "what is signed");
    for kind in KINDS {
        let key = public_key(&fixture, kind);
        let mut sign = keygen(&fixture);
        run(sign.env("SSH_AUTH_SOCK", &agent.socket).args(["-Y", "sign", "-n", "file", "-f"]).arg(&key).arg(&data));
        let signature = fixture.folder().join("data.sig");
        let allowed = fixture.file("allowed", &format!("me {}", fs::read_to_string(&key).unwrap()));
        let mut verify = keygen(&fixture);
        verify.args(["-Y", "verify", "-I", "me", "-n", "file", "-f"]).arg(&allowed).arg("-s").arg(&signature);
        let said = run(verify.stdin(fs::File::open(&data).unwrap())).out;
        assert!(said.contains("Good \"file\" signature"), "{said}");
        fs::remove_file(signature).unwrap();
    }
}
