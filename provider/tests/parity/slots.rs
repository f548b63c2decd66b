//! Slots, tokens and mechanisms: the methods of `Pkcs11` that take or give slots.

use cryptoki::context::Pkcs11;
use cryptoki::error::Result;
use cryptoki::mechanism::MechanismType;
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use ukeyhub_artefacts::softhsm::{LABEL, SO_PIN};

use crate::record::{Record, debug};

/// The slot of the token that was made for the test.
pub fn first(pkcs11: &Pkcs11) -> Slot {
    pkcs11.get_slots_with_initialized_token().expect("the slots")[0]
}

/// What is there.
pub fn run(record: &mut Record, pkcs11: &Pkcs11) -> Result<()> {
    let labels = |slots: &Vec<Slot>| format!("{:?}", labels(pkcs11, slots));
    let slots = call!(record, "labels in order", Pkcs11::get_all_slots(pkcs11) => labels)?;
    call!(record, "labels in order", Pkcs11::get_slots_with_token(pkcs11) => labels)?;
    call!(record, "labels in order", Pkcs11::get_slots_with_initialized_token(pkcs11) => labels)?;
    for (place, slot) in slots.iter().enumerate() {
        let what = format!("slot {place}");
        call!(record, &what, Pkcs11::get_slot_info(pkcs11, *slot))?;
        call!(record, &what, Pkcs11::get_token_info(pkcs11, *slot))?;
        let mechanisms = call!(record, &what, Pkcs11::get_mechanism_list(pkcs11, *slot) => debug)?;
        for mechanism in mechanisms {
            let what = format!("slot {place}, {mechanism}");
            call!(record, &what, Pkcs11::get_mechanism_info(pkcs11, *slot, mechanism))?;
        }
        let what = format!("slot {place}, a mechanism it does not have");
        let _ = call!(record, &what, Pkcs11::get_mechanism_info(pkcs11, *slot, MechanismType::HKDF_DERIVE));
    }
    let unknown = Slot::try_from(0x7FFF_FFF1_u64)?;
    let _ = call!(record, "an unknown slot", Pkcs11::get_slot_info(pkcs11, unknown));
    let _ = call!(record, "an unknown slot", Pkcs11::get_token_info(pkcs11, unknown));
    let _ = call!(record, "an unknown slot", Pkcs11::get_mechanism_list(pkcs11, unknown) => debug);
    let _ = call!(record, "an unknown slot", Pkcs11::get_mechanism_info(pkcs11, unknown, MechanismType::AES_CBC));
    let _ = call!(record, "an unknown slot", Pkcs11::init_token(pkcs11, unknown, &pin(SO_PIN), "never"));
    let _ = call!(record, "nothing has happened", Pkcs11::get_slot_event(pkcs11) => |event| event.map_or("none", |_| "a slot").to_owned());
    Ok(())
}

/// Makes a token in the free slot, then makes it anew.
pub fn initialise(record: &mut Record, pkcs11: &Pkcs11) -> Result<()> {
    let used = first(pkcs11);
    let _ = call!(record, "a wrong PIN", Pkcs11::init_token(pkcs11, used, &pin("00000000"), LABEL));
    let session = pkcs11.open_ro_session(used)?;
    let _ = call!(record, "a session is open", Pkcs11::init_token(pkcs11, used, &pin(SO_PIN), LABEL));
    session.close()?;
    let slots = pkcs11.get_all_slots()?;
    let free = *slots.last().expect("SoftHSM shows a free slot at the end");
    call!(record, "a free slot", Pkcs11::init_token(pkcs11, free, &pin(SO_PIN), "second 令牌"))?;
    // Bare, the new token's place depends on its random serial number; the module puts it behind what hosts have seen.
    let sorted = |slots: &Vec<Slot>| {
        let mut labels = labels(pkcs11, slots);
        labels.sort();
        format!("{labels:?}")
    };
    call!(record, "after C_InitToken", Pkcs11::get_slots_with_initialized_token(pkcs11) => sorted)?;
    call!(record, "after C_InitToken", Pkcs11::get_all_slots(pkcs11) => sorted)?;
    let second = pkcs11.get_slots_with_initialized_token()?;
    let second = *second.iter().find(|slot| **slot != used).expect("the new token is there");
    call!(record, "the same token anew", Pkcs11::init_token(pkcs11, second, &pin(SO_PIN), "third"))?;
    call!(record, "after C_InitToken anew", Pkcs11::get_token_info(pkcs11, second) => |info| {
        format!("{} {} {}", info.label(), info.token_initialized(), info.user_pin_initialized())
    })?;

    // Dropped here, it stays open at the library.
    drop(call!(record, "to be dropped", Pkcs11::open_ro_session_no_drop(pkcs11, used))?);
    drop(call!(record, "to be dropped", Pkcs11::open_ro_session(pkcs11, used))?);
    call!(record, "one session was left open", Pkcs11::get_token_info(pkcs11, used) => |info| {
        format!("{:?} {:?}", info.session_count(), info.rw_session_count())
    })?;
    Ok(())
}

pub fn pin(text: &str) -> AuthPin {
    AuthPin::from(text)
}

fn labels(pkcs11: &Pkcs11, slots: &[Slot]) -> Vec<String> {
    let label = |slot: &Slot| pkcs11.get_token_info(*slot).map(|token| token.label().to_owned());
    slots.iter().map(|slot| label(slot).unwrap_or_else(|error| format!("{error:?}"))).collect()
}
