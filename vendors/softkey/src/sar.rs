//! The one error of the software key: a return code of GM/T 0016. It must not carry text or secrets.

use std::fmt;

use skf_sys::codes;

/// A return code other than SAR_OK.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sar(pub u32);

impl fmt::Debug for Sar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match codes::name(self.0) {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:08X}", self.0),
        }
    }
}

impl fmt::Display for Sar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Sar {}
