//! SM3, SHA-1 and SHA-256 in pieces (GM/T 0016 DigestInit to DigestFinal), with the identity prefix Z of SM2 where asked for.
//! It keeps no message and knows no handle.

use sha1::Sha1;
use sha2::Sha256;
use skf_sys::{codes, constants};
use sm3::{Digest, Sm3};

use super::sm2::{self, PublicKey};
use crate::sar::Sar;

/// A hash function of GM/T 0016.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// SM3, 32 bytes (SGD_SM3).
    Sm3,
    /// SHA-1, 20 bytes (SGD_SHA1).
    Sha1,
    /// SHA-256, 32 bytes (SGD_SHA256).
    Sha256,
}

impl Algorithm {
    /// The function of an SGD number; SAR_NOTSUPPORTYETERR for any other number.
    pub fn from_id(id: u32) -> Result<Self, Sar> {
        match id {
            constants::SGD_SM3 => Ok(Self::Sm3),
            constants::SGD_SHA1 => Ok(Self::Sha1),
            constants::SGD_SHA256 => Ok(Self::Sha256),
            _ => Err(Sar(codes::SAR_NOTSUPPORTYETERR)),
        }
    }

    /// Length of the hash in bytes.
    pub const fn output_len(self) -> usize {
        match self {
            Self::Sm3 | Self::Sha256 => 32,
            Self::Sha1 => 20,
        }
    }
}

#[derive(Clone)]
enum State {
    Sm3(Sm3),
    Sha1(Sha1),
    Sha256(Sha256),
}

/// A hash under way. A clone goes on from the same point.
#[derive(Clone)]
pub struct Hash(State);

impl Hash {
    /// Starts a plain hash.
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Sm3 => State::Sm3(Sm3::new()),
            Algorithm::Sha1 => State::Sha1(Sha1::new()),
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
        })
    }

    /// Starts an SM3 hash with Z of a signer already in it: its end is e, what [`sm2::PrivateKey::sign`] takes
    /// (GM/T 0016, DigestInit with a public key and an id). SAR_INVALIDPARAMERR: the id is too long, see [`sm2::z`].
    pub fn with_signer(public: &PublicKey, id: &[u8]) -> Result<Self, Sar> {
        let mut hash = Self::new(Algorithm::Sm3);
        hash.update(&sm2::z(public, id)?);
        Ok(hash)
    }

    /// The function in use.
    pub fn algorithm(&self) -> Algorithm {
        match self.0 {
            State::Sm3(_) => Algorithm::Sm3,
            State::Sha1(_) => Algorithm::Sha1,
            State::Sha256(_) => Algorithm::Sha256,
        }
    }

    /// Takes more of the message, of any length.
    pub fn update(&mut self, data: &[u8]) {
        match &mut self.0 {
            State::Sm3(state) => state.update(data),
            State::Sha1(state) => state.update(data),
            State::Sha256(state) => state.update(data),
        }
    }

    /// The hash: [`Algorithm::output_len`] bytes.
    pub fn finish(self) -> Vec<u8> {
        match self.0 {
            State::Sm3(state) => state.finalize().to_vec(),
            State::Sha1(state) => state.finalize().to_vec(),
            State::Sha256(state) => state.finalize().to_vec(),
        }
    }
}

/// SM3 of several parts, one after the other.
pub fn sm3(parts: &[&[u8]]) -> [u8; 32] {
    let mut state = Sm3::new();
    for part in parts {
        state.update(part);
    }
    state.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::super::tests::unhex;
    use super::*;

    fn once(algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        let mut hash = Hash::new(algorithm);
        hash.update(message);
        hash.finish()
    }

    /// GM/T 0004-2012, appendix A.1 and A.2.
    #[test]
    fn sm3_gives_the_values_of_its_standard() {
        let one = "66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0";
        assert_eq!(once(Algorithm::Sm3, b"abc"), unhex(one));
        assert_eq!(sm3(&[b"a", b"", b"bc"]).to_vec(), unhex(one));
        let two = "DEBE9FF92275B8A138604889C18E5A4D6FDB70E5387E5765293DCBA39C0C5732";
        assert_eq!(once(Algorithm::Sm3, &b"abcd".repeat(16)), unhex(two));
    }

    /// FIPS 180-4 examples.
    #[test]
    fn sha_gives_the_values_of_its_standard() {
        assert_eq!(once(Algorithm::Sha1, b"abc"), unhex("A9993E364706816ABA3E25717850C26C9CD0D89D"));
        assert_eq!(
            once(Algorithm::Sha256, b"abc"),
            unhex("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD")
        );
    }

    #[test]
    fn numbers_and_lengths_agree() {
        for (id, algorithm) in [(1, Algorithm::Sm3), (2, Algorithm::Sha1), (4, Algorithm::Sha256)] {
            assert_eq!(Algorithm::from_id(id), Ok(algorithm));
            assert_eq!(once(algorithm, b"").len(), algorithm.output_len());
            assert_eq!(Hash::new(algorithm).algorithm(), algorithm);
        }
        for id in [0, 3, 5, 8, u32::MAX] {
            assert_eq!(Algorithm::from_id(id), Err(Sar(codes::SAR_NOTSUPPORTYETERR)));
        }
    }

    #[test]
    fn a_clone_goes_its_own_way() {
        let mut hash = Hash::new(Algorithm::Sm3);
        hash.update(b"a");
        let mut other = hash.clone();
        hash.update(b"bc");
        other.update(b"xy");
        assert_eq!(hash.finish(), once(Algorithm::Sm3, b"abc"));
        assert_eq!(other.finish(), once(Algorithm::Sm3, b"axy"));
    }
}
