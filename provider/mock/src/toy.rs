//! The toy transforms behind every mechanism. THIS IS NO CRYPTOGRAPHY: a mixing function that anyone can undo, there so
//! that a signature verifies, a ciphertext decrypts and a digest does not depend on how its input was split.

/// Bytes of every signature.
pub const SIGNATURE_LENGTH: usize = 64;
/// Bytes of every digest.
pub const DIGEST_LENGTH: usize = 32;

/// A running mix of bytes (FNV-1a).
#[derive(Clone, Copy, Debug)]
pub struct Mixer(pub u64);

impl Mixer {
    /// Starts from a number, usually a key's secret and a mechanism.
    pub fn new(seed: u64) -> Self {
        Self(seed ^ 0xCBF2_9CE4_8422_2325)
    }

    /// Takes in more bytes.
    pub fn absorb(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }

    /// As [`Mixer::absorb`], for chains.
    pub fn with(mut self, bytes: &[u8]) -> Self {
        self.absorb(bytes);
        self
    }

    /// The mix, stretched to `length` bytes.
    pub fn expand(self, length: usize) -> Vec<u8> {
        xor(self.0, 0, &vec![0; length])
    }
}

/// The bytes with a pattern over them that depends on the key and the position; doing it twice undoes it.
pub fn xor(key: u64, position: u64, bytes: &[u8]) -> Vec<u8> {
    let pattern = |at: u64| scatter(key.wrapping_add(at / 8)).to_le_bytes()[(at % 8) as usize];
    bytes.iter().zip(position..).map(|(byte, at)| byte ^ pattern(at)).collect()
}

/// One step of splitmix64.
pub fn scatter(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
