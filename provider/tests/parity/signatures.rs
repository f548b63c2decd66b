//! Signatures and MACs, in one part and in several, and their verification.

use cryptoki::context::Pkcs11;
use cryptoki::error::Result;
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use ukeyhub_artefacts::softhsm::USER_PIN;

use crate::objects::{aes_key, key_pair};
use crate::record::{Record, Text, length};
use crate::sessions::logged_in;
use crate::slots::pin;

const TEXT: &[u8; 32] = b"thirty-two bytes, like a digest.";

pub fn run(record: &mut Record, pkcs11: &Pkcs11, slot: Slot) -> Result<()> {
    let session = logged_in(pkcs11, slot)?;
    let rsa = key_pair(&session, 1)?;
    let ec = key_pair(&session, 2)?;
    let aes = aes_key(&session)?;
    let mac = session.create_object(&[
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Value((0..64).collect()),
        Attribute::Sign(true),
        Attribute::Verify(true),
    ])?;
    let pss = PkcsPssParams { hash_alg: MechanismType::SHA256, mgf: PkcsMgfType::MGF1_SHA256, s_len: 32.into() };
    // Those of the first list always give the same bytes.
    for (what, mechanism, (public, private)) in [
        ("RSA", Mechanism::RsaPkcs, rsa),
        ("RSA-SHA1", Mechanism::Sha1RsaPkcs, rsa),
        ("RSA-SHA256", Mechanism::Sha256RsaPkcs, rsa),
        ("RSA-SHA512", Mechanism::Sha512RsaPkcs, rsa),
        ("HMAC-SHA256", Mechanism::Sha256Hmac, (mac, mac)),
        ("HMAC-SHA512", Mechanism::Sha512Hmac, (mac, mac)),
        ("AES-CMAC", Mechanism::AesCMac, (aes, aes)),
        ("RSA with an EC key", Mechanism::Sha256RsaPkcs, ec),
    ] {
        whole(record, &session, what, &mechanism, public, private, Text::text)?;
        if what != "RSA" && what != "RSA with an EC key" {
            parts(record, &session, what, &mechanism, public, private, Text::text)?;
        }
    }
    for (what, mechanism, (public, private)) in [
        ("RSA-PSS", Mechanism::RsaPkcsPss(pss), rsa),
        ("RSA-PSS-SHA256", Mechanism::Sha256RsaPkcsPss(pss), rsa),
        ("ECDSA", Mechanism::Ecdsa, ec),
        ("ECDSA-SHA256", Mechanism::EcdsaSha256, ec),
    ] {
        whole(record, &session, what, &mechanism, public, private, length)?;
    }
    parts(record, &session, "RSA-PSS-SHA256", &Mechanism::Sha256RsaPkcsPss(pss), rsa.0, rsa.1, length)?;
    refusals(record, &session, rsa)?;
    always_authenticate(record, &session)
}

fn whole(
    record: &mut Record,
    session: &Session,
    what: &str,
    mechanism: &Mechanism<'_>,
    public: ObjectHandle,
    private: ObjectHandle,
    text: impl FnOnce(&Vec<u8>) -> String,
) -> Result<()> {
    let signature = call!(record, what, Session::sign(session, mechanism, private, TEXT) => text);
    let Ok(mut signature) = signature else {
        return Ok(());
    };
    call!(record, what, Session::verify(session, mechanism, public, TEXT, &signature))?;
    let other = [0; 32];
    let name = format!("{what}, other data");
    let _ = call!(record, &name, Session::verify(session, mechanism, public, &other, &signature));
    signature.pop();
    let name = format!("{what}, too short");
    let _ = call!(record, &name, Session::verify(session, mechanism, public, TEXT, &signature));
    Ok(())
}

fn parts(
    record: &mut Record,
    session: &Session,
    what: &str,
    mechanism: &Mechanism<'_>,
    public: ObjectHandle,
    private: ObjectHandle,
    text: impl FnOnce(&Vec<u8>) -> String,
) -> Result<()> {
    call!(record, what, Session::sign_init(session, mechanism, private))?;
    for (place, part) in TEXT.chunks(11).enumerate() {
        let name = format!("{what}, part {place}");
        call!(record, &name, Session::sign_update(session, part))?;
    }
    let signature = call!(record, what, Session::sign_final(session) => text)?;
    call!(record, what, Session::verify_init(session, mechanism, public))?;
    for (place, part) in TEXT.chunks(7).enumerate() {
        let name = format!("{what}, part {place}");
        call!(record, &name, Session::verify_update(session, part))?;
    }
    call!(record, what, Session::verify_final(session, &signature))?;
    session.verify_init(mechanism, public)?;
    session.verify_update(b"other data")?;
    let _ = call!(record, &format!("{what}, other data"), Session::verify_final(session, &signature));
    Ok(())
}

fn refusals(record: &mut Record, session: &Session, (public, private): (ObjectHandle, ObjectHandle)) -> Result<()> {
    let _ = call!(record, "nothing begun", Session::sign_update(session, TEXT));
    let _ = call!(record, "nothing begun", Session::sign_final(session));
    let _ = call!(record, "nothing begun", Session::verify_update(session, TEXT));
    let _ = call!(record, "nothing begun", Session::verify_final(session, TEXT));
    let mechanism = Mechanism::Sha256RsaPkcs;
    let _ = call!(record, "a public key", Session::sign_init(session, &mechanism, public));
    let _ = call!(record, "a private key", Session::verify_init(session, &mechanism, private));
    let _ = call!(record, "a digest mechanism", Session::sign_init(session, &Mechanism::Sha256, private));
    let _ = call!(record, "unknown to the library", Session::sign_init(session, &Mechanism::SlhDsaKeyPairGen, private));
    call!(record, "begun", Session::sign_init(session, &mechanism, private))?;
    let _ = call!(record, "begun twice", Session::sign_init(session, &mechanism, private));
    let _ = call!(record, "beside a signature", Session::verify_init(session, &mechanism, public));
    call!(record, "after refusals", Session::sign_update(session, TEXT))?;
    call!(record, "after refusals", Session::sign_final(session))?;
    Ok(())
}

/// A key that wants the PIN again between C_SignInit and C_Sign.
fn always_authenticate(record: &mut Record, session: &Session) -> Result<()> {
    let public = [Attribute::ModulusBits(1024.into()), Attribute::PublicExponent(vec![1, 0, 1])];
    let private = [Attribute::AlwaysAuthenticate(true), Attribute::Private(true), Attribute::Sign(true)];
    let (_, key) = session.generate_key_pair(&Mechanism::RsaPkcsKeyPairGen, &public, &private)?;
    let login = |pin_text: &str| Session::login(session, UserType::ContextSpecific, Some(&pin(pin_text)));
    let mechanism = Mechanism::Sha256RsaPkcs;
    let _ =
        call!(record, "a key that wants the PIN, not given", Session::sign(session, &mechanism, key, TEXT) => length);
    call!(record, "a key that wants the PIN", Session::sign_init(session, &mechanism, key))?;
    record.keep("Session::login", "CKU_CONTEXT_SPECIFIC, a wrong PIN", &login("0000"), Text::text);
    record.keep("Session::login", "CKU_CONTEXT_SPECIFIC", &login(USER_PIN), Text::text);
    let _ = call!(record, "a key that wants the PIN", Session::sign_update(session, TEXT));
    let _ = call!(record, "a key that wants the PIN", Session::sign_final(session) => length);
    Ok(())
}
