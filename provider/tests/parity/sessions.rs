//! Sessions, logins and PINs.

use cryptoki::context::Pkcs11;
use cryptoki::error::Result;
use cryptoki::session::{Session, SessionInfo, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::RawAuthPin;
use ukeyhub_artefacts::softhsm::{SO_PIN, USER_PIN};

use crate::record::Record;
use crate::slots::pin;

/// A session with a user logged in, for the families that need one.
pub fn logged_in(pkcs11: &Pkcs11, slot: Slot) -> Result<Session> {
    let session = pkcs11.open_rw_session(slot)?;
    session.login(UserType::User, Some(&pin(USER_PIN)))?;
    Ok(session)
}

/// Opens, asks, logs in and out in every order that has an answer of its own.
pub fn run(record: &mut Record, pkcs11: &Pkcs11, slot: Slot) -> Result<()> {
    let info = |info: &SessionInfo| {
        let (state, writable, error) = (info.session_state(), info.read_write(), info.device_error());
        format!("{state:?}, writable {writable}, error {error}, own slot {}", info.slot_id() == slot)
    };
    let unknown = Slot::try_from(0x7FFF_FFF1_u64)?;
    let _ = call!(record, "an unknown slot", Pkcs11::open_ro_session(pkcs11, unknown));
    let _ = call!(record, "an unknown slot", Pkcs11::open_rw_session(pkcs11, unknown));

    let reader = call!(record, "the token", Pkcs11::open_ro_session(pkcs11, slot))?;
    let writer = call!(record, "the token", Pkcs11::open_rw_session(pkcs11, slot))?;
    let kept_reader = call!(record, "the token", Pkcs11::open_ro_session_no_drop(pkcs11, slot))?;
    let kept_writer = call!(record, "the token", Pkcs11::open_rw_session_no_drop(pkcs11, slot))?;
    let sessions = [&reader, &writer, &kept_reader, &kept_writer];
    for (place, session) in sessions.into_iter().enumerate() {
        let others = sessions.iter().filter(|other| Session::handle(other) == Session::handle(session)).count();
        let text = format!("zero {}, held by {others}", Session::handle(session) == 0);
        record.keep("Session::handle", &format!("session {place}"), &Ok(()), |()| text);
        call!(record, &format!("session {place}"), Session::get_session_info(session) => info)?;
    }

    let _ = call!(record, "nobody is logged in", Session::logout(&reader));
    let _ = call!(record, "a wrong PIN", Session::login(&reader, UserType::User, Some(&pin("0000"))));
    let _ = call!(record, "no PIN", Session::login(&reader, UserType::User, None));
    let _ = call!(record, "CKU_SO beside a reader", Session::login(&writer, UserType::So, Some(&pin(SO_PIN))));
    let context = Session::login(&reader, UserType::ContextSpecific, Some(&pin(USER_PIN)));
    record.keep("Session::login", "CKU_CONTEXT_SPECIFIC without an operation", &context, |()| "accepted".to_owned());
    let strange = UserType::VendorExtension(0x1234);
    let _ = call!(record, "an unknown user", Session::login(&reader, strange, Some(&pin(USER_PIN))));
    call!(record, "CKU_USER", Session::login(&reader, UserType::User, Some(&pin(USER_PIN))))?;
    call!(record, "a reader, logged in", Session::get_session_info(&reader) => info)?;
    call!(record, "a writer, logged in by another session", Session::get_session_info(&writer) => info)?;
    let _ = call!(record, "twice", Session::login(&writer, UserType::User, Some(&pin(USER_PIN))));
    let _ = call!(record, "CKU_SO after CKU_USER", Session::login(&writer, UserType::So, Some(&pin(SO_PIN))));
    call!(record, "logged in", Session::logout(&writer))?;
    call!(record, "a reader, logged out by another session", Session::get_session_info(&reader) => info)?;
    let raw = |bytes: &[u8]| RawAuthPin::new(Box::new(bytes.to_vec()));
    let _ =
        call!(record, "bytes that are not UTF-8", Session::login_with_raw(&reader, UserType::User, &raw(b"\xff\xfe")));
    call!(record, "bytes", Session::login_with_raw(&reader, UserType::User, &raw(USER_PIN.as_bytes())))?;

    let _ = call!(record, "a wrong old PIN", Session::set_pin(&writer, &pin("0000"), &pin("5678")));
    let _ = call!(record, "a new PIN that is too short", Session::set_pin(&writer, &pin(USER_PIN), &pin("1")));
    let _ = call!(record, "a session that only reads", Session::set_pin(&reader, &pin(USER_PIN), &pin("5678")));
    call!(record, "the user's", Session::set_pin(&writer, &pin(USER_PIN), &pin("5678")))?;
    let _ = call!(record, "by the user", Session::init_pin(&writer, &pin(USER_PIN)));

    call!(record, "a reader", Session::close(reader))?;
    call!(record, "one that does not close itself", Session::close(kept_reader))?;
    call!(record, "a writer that does not close itself", Session::close(kept_writer))?;
    call!(record, "for CKU_SO", Session::logout(&writer))?;
    call!(record, "CKU_SO", Session::login(&writer, UserType::So, Some(&pin(SO_PIN))))?;
    call!(record, "CKU_SO", Session::get_session_info(&writer) => info)?;
    let _ = call!(record, "CKU_SO is logged in", Pkcs11::open_ro_session(pkcs11, slot));
    call!(record, "by CKU_SO", Session::init_pin(&writer, &pin(USER_PIN)))?;
    call!(record, "CKU_SO", Session::logout(&writer))?;
    let _ = call!(record, "the PIN that was replaced", Session::login(&writer, UserType::User, Some(&pin("5678"))));
    call!(record, "the PIN of C_InitPIN", Session::login(&writer, UserType::User, Some(&pin(USER_PIN))))?;
    call!(record, "a writer, logged in", Session::close(writer))?;
    let next = pkcs11.open_rw_session(slot)?;
    call!(record, "after the session that logged in was closed", Session::get_session_info(&next) => info)?;
    let _ = call!(record, "after the session that logged in was closed", Session::logout(&next));
    Ok(())
}
