//! GM/T 0016-2012 (SKF) as it stands in libraries: types, constants, return codes and the table of functions.
//! Layouts only: it calls nothing, and it does not say what any vendor does. `vendors/softkey/include/skf.h` is its C twin;
//! a test compares every offset of the two on four platforms.

#![forbid(unsafe_code)]

pub mod codes;
pub mod constants;
pub mod functions;
pub mod types;

pub use types::*;
