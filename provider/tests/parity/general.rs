//! Loading, starting and ending: the methods of `Pkcs11` that are not about a slot.

use std::path::Path;
use std::thread;
use std::time::Duration;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Function, Pkcs11};
use cryptoki::error::Result;

use crate::record::{Record, debug};

/// Loads and initialises the library, and asks what it answers before that.
pub fn before(record: &mut Record, library: &Path) -> Pkcs11 {
    let _ = call!(record, "a file that does not exist", Pkcs11::new("/nonexistent/library.so"));
    let _ = call!(record, "a host that holds no library", Pkcs11::new_from_self());
    let pkcs11 = call!(record, "the library", Pkcs11::new(library)).expect("the library can be loaded");
    let _ = call!(record, "before C_Initialize", Pkcs11::get_library_info(&pkcs11));
    let _ = call!(record, "before C_Initialize", Pkcs11::get_all_slots(&pkcs11));
    let _ = call!(record, "before C_Initialize", Pkcs11::finalize(pkcs11.clone()));
    call!(record, "with locks of the system", Pkcs11::initialize(&pkcs11, arguments())).expect("C_Initialize");
    let _ = call!(record, "a second time", Pkcs11::initialize(&pkcs11, arguments()));
    let _ = call!(record, "initialised", Pkcs11::get_library_info(&pkcs11));
    supported(record, &pkcs11);
    pkcs11
}

/// Ends the library, also under a thread that waits for an event, and starts it again.
pub fn after(record: &mut Record, pkcs11: Pkcs11) -> Result<()> {
    // The free slot that came after C_InitToken is an event of the module; bare there are none.
    while let Ok(Some(_)) = pkcs11.get_slot_event() {}
    let waiting = thread::spawn({
        let pkcs11 = pkcs11.clone();
        move || pkcs11_event(&pkcs11)
    });
    thread::sleep(Duration::from_millis(300));
    let ended = call!(record, "another thread waits", Pkcs11::finalize(pkcs11.clone()));
    record.answers_of(waiting.join().expect("the waiting thread ends"));
    ended?;
    let _ = call!(record, "a second time", Pkcs11::finalize(pkcs11.clone()));
    let _ = call!(record, "after C_Finalize", Pkcs11::get_library_info(&pkcs11));
    let _ = call!(record, "after C_Finalize", Pkcs11::get_all_slots(&pkcs11));
    let no_threads = CInitializeFlags::OS_LOCKING_OK | CInitializeFlags::LIBRARY_CANT_CREATE_OS_THREADS;
    call!(record, "anew, without threads", Pkcs11::initialize(&pkcs11, CInitializeArgs::new(no_threads)))?;
    call!(record, "after a second C_Initialize", Pkcs11::get_slots_with_initialized_token(&pkcs11))?;
    call!(record, "at the end", Pkcs11::finalize(pkcs11))?;
    Ok(())
}

/// The library is in the process already.
pub fn preloaded(record: &mut Record) -> Result<()> {
    let pkcs11 = call!(record, "a preloaded library", Pkcs11::new_from_self())?;
    call!(record, "preloaded", Pkcs11::initialize(&pkcs11, arguments()))?;
    call!(record, "preloaded", Pkcs11::get_library_info(&pkcs11))?;
    let slots = call!(record, "preloaded", Pkcs11::get_slots_with_initialized_token(&pkcs11))?;
    call!(record, "preloaded", Pkcs11::get_token_info(&pkcs11, slots[0]))?;
    call!(record, "preloaded", Pkcs11::get_mechanism_list(&pkcs11, slots[0]) => debug)?;
    call!(record, "preloaded", Pkcs11::finalize(pkcs11))?;
    Ok(())
}

fn arguments() -> CInitializeArgs {
    CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)
}

/// The blocking form, in a record of its own thread.
fn pkcs11_event(pkcs11: &Pkcs11) -> Record {
    let mut record = Record::default();
    let _ = call!(record, "until C_Finalize", Pkcs11::wait_for_slot_event(pkcs11));
    record
}

/// Which functions the context offers, by the version of the standard that brought them.
fn supported(record: &mut Record, pkcs11: &Pkcs11) {
    for (version, functions) in [("2.40", FUNCTIONS_2_40), ("3.0", FUNCTIONS_3_0), ("3.2", FUNCTIONS_3_2)] {
        let offered: Vec<_> = functions.iter().filter(|function| Pkcs11::is_fn_supported(pkcs11, **function)).collect();
        let text = format!("{} of {}: {offered:?}", offered.len(), functions.len());
        record.keep("Pkcs11::is_fn_supported", version, &Ok(()), |()| text);
    }
}

macro_rules! functions {
    ($($name:ident: $($function:ident)*;)*) => {$(
        const $name: &[Function] = &[$(Function::$function),*];
    )*};
}

functions! {
    FUNCTIONS_2_40: Initialize Finalize GetInfo GetFunctionList GetSlotList GetSlotInfo GetTokenInfo GetMechanismList
        GetMechanismInfo InitToken InitPIN SetPIN OpenSession CloseSession CloseAllSessions GetSessionInfo
        GetOperationState SetOperationState Login Logout CreateObject CopyObject DestroyObject GetObjectSize
        GetAttributeValue SetAttributeValue FindObjectsInit FindObjects FindObjectsFinal EncryptInit Encrypt
        EncryptUpdate EncryptFinal DecryptInit Decrypt DecryptUpdate DecryptFinal DigestInit Digest DigestUpdate
        DigestKey DigestFinal SignInit Sign SignUpdate SignFinal SignRecoverInit SignRecover VerifyInit Verify
        VerifyUpdate VerifyFinal VerifyRecoverInit VerifyRecover DigestEncryptUpdate DecryptDigestUpdate
        SignEncryptUpdate DecryptVerifyUpdate GenerateKey GenerateKeyPair WrapKey UnwrapKey DeriveKey SeedRandom
        GenerateRandom GetFunctionStatus CancelFunction WaitForSlotEvent;
    FUNCTIONS_3_0: GetInterfaceList GetInterface LoginUser SessionCancel MessageEncryptInit EncryptMessage
        EncryptMessageBegin EncryptMessageNext MessageEncryptFinal MessageDecryptInit DecryptMessage
        DecryptMessageBegin DecryptMessageNext MessageDecryptFinal MessageSignInit SignMessage SignMessageBegin
        SignMessageNext MessageSignFinal MessageVerifyInit VerifyMessage VerifyMessageBegin VerifyMessageNext
        MessageVerifyFinal;
    FUNCTIONS_3_2: EncapsulateKey DecapsulateKey VerifySignatureInit VerifySignature VerifySignatureUpdate
        VerifySignatureFinal GetSessionValidationFlags AsyncComplete AsyncGetID AsyncJoin WrapKeyAuthenticated
        UnwrapKeyAuthenticated;
}
