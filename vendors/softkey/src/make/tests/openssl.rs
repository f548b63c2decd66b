//! Commands of OpenSSL 3. A missing or older OpenSSL fails the test that needs it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Once,
};

use tempfile::TempDir;

use super::super::Algorithm;

/// The id with which GM/T 0009 has certificates signed, said aloud so that no default of OpenSSL decides.
const ID: &str = "distid:1234567812345678";

pub struct OpenSsl {
    folder: TempDir,
}

impl OpenSsl {
    pub fn new() -> Self {
        static VERSION: Once = Once::new();
        VERSION.call_once(|| {
            let version = Command::new("openssl").arg("version").output();
            let version = version.expect("these tests need the command openssl, version 3");
            let version = String::from_utf8_lossy(&version.stdout).into_owned();
            assert!(version.starts_with("OpenSSL 3."), "these tests need OpenSSL 3, this is {version}");
        });
        Self { folder: TempDir::new().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a certificate as PEM, by OpenSSL, so that it has parsed it.
    pub fn pem(&self, name: &str, der: &[u8]) -> PathBuf {
        let (input, output) = (self.path().join(format!("{name}.der")), self.path().join(format!("{name}.pem")));
        std::fs::write(&input, der).unwrap();
        self.ok(&["x509", "-inform", "DER", "-in", text(&input), "-out", text(&output)]);
        output
    }

    /// `openssl verify` of a chain of RSA.
    pub fn verify(&self, authority: &Path, certificate: &Path, options: &[&str]) -> Result<(), String> {
        let mut arguments = vec!["verify", "-x509_strict", "-CAfile", text(authority), "-no-CApath", "-no-CAstore"];
        arguments.extend_from_slice(options);
        arguments.push(text(certificate));
        let output = run(&arguments);
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    }

    /// The same for SM2: with the default id.
    pub fn verify_sm2(&self, authority: &Path, certificate: &Path, options: &[&str]) -> Result<(), String> {
        self.verify(authority, certificate, &[&["-vfyopt", ID], options].concat())
    }

    /// A CA's signature on itself. `openssl verify` takes the CA from its store, without the id of `-vfyopt`; so for SM2 the
    /// signed part and the signature are taken out and checked by `openssl dgst`.
    pub fn verify_root(&self, authority: &Path, algorithm: Algorithm) -> Result<(), String> {
        if algorithm == Algorithm::Rsa {
            return self.verify(authority, authority, &["-check_ss_sig"]);
        }
        let [key, signed, signature] = ["key", "signed", "signature"].map(|name| self.path().join(name));
        std::fs::write(&key, self.show(authority, &["-pubkey"])).unwrap();
        let parsed = self.ok(&["asn1parse", "-in", text(authority)]);
        let last = parsed.lines().next_back().unwrap();
        assert!(last.contains("BIT STRING"), "{last}");
        let at = last.split_once(':').unwrap().0.trim();
        for (at, part) in [("4", &signed), (at, &signature)] {
            self.ok(&["asn1parse", "-in", text(authority), "-strparse", at, "-noout", "-out", text(part)]);
        }
        let (key, signature) = (text(&key), text(&signature));
        let output = run(&["dgst", "-sm3", "-verify", key, "-sigopt", ID, "-signature", signature, text(&signed)]);
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    }

    /// What a command says; it must succeed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// One `openssl x509` print of a certificate.
    pub fn show(&self, certificate: &Path, options: &[&str]) -> String {
        self.ok(&[&["x509", "-noout", "-in", text(certificate)], options].concat())
    }

    /// A name in one line, in the order of its DER, in UTF-8.
    pub fn name(&self, certificate: &Path, which: &str) -> String {
        let format = "utf8,sep_comma_plus_space,sname";
        let line = self.show(certificate, &[which, "-nameopt", format]);
        line.trim_end().split_once('=').unwrap().1.trim_start().to_owned()
    }
}

fn run(arguments: &[&str]) -> Output {
    Command::new("openssl").args(arguments).output().expect("the command openssl")
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
