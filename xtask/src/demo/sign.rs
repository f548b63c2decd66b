//! Through the module: on each token, two key pairs are generated, each signs, the token verifies, OpenSSL verifies,
//! and both refuse a changed message. Keys are session objects: nothing stays on the token.

use std::fs;
use std::path::Path;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use der::Encode;
use sha2::{Digest, Sha256};

use super::public_key;
use super::tokens::{Library, pin_file};
use super::verify::{Claim, with_openssl};
use crate::run::{Failure, during};
use crate::words::Console;

/// A kind of key pair and the way it signs here.
#[derive(Clone, Copy)]
enum Kind {
    Rsa2048,
    P256,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Rsa2048, Self::P256];

    fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "RSA-2048, CKM_SHA256_RSA_PKCS",
            Self::P256 => "EC P-256, CKM_ECDSA (SHA-256)",
        }
    }

    fn mechanism(self) -> Mechanism<'static> {
        match self {
            Self::Rsa2048 => Mechanism::Sha256RsaPkcs,
            Self::P256 => Mechanism::Ecdsa,
        }
    }

    /// What the mechanism is given for a message: CKM_ECDSA signs a digest.
    fn input(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Rsa2048 => message.to_vec(),
            Self::P256 => Sha256::digest(message).to_vec(),
        }
    }
}

struct KeyPair {
    public: ObjectHandle,
    private: ObjectHandle,
}

/// Uses the token of each of `libraries` and says at the end what was proved.
pub fn through_the_module(
    console: &Console,
    module: &Path,
    folder: &Path,
    libraries: &[Library],
) -> Result<(), Failure> {
    let pin = fs::read_to_string(pin_file(folder)).map_err(during("the PIN file"))?;
    let pin = AuthPin::new(pin.into());
    let pkcs11 = Pkcs11::new(module).map_err(during(module.display()))?;
    pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).map_err(during("C_Initialize"))?;
    let mut signatures = 0;
    for library in libraries {
        let slot = slot_of(&pkcs11, library.token)?;
        introduce(console, &pkcs11, slot, library)?;
        let session = pkcs11.open_rw_session(slot).map_err(during("C_OpenSession"))?;
        session.login(UserType::User, Some(&pin)).map_err(during("C_Login"))?;
        for kind in Kind::ALL {
            let message = format!("{}, {}, slot {}", library.token, kind.name(), slot.id());
            let length = prove(&session, kind, message.as_bytes(), folder).map_err(during(format_args!(
                "{}, {}",
                library.token,
                kind.name()
            )))?;
            signatures += 1;
            console.line(
                format_args!("    {}: signed ({length} bytes); verified by the token and by OpenSSL, both refuse a changed message", kind.name()),
                format_args!("    {}：已签名（{length} 字节）；令牌与 OpenSSL 均验签通过，且均拒绝被改动的报文", kind.name()),
            );
        }
        session.logout().map_err(during("C_Logout"))?;
        session.close().map_err(during("C_CloseSession"))?;
    }
    pkcs11.finalize().map_err(during("C_Finalize"))?;
    let count = libraries.len();
    console.line(
        format_args!(
            "Proved: one module, {count} native libraries, {signatures} signatures made, \
             {signatures} verified by the tokens and {signatures} by OpenSSL."
        ),
        format_args!(
            "已证明：一个模块、{count} 个原生库、完成 {signatures} 次签名，令牌验签通过 {signatures} 次，OpenSSL 验签通过 {signatures} 次。"
        ),
    );
    Ok(())
}

/// The one slot whose token has this label.
fn slot_of(pkcs11: &Pkcs11, label: &str) -> Result<Slot, Failure> {
    let mut found = Vec::new();
    for slot in pkcs11.get_slots_with_token().map_err(during("C_GetSlotList"))? {
        let token = pkcs11.get_token_info(slot).map_err(during("C_GetTokenInfo"))?;
        if token.label() == label {
            found.push(slot);
        }
    }
    match found[..] {
        [slot] => Ok(slot),
        _ => Err(Failure::new(format_args!("{} tokens are called {label:?}, expected one", found.len()))),
    }
}

fn introduce(console: &Console, pkcs11: &Pkcs11, slot: Slot, library: &Library) -> Result<(), Failure> {
    let token = pkcs11.get_token_info(slot).map_err(during("C_GetTokenInfo"))?;
    let (label, serial, maker) = (token.label(), token.serial_number(), token.manufacturer_id());
    let (id, path) = (slot.id(), library.path.display());
    console.line(
        format_args!("  {path}\n    token \"{label}\" of {maker}, serial {serial}, slot {id:#010x}"),
        format_args!("  {path}\n    令牌“{label}”，厂商 {maker}，序列号 {serial}，插槽 {id:#010x}"),
    );
    Ok(())
}

/// Signs `message` with a fresh key pair and returns the signature's length once everyone agrees on it.
fn prove(session: &Session, kind: Kind, message: &[u8], folder: &Path) -> Result<usize, Failure> {
    let keys = generate(session, kind)?;
    let (mechanism, input) = (kind.mechanism(), kind.input(message));
    let signature = session.sign(&mechanism, keys.private, &input).map_err(during("C_Sign"))?;
    session.verify(&mechanism, keys.public, &input, &signature).map_err(during("C_Verify"))?;
    let mut changed = message.to_vec();
    changed.push(b'!');
    match session.verify(&mechanism, keys.public, &kind.input(&changed), &signature) {
        Err(Error::Pkcs11(RvError::SignatureInvalid, _)) => {}
        other => {
            return Err(Failure::new(format_args!(
                "C_Verify of a changed message must be refused, but gave {other:?}"
            )));
        }
    }
    let public_key = public_key_of(session, kind, keys.public)?;
    let encoded = match kind {
        Kind::Rsa2048 => signature.clone(),
        Kind::P256 => public_key::ecdsa_signature(&signature).map_err(during("the signature"))?,
    };
    let accepted = |message| with_openssl(folder, &Claim { message, signature: &encoded, public_key: &public_key });
    if !accepted(message)? {
        return Err(Failure::new("OpenSSL refuses the token's signature"));
    }
    if accepted(&changed)? {
        return Err(Failure::new("OpenSSL accepts the signature for a changed message"));
    }
    Ok(signature.len())
}

fn generate(session: &Session, kind: Kind) -> Result<KeyPair, Failure> {
    let (mechanism, mut public) = match kind {
        Kind::Rsa2048 => {
            let exponent = Attribute::PublicExponent(vec![1, 0, 1]);
            (Mechanism::RsaPkcsKeyPairGen, vec![Attribute::ModulusBits(2048.into()), exponent])
        }
        Kind::P256 => {
            let curve = public_key::P256.to_der().map_err(during("the curve"))?;
            (Mechanism::EccKeyPairGen, vec![Attribute::EcParams(curve)])
        }
    };
    public.extend([Attribute::Token(false), Attribute::Verify(true)]);
    let private =
        [Attribute::Token(false), Attribute::Private(true), Attribute::Sensitive(true), Attribute::Sign(true)];
    let pair = session.generate_key_pair(&mechanism, &public, &private);
    let (public, private) = pair.map_err(during("C_GenerateKeyPair"))?;
    Ok(KeyPair { public, private })
}

/// The public key as the rest of the world reads it, from the token's attributes.
fn public_key_of(session: &Session, kind: Kind, key: ObjectHandle) -> Result<Vec<u8>, Failure> {
    let types = match kind {
        Kind::Rsa2048 => [AttributeType::Modulus, AttributeType::PublicExponent],
        Kind::P256 => [AttributeType::EcParams, AttributeType::EcPoint],
    };
    let attributes = session.get_attributes(key, &types).map_err(during("C_GetAttributeValue"))?;
    let encoded = match &attributes[..] {
        [Attribute::Modulus(modulus), Attribute::PublicExponent(exponent)] => public_key::rsa(modulus, exponent),
        [Attribute::EcParams(parameters), Attribute::EcPoint(point)] => public_key::ec(parameters, point),
        other => return Err(Failure::new(format_args!("the token does not tell its public key: {other:?}"))),
    };
    encoded.map_err(during("the public key"))
}
