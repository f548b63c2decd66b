//! The bodies of the functions that the module answers itself, one file per family, each named as in C without `C_`.
//! They see safe types only. Session functions have no body here: the session's backend answers them.

mod general;
mod session;
mod slot;

pub use general::{
    finalize, get_function_list, get_info, get_interface, get_interface_list, initialize, versioned_info,
};
pub use session::{close_all_sessions, close_session, open_session};
pub use slot::{
    get_mechanism_info, get_mechanism_list, get_slot_info, get_slot_list, get_token_info, init_token,
    wait_for_slot_event,
};
