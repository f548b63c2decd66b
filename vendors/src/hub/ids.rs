//! Slot ids (design D1): computed from what is printed on the key, so that the same key has the same id in every process,
//! order and port. It must not call a library.

use cryptoki_sys::{CK_SLOT_ID, CK_TOKEN_INFO};
use sha2::{Digest, Sha256};

/// What identifies a token across processes: manufacturer, model and serial number as C_GetTokenInfo gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    manufacturer: [u8; 32],
    model: [u8; 16],
    serial: [u8; 16],
}

impl Identity {
    /// The identity a token shows.
    pub fn of(info: &CK_TOKEN_INFO) -> Self {
        Self { manufacturer: info.manufacturerID, model: info.model, serial: info.serialNumber }
    }

    /// The serial number without padding; `None` where the token has none, as before it is initialised.
    pub fn serial(&self) -> Option<&[u8]> {
        let end = self.serial.iter().rposition(|byte| !matches!(byte, b' ' | 0)).map_or(0, |last| last + 1);
        (end > 0).then(|| &self.serial[..end])
    }
}

/// A slot id of 31 bits from parts that are kept apart, so that ("ab", "c") and ("a", "bc") differ.
pub fn slot_id(kind: &str, parts: &[&[u8]]) -> CK_SLOT_ID {
    let mut hash = Sha256::new();
    hash.update(kind);
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    CK_SLOT_ID::from(u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]]) & 0x7FFF_FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_are_the_same_on_every_machine() {
        // Hosts store slot ids in configuration files: these values may never change.
        assert_eq!(slot_id("serial", &[b"softhsm", b"0123456789abcdef", b""]), 935964101);
    }

    proptest! {
        #[test]
        fn ids_fit_31_bits_and_keep_parts_apart(a in "[a-z]{1,8}", b in "[a-z]{1,8}") {
            let id = slot_id("serial", &[a.as_bytes(), b.as_bytes()]);
            prop_assert!(id <= 0x7FFF_FFFF);
            let joined = format!("{a}{b}");
            prop_assert_ne!(id, slot_id("serial", &[joined.as_bytes(), b""]));
        }
    }
}
