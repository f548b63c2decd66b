//! Decryption with a container's private key: functions beyond the standard, each with the name and arguments that some
//! makers gave it. Whether a product has one is its personality's matter; here they all work. The user must be logged in.

use skf_sys::codes;

use super::call::{Call, Done, OrWhen};
use super::ecc::{decrypt_into, sm2_private};
use super::rsa::rsa_private;
use crate::handles::Handle;
use crate::sar::Sar;
use crate::store::Usage;
use crate::views::{CipherIn, Input, Output};

/// The pair that a number names: 1 encryption, 2 signing.
fn usage(kind: u32) -> Result<Usage, Sar> {
    match kind {
        1 => Ok(Usage::Encryption),
        2 => Ok(Usage::Signing),
        _ => Err(Sar(codes::SAR_INVALIDPARAMERR)),
    }
}

fn sm2(call: &Call, container: Handle, kind: u32, cipher: CipherIn, plain: Output) -> Done {
    let container = call.container(container)?;
    let private = sm2_private(&container, usage(kind)?)?;
    decrypt_into(call, &private, cipher, &plain)
}

/// PKCS#1 v1.5. How long the message is shows after the work only, also to a host that asks for no more than that.
fn rsa(call: &Call, container: Handle, kind: u32, cipher: Input, plain: Output) -> Done {
    let container = call.container(container)?;
    let private = rsa_private(&container, usage(kind)?)?;
    if cipher.len() != private.size() {
        return Err(Sar(codes::SAR_INDATALENERR).into());
    }
    let message = private.decrypt(&cipher.read());
    plain.put(&message.code_when(codes::SAR_RSADECERR, |errors| &errors.rsa_failed)?)?;
    Ok(())
}

/// SM2, with the pair's kind; the encryption pair in the shape that names none.
pub fn SKF_PrvKeyDecrypt(call: &Call, container: Handle, kind: Option<u32>, cipher: CipherIn, plain: Output) -> Done {
    sm2(call, container, kind.unwrap_or(1), cipher, plain)
}

/// SM2, with the encryption pair.
pub fn SKF_ECCPrvKeyDecrypt(call: &Call, container: Handle, cipher: CipherIn, plain: Output) -> Done {
    sm2(call, container, 1, cipher, plain)
}

/// SM2; TRUE is the signing pair. The encryption pair in the shape that has no such argument.
pub fn SKF_ECCDecrypt(call: &Call, container: Handle, sign: Option<bool>, cipher: CipherIn, plain: Output) -> Done {
    let kind = if sign == Some(true) { 2 } else { 1 };
    sm2(call, container, kind, cipher, plain)
}

/// RSA, with the encryption pair.
pub fn SKF_RSAPrvKeyDecrypt(call: &Call, container: Handle, cipher: Input, plain: Output) -> Done {
    rsa(call, container, 1, cipher, plain)
}

/// RSA, with the pair's kind.
pub fn SKF_PriRsaDecrypt(call: &Call, container: Handle, kind: u32, cipher: Input, plain: Output) -> Done {
    rsa(call, container, kind, cipher, plain)
}

/// RSA, with the encryption pair.
pub fn SKF_RSADecrypt(call: &Call, container: Handle, cipher: Input, plain: Output) -> Done {
    rsa(call, container, 1, cipher, plain)
}
