//! What a product accepts: lengths and counts. They come from the personality and are passed to each call that needs
//! them; the key file does not hold them. It must not decide what the standard leaves to a product.

use std::ops::RangeInclusive;

use skf_sys::codes;

use super::pin::Role;
use crate::sar::Sar;

/// Lengths in bytes, without a last NUL, and counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Length of the user PIN.
    pub user_pin: RangeInclusive<usize>,
    /// Length of the admin PIN.
    pub admin_pin: RangeInclusive<usize>,
    /// Longest application name.
    pub application_name: usize,
    /// Longest container name.
    pub container_name: usize,
    /// Longest file name; FILEATTRIBUTE has room for 32 (clause 6.4).
    pub file_name: usize,
    /// Applications of a device.
    pub applications: usize,
    /// Containers of an application.
    pub containers: usize,
    /// Files of an application.
    pub files: usize,
    /// Largest file in bytes.
    pub file_size: u32,
}

impl Default for Limits {
    /// A roomy standard key.
    fn default() -> Limits {
        Limits {
            user_pin: 6..=16,
            admin_pin: 6..=16,
            application_name: 32,
            container_name: 64,
            file_name: 32,
            applications: 8,
            containers: 16,
            files: 64,
            file_size: 0x1_0000,
        }
    }
}

impl Limits {
    /// SAR_PIN_LEN_RANGE unless `pin` is as long as a PIN of this role may be.
    pub fn check_pin(&self, role: Role, pin: &[u8]) -> Result<(), Sar> {
        let range = match role {
            Role::Admin => &self.admin_pin,
            Role::User => &self.user_pin,
        };
        if range.contains(&pin.len()) { Ok(()) } else { Err(Sar(codes::SAR_PIN_LEN_RANGE)) }
    }
}

/// `code` unless `name` has 1 to `longest` bytes and no NUL.
pub(super) fn check_name(name: &[u8], longest: usize, code: u32) -> Result<(), Sar> {
    if name.is_empty() || name.len() > longest || name.contains(&0) { Err(Sar(code)) } else { Ok(()) }
}
