//! Tests of the algorithms together: the standards' own examples, the `openssl` command as a second opinion, and properties.
//! The tests of single rules stand beside them.

mod examples;
mod malformed;
mod openssl;
mod properties;

use super::{encryption::Cipher, sm2};

/// Bytes from hexadecimal digits.
pub(super) fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "an odd number of digits: {text}");
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// N bytes from hexadecimal digits.
fn array<const N: usize>(text: &str) -> [u8; N] {
    unhex(text).try_into().unwrap()
}

fn private(text: &str) -> sm2::PrivateKey {
    sm2::PrivateKey::from_bytes(&array(text)).unwrap()
}

/// A ciphertext that is well formed, for what does not depend on its values.
fn some_cipher(len: usize) -> Cipher {
    Cipher { x: [1; 32], y: [2; 32], hash: [3; 32], data: (0..len).map(|at| at as u8).collect() }
}
