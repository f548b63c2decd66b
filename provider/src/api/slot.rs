//! Slot and token functions (PKCS#11 3.0, 5.5). Slots are the hub's; these find the row and pass on.

use cryptoki_sys::CKF_DONT_BLOCK;
use ukeyhub_vendors::abi::{Flags, Label, List, MechanismInfo, MechanismType, Pin, Present, SlotInfo, TokenInfo};
use ukeyhub_vendors::error::Outcome;
use ukeyhub_vendors::hub::Row;

use crate::arguments::{NewSlot, Reserved};
use crate::calls::Inside;

/// C_GetSlotList (5.5.1).
pub fn get_slot_list(inside: &Inside, present: Present, list: List) -> Outcome {
    inside.state().hub().slot_list(present, list)
}

/// C_GetSlotInfo (5.5.2).
pub fn get_slot_info(inside: &Inside, row: &Row, info: SlotInfo) -> Outcome {
    inside.state().hub().slot_info(row, info)
}

/// C_GetTokenInfo (5.5.3).
pub fn get_token_info(inside: &Inside, row: &Row, info: TokenInfo) -> Outcome {
    inside.state().hub().token_info(row, info)
}

/// C_WaitForSlotEvent (5.5.4). Ends with CKR_CRYPTOKI_NOT_INITIALIZED when another thread calls C_Finalize.
pub fn wait_for_slot_event(inside: &Inside, flags: Flags, slot: NewSlot, reserved: Reserved) -> Outcome {
    reserved.check()?;
    let block = flags.0 & CKF_DONT_BLOCK == 0;
    slot.set(inside.state().hub().wait_for_event(block)?);
    Ok(())
}

/// C_GetMechanismList (5.5.5).
pub fn get_mechanism_list(inside: &Inside, row: &Row, list: List) -> Outcome {
    inside.state().hub().mechanism_list(row, list)
}

/// C_GetMechanismInfo (5.5.6).
pub fn get_mechanism_info(inside: &Inside, row: &Row, kind: MechanismType, info: MechanismInfo) -> Outcome {
    inside.state().hub().mechanism_info(row, kind, info)
}

/// C_InitToken (5.5.7).
pub fn init_token(inside: &Inside, row: &Row, pin: Pin, label: Label) -> Outcome {
    inside.state().hub().init_token(row, pin, label)
}
