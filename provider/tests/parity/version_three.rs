//! The methods over functions of PKCS#11 3.0 and 3.2, asked of a library that knows 2.40 only: each must give a defined
//! error on both sides.

use cryptoki::context::Pkcs11;
use cryptoki::error::Result;
use cryptoki::mechanism::aead::{GcmMessageParams, GeneratorFunction};
use cryptoki::mechanism::{Mechanism, MessageParam};
use cryptoki::session::{Session, ValidationFlagsType};
use cryptoki::slot::Slot;

use crate::objects::{aes_key, key_pair};
use crate::record::{Record, debug};
use crate::sessions::logged_in;

/// Names the results.
pub const WHAT: &str = "a library of 2.40";
const TEXT: &[u8] = b"sixteen bytes ...";

pub fn run(record: &mut Record, pkcs11: &Pkcs11, slot: Slot) -> Result<()> {
    let session = &logged_in(pkcs11, slot)?;
    let key = aes_key(session)?;
    let (public, private) = key_pair(session, 1)?;
    let (mut iv, mut tag) = ([1; 12], [0; 16]);
    let gcm = GcmMessageParams::new(&mut iv, 96.into(), GeneratorFunction::NoGenerate, &mut tag)?;
    let mechanism = Mechanism::AesGcmMessage(gcm);
    let message = || MessageParam::AesGcmMessage(gcm);

    let _ = call!(record, WHAT, Session::message_encrypt_init(session, &mechanism, key));
    let _ = call!(record, WHAT, Session::encrypt_message(session, &message(), b"more", TEXT));
    let _ = call!(record, WHAT, Session::encrypt_message_begin(session, message(), b"more"));
    let _ = call!(record, WHAT, Session::encrypt_message_next(session, message(), TEXT, true));
    let _ = call!(record, WHAT, Session::message_encrypt_final(session));
    let _ = call!(record, WHAT, Session::message_decrypt_init(session, &mechanism, key));
    let _ = call!(record, WHAT, Session::decrypt_message(session, &message(), b"more", TEXT));
    let _ = call!(record, WHAT, Session::decrypt_message_begin(session, message(), b"more"));
    let _ = call!(record, WHAT, Session::decrypt_message_next(session, message(), TEXT, true));
    let _ = call!(record, WHAT, Session::message_decrypt_final(session));

    let _ = call!(record, WHAT, Session::encapsulate_key(session, &Mechanism::MlKem, public, &[]) => |_| "a key".to_owned());
    let _ = call!(record, WHAT, Session::decapsulate_key(session, &Mechanism::MlKem, private, &[], TEXT));

    let signature = session.sign(&Mechanism::Sha256RsaPkcs, private, TEXT)?;
    let mechanism = Mechanism::Sha256RsaPkcs;
    let _ = call!(record, WHAT, Session::verify_signature_init(session, &mechanism, public, &signature));
    let _ = call!(record, WHAT, Session::verify_signature(session, TEXT));
    let _ = call!(record, WHAT, Session::verify_signature_update(session, TEXT));
    let _ = call!(record, WHAT, Session::verify_signature_final(session));
    let kind = ValidationFlagsType::VALIDATION_OK;
    let _ = call!(record, WHAT, Session::get_validation_flags(session, kind) => debug);

    // The refusals above have left nothing behind in the session.
    call!(record, "after functions of 3.x", Session::sign(session, &mechanism, private, TEXT))?;
    call!(record, "after functions of 3.x", Session::verify(session, &mechanism, public, TEXT, &signature))?;
    Ok(())
}
