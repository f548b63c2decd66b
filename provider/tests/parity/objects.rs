//! Objects and their attributes.

use std::num::NonZeroUsize;

use cryptoki::context::Pkcs11;
use cryptoki::error::Result;
use cryptoki::object::{Attribute, AttributeInfo, AttributeType, CertificateType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{ObjectHandleIterator, Session};
use cryptoki::slot::Slot;

use crate::record::{Record, debug};
use crate::sessions::logged_in;

/// The fixed key pairs of the token: public and private, by id.
pub fn key_pair(session: &Session, id: u8) -> Result<(ObjectHandle, ObjectHandle)> {
    let find = |class| session.find_objects(&[Attribute::Class(class), Attribute::Id(vec![id])]);
    Ok((find(ObjectClass::PUBLIC_KEY)?[0], find(ObjectClass::PRIVATE_KEY)?[0]))
}

/// An AES key of known value in the session.
pub fn aes_key(session: &Session) -> Result<ObjectHandle> {
    session.create_object(&[
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Value((0..32).collect()),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
        Attribute::Wrap(true),
        Attribute::Unwrap(true),
        Attribute::Sign(true),
        Attribute::Verify(true),
        Attribute::Derive(true),
    ])
}

/// Asks for attributes one by one: cryptoki refuses a whole answer for one value that it has no name for.
pub fn facts(record: &mut Record, session: &Session, what: &str, object: ObjectHandle, kinds: &[AttributeType]) {
    let one = |kind: &AttributeType| format!("{kind}: {:?}\n", Session::get_attributes(session, object, &[*kind]));
    let text = kinds.iter().map(one).collect();
    record.keep("Session::get_attributes", &format!("{what}, one by one"), &Ok(()), |()| text);
}

/// Creates, finds, reads, changes, copies and destroys.
pub fn run(record: &mut Record, pkcs11: &Pkcs11, slot: Slot) -> Result<()> {
    let public = pkcs11.open_ro_session(slot)?;
    call!(record, "all, not logged in", Session::find_objects(&public, &[]))?;
    let _ = call!(record, "private, not logged in", Session::create_object(&public, &data("x", true, false)));
    let _ = call!(record, "token object in a reader", Session::create_object(&public, &data("x", false, true)));
    public.close()?;

    let session = logged_in(pkcs11, slot)?;
    call!(record, "all, logged in", Session::find_objects(&session, &[]))?;
    for class in [ObjectClass::PUBLIC_KEY, ObjectClass::PRIVATE_KEY, ObjectClass::CERTIFICATE] {
        let what = format!("{class}");
        call!(record, &what, Session::find_objects(&session, &[Attribute::Class(class)]))?;
    }
    let mut made = Vec::new();
    for number in 0..25 {
        made.push(session.create_object(&data(&format!("data {number}"), number % 2 == 0, number % 5 == 0))?);
    }
    call!(record, "no attribute", Session::create_object(&session, &[])).err();
    let certificate = [
        Attribute::Class(ObjectClass::CERTIFICATE),
        Attribute::CertificateType(CertificateType::X_509),
        Attribute::Label("证书".as_bytes().to_vec()),
        Attribute::Subject(vec![0x30, 0]),
        Attribute::Value(vec![0x30, 3, 2, 1, 5]),
    ];
    let certificate = call!(record, "a certificate", Session::create_object(&session, &certificate))?;
    iterate(record, &session)?;
    read(record, &session, certificate, made[1])?;
    change(record, &session, certificate, made)
}

fn iterate(record: &mut Record, session: &Session) -> Result<()> {
    let all = [Attribute::Class(ObjectClass::DATA)];
    let values = |objects: ObjectHandleIterator<'_>| -> Result<Vec<Vec<Attribute>>> {
        let objects: Vec<_> = objects.collect::<Result<_>>()?;
        objects.into_iter().map(|object| session.get_attributes(object, &[AttributeType::Value])).collect()
    };
    let found = call!(record, "data", Session::iter_objects(session, &all))?;
    record.keep("Session::iter_objects", "data, in order", &values(found), debug);
    for size in [1, 7, 25, 100] {
        let size = NonZeroUsize::new(size).expect("not zero");
        let what = format!("data, {size} at a time");
        let found = call!(record, &what, Session::iter_objects_with_cache_size(session, &all, size))?;
        record.keep("Session::iter_objects_with_cache_size", &format!("{what}, in order"), &values(found), debug);
    }
    let mut left = session.iter_objects(&all)?;
    let _ = left.next();
    let _ = call!(record, "beside another search", Session::find_objects(session, &all));
    drop(left);
    call!(record, "after a search was left", Session::find_objects(session, &all))?;
    call!(record, "nothing", Session::find_objects(session, &[Attribute::Label(b"nobody".to_vec())]))?;
    Ok(())
}

fn read(record: &mut Record, session: &Session, certificate: ObjectHandle, data: ObjectHandle) -> Result<()> {
    let asked = [
        AttributeType::Class,
        AttributeType::Label,
        AttributeType::Token,
        AttributeType::Private,
        AttributeType::Modifiable,
        AttributeType::Copyable,
        AttributeType::Destroyable,
        AttributeType::KeyType,
        AttributeType::Id,
        AttributeType::Subject,
        AttributeType::StartDate,
        AttributeType::Value,
        AttributeType::Modulus,
        AttributeType::ModulusBits,
        AttributeType::PublicExponent,
        AttributeType::PrivateExponent,
        AttributeType::EcParams,
        AttributeType::EcPoint,
        AttributeType::Sensitive,
        AttributeType::AlwaysSensitive,
        AttributeType::Extractable,
        AttributeType::NeverExtractable,
        AttributeType::Local,
        AttributeType::KeyGenMechanism,
        AttributeType::AllowedMechanisms,
        AttributeType::AlwaysAuthenticate,
        AttributeType::Sign,
        AttributeType::Decrypt,
        AttributeType::Trusted,
        AttributeType::CheckValue,
        AttributeType::UniqueId,
        AttributeType::VendorDefined(0x8000_1234),
    ];
    let (rsa_public, rsa_private) = key_pair(session, 1)?;
    let (ec_public, ec_private) = key_pair(session, 2)?;
    for (what, object) in [
        ("certificate", certificate),
        ("data", data),
        ("RSA public", rsa_public),
        ("RSA private", rsa_private),
        ("EC public", ec_public),
        ("EC private", ec_private),
    ] {
        let infos = call!(record, what, Session::get_attribute_info(session, object, &asked))?;
        call!(record, what, Session::get_attribute_info_map(session, object, &asked) => |map| {
            asked.iter().map(|kind| format!("{kind}: {:?}\n", map.get(kind))).collect()
        })?;
        let _ = call!(record, &format!("{what}, everything"), Session::get_attributes(session, object, &asked));
        let there: Vec<_> = asked
            .iter()
            .zip(&infos)
            .filter(|(_, info)| matches!(info, AttributeInfo::Available(_)))
            .map(|(kind, _)| *kind)
            .collect();
        let _ = call!(record, &format!("{what}, what is there"), Session::get_attributes(session, object, &there));
        facts(record, session, what, object, &asked);
        call!(record, &format!("{what}, nothing"), Session::get_attributes(session, object, &[]))?;
    }
    Ok(())
}

fn change(record: &mut Record, session: &Session, certificate: ObjectHandle, made: Vec<ObjectHandle>) -> Result<()> {
    let label = [Attribute::Label("新".as_bytes().to_vec())];
    call!(record, "a label", Session::update_attributes(session, certificate, &label))?;
    call!(record, "a changed label", Session::get_attributes(session, certificate, &[AttributeType::Label]))?;
    let class = [Attribute::Class(ObjectClass::DATA)];
    let _ = call!(record, "a class", Session::update_attributes(session, certificate, &class));
    let copy = call!(record, "data", Session::copy_object(session, made[0], &[Attribute::Label(b"copy".to_vec())]))?;
    let copied = [AttributeType::Label, AttributeType::Value, AttributeType::Token];
    call!(record, "a copy", Session::get_attributes(session, copy, &copied))?;
    let secret = aes_key(session)?;
    call!(record, "made sensitive", Session::copy_object(session, secret, &[Attribute::Sensitive(true)]))?;
    let (_, private) = key_pair(session, 1)?;
    let _ = call!(
        record,
        "a private key made readable",
        Session::copy_object(session, private, &[Attribute::Sensitive(false)])
    );
    call!(record, "a copy", Session::destroy_object(session, copy))?;
    let _ = call!(record, "twice", Session::destroy_object(session, copy));
    let _ = call!(record, "a destroyed object", Session::get_attributes(session, copy, &copied));
    let _ = call!(record, "a destroyed object", Session::get_attribute_info(session, copy, &copied));
    let _ = call!(record, "a destroyed object", Session::update_attributes(session, copy, &label));
    let _ = call!(record, "a destroyed object", Session::copy_object(session, copy, &[]));
    for object in made {
        session.destroy_object(object)?;
    }
    call!(record, "a certificate", Session::destroy_object(session, certificate))?;
    Ok(())
}

fn data(label: &str, private: bool, token: bool) -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::DATA),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Application(b"parity".to_vec()),
        Attribute::Value(format!("value of {label}").into_bytes()),
        Attribute::Private(private),
        Attribute::Token(token),
    ]
}
