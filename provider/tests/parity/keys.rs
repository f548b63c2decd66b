//! Making, wrapping and deriving keys.

use cryptoki::context::Pkcs11;
use cryptoki::error::Result;
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::elliptic_curve::{EcKdf, Ecdh1DeriveParams};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass};
use cryptoki::session::Session;
use cryptoki::slot::Slot;
use cryptoki_sys::CK_ULONG;

use crate::objects::{aes_key, facts, key_pair};
use crate::record::{Record, length};
use crate::sessions::logged_in;

/// What a made key says about itself that is not random.
const FACTS: &[AttributeType] = &[
    AttributeType::Class,
    AttributeType::KeyType,
    AttributeType::Token,
    AttributeType::Private,
    AttributeType::Sensitive,
    AttributeType::AlwaysSensitive,
    AttributeType::Extractable,
    AttributeType::NeverExtractable,
    AttributeType::Local,
    AttributeType::KeyGenMechanism,
    AttributeType::ValueLen,
    AttributeType::ModulusBits,
    AttributeType::EcParams,
    AttributeType::Sign,
    AttributeType::Verify,
    AttributeType::Encrypt,
    AttributeType::Decrypt,
    AttributeType::Wrap,
    AttributeType::Derive,
];

/// The DER of the curve P-256's name.
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

pub fn run(record: &mut Record, pkcs11: &Pkcs11, slot: Slot) -> Result<()> {
    let session = logged_in(pkcs11, slot)?;
    make(record, &session)?;
    make_pairs(record, &session)?;
    wrap(record, &session)?;
    derive(record, &session)
}

fn make(record: &mut Record, session: &Session) -> Result<()> {
    let length = |bytes: CK_ULONG| Attribute::ValueLen(bytes.into());
    let cases = [
        ("AES-128", Mechanism::AesKeyGen, vec![length(16)]),
        ("AES-256, token object", Mechanism::AesKeyGen, vec![length(32), Attribute::Token(true)]),
        ("DES2", Mechanism::Des2KeyGen, vec![]),
        ("DES3", Mechanism::Des3KeyGen, vec![Attribute::Sensitive(false), Attribute::Extractable(true)]),
        ("generic", Mechanism::GenericSecretKeyGen, vec![length(48), Attribute::KeyType(KeyType::GENERIC_SECRET)]),
    ];
    for (what, mechanism, template) in cases {
        let key = call!(record, what, Session::generate_key(session, &mechanism, &template));
        if let Ok(key) = key {
            facts(record, session, &format!("{what}, made"), key, FACTS);
            session.destroy_object(key)?;
        }
    }
    let _ = call!(record, "AES of 5 bytes", Session::generate_key(session, &Mechanism::AesKeyGen, &[length(5)]));
    let _ = call!(record, "AES without length", Session::generate_key(session, &Mechanism::AesKeyGen, &[]));
    let _ = call!(record, "not a generation", Session::generate_key(session, &Mechanism::Sha256, &[]));
    let _ = call!(record, "unknown to the library", Session::generate_key(session, &Mechanism::HkdfKeyGen, &[]));
    Ok(())
}

fn make_pairs(record: &mut Record, session: &Session) -> Result<()> {
    let rsa = [Attribute::ModulusBits(1024.into()), Attribute::PublicExponent(vec![1, 0, 1]), Attribute::Verify(true)];
    let curve = [Attribute::EcParams(P256.to_vec()), Attribute::Verify(true)];
    let edwards = [Attribute::EcParams([&[0x13, 0x0c], &b"edwards25519"[..]].concat()), Attribute::Verify(true)];
    let private = [Attribute::Sign(true), Attribute::Sensitive(true)];
    let cases = [
        ("RSA-1024", Mechanism::RsaPkcsKeyPairGen, &rsa[..]),
        ("P-256", Mechanism::EccKeyPairGen, &curve[..]),
        ("Ed25519", Mechanism::EccEdwardsKeyPairGen, &edwards[..]),
        ("an unknown curve", Mechanism::EccKeyPairGen, &[Attribute::EcParams(vec![6, 1, 42])][..]),
        ("unknown to the library", Mechanism::MlKemKeyPairGen, &[][..]),
    ];
    for (what, mechanism, public) in cases {
        let pair = call!(record, what, Session::generate_key_pair(session, &mechanism, public, &private));
        if let Ok((public, private)) = pair {
            facts(record, session, &format!("{what}, made, public"), public, FACTS);
            facts(record, session, &format!("{what}, made, private"), private, FACTS);
            session.destroy_object(public)?;
            session.destroy_object(private)?;
        }
    }
    Ok(())
}

fn wrap(record: &mut Record, session: &Session) -> Result<()> {
    let wrapping = aes_key(session)?;
    let wrapped = aes_key(session)?;
    let (public, private) = key_pair(session, 1)?;
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
    ];
    for (what, mechanism) in [("AES key wrap", Mechanism::AesKeyWrap), ("AES key wrap pad", Mechanism::AesKeyWrapPad)] {
        let bytes = call!(record, what, Session::wrap_key(session, &mechanism, wrapping, wrapped))?;
        let key = call!(record, what, Session::unwrap_key(session, &mechanism, wrapping, &bytes, &template))?;
        let value = [AttributeType::Value];
        call!(record, &format!("{what}, unwrapped"), Session::get_attributes(session, key, &value))?;
    }
    let bytes = call!(record, "RSA", Session::wrap_key(session, &Mechanism::RsaPkcs, public, wrapped) => length);
    if let Ok(bytes) = bytes {
        let _ = call!(record, "RSA", Session::unwrap_key(session, &Mechanism::RsaPkcs, private, &bytes, &template));
    }
    let damaged = [0; 40];
    let mechanism = Mechanism::AesKeyWrap;
    let _ = call!(record, "damaged", Session::unwrap_key(session, &mechanism, wrapping, &damaged, &template));
    let _ = call!(record, "a private key that stays", Session::wrap_key(session, &mechanism, wrapping, private));
    let _ = call!(record, "not for wrapping", Session::wrap_key(session, &Mechanism::Sha256, wrapping, wrapped));
    Ok(())
}

fn derive(record: &mut Record, session: &Session) -> Result<()> {
    let curve = [Attribute::EcParams(P256.to_vec())];
    let derives = [Attribute::Derive(true)];
    let (public, _) = session.generate_key_pair(&Mechanism::EccKeyPairGen, &curve, &derives)?;
    let (other, private) = session.generate_key_pair(&Mechanism::EccKeyPairGen, &curve, &derives)?;
    let point = session.get_attributes(public, &[AttributeType::EcPoint])?;
    let Some(Attribute::EcPoint(point)) = point.into_iter().next() else {
        panic!("an EC public key has a point");
    };
    let mechanism = Mechanism::Ecdh1Derive(Ecdh1DeriveParams::new(EcKdf::null(), &point));
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::ValueLen(32.into()),
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
    ];
    let key = call!(record, "ECDH", Session::derive_key(session, &mechanism, private, &template))?;
    facts(record, session, "ECDH, derived", key, FACTS);
    let _ = call!(record, "a public key", Session::derive_key(session, &mechanism, other, &template));
    let _ = call!(record, "not a derivation", Session::derive_key(session, &Mechanism::Sha256, private, &template));
    Ok(())
}
