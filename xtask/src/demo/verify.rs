//! The third party: the `openssl` program, which sees the message, the signature and the public key and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{self, Failure, during};

/// What OpenSSL is asked to judge.
pub struct Claim<'a> {
    /// The signed message, not its digest
    pub message: &'a [u8],
    /// As OpenSSL expects it: DER for ECDSA
    pub signature: &'a [u8],
    /// SubjectPublicKeyInfo in DER
    pub public_key: &'a [u8],
}

/// Whether OpenSSL accepts the signature over the SHA-256 of the message. Files are written to `folder`.
pub fn with_openssl(folder: &Path, claim: &Claim<'_>) -> Result<bool, Failure> {
    let put = |name: &str, bytes: &[u8]| -> Result<PathBuf, Failure> {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(during(path.display()))?;
        Ok(path)
    };
    let mut openssl = Command::new("openssl");
    openssl.args(["dgst", "-sha256", "-keyform", "DER", "-verify"]).arg(put("key.der", claim.public_key)?);
    openssl.arg("-signature").arg(put("signature", claim.signature)?).arg(put("message", claim.message)?);
    let ended = run::capture(&mut openssl)?;
    match ended.output.trim() {
        "Verified OK" if ended.success => Ok(true),
        // Older ones write a capital F.
        output if output.eq_ignore_ascii_case("Verification failure") && !ended.success => Ok(false),
        output => Err(Failure::new(format_args!("openssl cannot judge the signature: {output}\n{}", ended.errors))),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{Claim, with_openssl};
    use crate::run::output_of;

    #[test]
    fn openssl_accepts_its_own_signature_and_refuses_a_changed_message_and_nonsense() {
        let folder = tempfile::tempdir().unwrap();
        let openssl =
            |line: &str| output_of(Command::new("openssl").args(line.split(' ')).current_dir(&folder)).unwrap();
        std::fs::write(folder.path().join("text"), "a message").unwrap();
        openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out private");
        openssl("pkey -in private -pubout -outform DER -out public");
        openssl("dgst -sha256 -sign private -out signed text");
        let read = |name| std::fs::read(folder.path().join(name)).unwrap();
        let (signature, public_key) = (read("signed"), read("public"));
        let judge = |message: &[u8], public_key: &[u8]| {
            with_openssl(folder.path(), &Claim { message, signature: &signature, public_key })
        };
        assert!(judge(b"a message", &public_key).unwrap());
        assert!(!judge(b"another message", &public_key).unwrap());
        assert!(judge(b"a message", b"not a key").unwrap_err().to_string().contains("cannot judge"));
    }
}
