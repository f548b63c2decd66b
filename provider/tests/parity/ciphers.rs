//! Encryption and decryption, in one part and in several.

use cryptoki::context::Pkcs11;
use cryptoki::error::Result;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use cryptoki::slot::Slot;

use crate::objects::{aes_key, key_pair};
use crate::record::{Record, length};
use crate::sessions::logged_in;

const TEXT: &[u8; 48] = b"forty-eight bytes, which is three blocks of AES.";

pub fn run(record: &mut Record, pkcs11: &Pkcs11, slot: Slot) -> Result<()> {
    let session = logged_in(pkcs11, slot)?;
    let key = aes_key(&session)?;
    whole(record, &session, key)?;
    rsa(record, &session)?;
    parts(record, &session, key)?;
    refusals(record, &session, key)
}

fn whole(record: &mut Record, session: &Session, key: ObjectHandle) -> Result<()> {
    let mut iv = [7; 12];
    let gcm = GcmParams::new(&mut iv, b"more", 128.into())?;
    for (what, mechanism, text) in [
        ("AES-ECB", Mechanism::AesEcb, &TEXT[..]),
        ("AES-CBC", Mechanism::AesCbc([1; 16]), &TEXT[..]),
        ("AES-CBC-PAD", Mechanism::AesCbcPad([2; 16]), &TEXT[..37]),
        ("AES-CBC-PAD, nothing", Mechanism::AesCbcPad([2; 16]), &[][..]),
        ("AES-GCM", Mechanism::AesGcm(gcm), &TEXT[..29]),
        ("AES-CBC, half a block", Mechanism::AesCbc([1; 16]), &TEXT[..24]),
    ] {
        if let Ok(secret) = call!(record, what, Session::encrypt(session, &mechanism, key, text)) {
            let _ = call!(record, what, Session::decrypt(session, &mechanism, key, &secret));
        }
    }
    Ok(())
}

fn rsa(record: &mut Record, session: &Session) -> Result<()> {
    let (public, private) = key_pair(session, 1)?;
    let oaep = PkcsOaepParams::new(MechanismType::SHA1, PkcsMgfType::MGF1_SHA1, PkcsOaepSource::empty());
    for (what, mechanism, text) in [
        ("RSA", Mechanism::RsaPkcs, &TEXT[..]),
        ("RSA-OAEP", Mechanism::RsaPkcsOaep(oaep), &TEXT[..]),
        ("RSA, too long", Mechanism::RsaPkcs, &[1; 300][..]),
    ] {
        if let Ok(secret) = call!(record, what, Session::encrypt(session, &mechanism, public, text) => length) {
            let _ = call!(record, what, Session::decrypt(session, &mechanism, private, &secret));
        }
    }
    let _ = call!(record, "RSA, garbage", Session::decrypt(session, &Mechanism::RsaPkcs, private, &[3; 256]));
    Ok(())
}

fn parts(record: &mut Record, session: &Session, key: ObjectHandle) -> Result<()> {
    for (what, mechanism, end) in
        [("AES-CBC", Mechanism::AesCbc([1; 16]), 48), ("AES-CBC-PAD", Mechanism::AesCbcPad([2; 16]), 41)]
    {
        call!(record, what, Session::encrypt_init(session, &mechanism, key))?;
        let mut secret = Vec::new();
        for (place, part) in TEXT[..end].chunks(20).enumerate() {
            let name = format!("{what}, part {place}");
            secret.extend(call!(record, &name, Session::encrypt_update(session, part))?);
        }
        secret.extend(call!(record, what, Session::encrypt_final(session))?);
        call!(record, what, Session::decrypt_init(session, &mechanism, key))?;
        for (place, part) in secret.chunks(20).enumerate() {
            let name = format!("{what}, part {place}");
            call!(record, &name, Session::decrypt_update(session, part))?;
        }
        call!(record, what, Session::decrypt_final(session))?;
    }
    Ok(())
}

fn refusals(record: &mut Record, session: &Session, key: ObjectHandle) -> Result<()> {
    let _ = call!(record, "nothing begun", Session::encrypt_update(session, TEXT));
    let _ = call!(record, "nothing begun", Session::encrypt_final(session));
    let _ = call!(record, "nothing begun", Session::decrypt_update(session, TEXT));
    let _ = call!(record, "nothing begun", Session::decrypt_final(session));
    let _ = call!(record, "a digest mechanism", Session::encrypt_init(session, &Mechanism::Sha256, key));
    let _ = call!(record, "a digest mechanism", Session::decrypt_init(session, &Mechanism::Sha256, key));
    let mechanism = Mechanism::AesCbc([1; 16]);
    let gone = aes_key(session)?;
    session.destroy_object(gone)?;
    let _ = call!(record, "a destroyed key", Session::encrypt_init(session, &mechanism, gone));
    let _ = call!(record, "a destroyed key", Session::decrypt_init(session, &mechanism, gone));
    call!(record, "begun", Session::encrypt_init(session, &mechanism, key))?;
    let _ = call!(record, "begun twice", Session::encrypt_init(session, &mechanism, key));
    let _ = call!(record, "another operation is active", Session::decrypt_init(session, &mechanism, key));
    call!(record, "half a block", Session::encrypt_update(session, &TEXT[..24]))?;
    let _ = call!(record, "half a block is left", Session::encrypt_final(session));
    let _ = call!(record, "after an error", Session::encrypt_final(session));
    Ok(())
}
