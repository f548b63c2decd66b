//! Randomness of the operating system. A source that fails is SAR_GENRANDERR, never a panic and never weaker bytes.

use rand::{CryptoRng, SeedableRng, rngs::StdRng};
use skf_sys::codes;
use zeroize::Zeroizing;

use crate::sar::Sar;

/// Fills `out` from the operating system.
pub fn fill(out: &mut [u8]) -> Result<(), Sar> {
    getrandom::fill(out).map_err(|_| Sar(codes::SAR_GENRANDERR))
}

/// `N` random bytes, wiped when dropped: most of them become keys.
pub fn bytes<const N: usize>() -> Result<Zeroizing<[u8; N]>, Sar> {
    let mut out = Zeroizing::new([0; N]);
    fill(&mut out[..])?;
    Ok(out)
}

/// A generator for crates that take no error from theirs: ChaCha, seeded once from the operating system with 256 bits.
/// To be used for one operation and dropped.
pub(crate) fn generator() -> Result<impl CryptoRng, Sar> {
    let seed = bytes::<32>()?;
    Ok(StdRng::from_seed(*seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_differ_from_call_to_call() {
        let (one, two) = (bytes::<32>().unwrap(), bytes::<32>().unwrap());
        assert_ne!(*one, *two);
        assert_ne!(*one, [0; 32]);
        fill(&mut []).unwrap();
    }

    #[test]
    fn generators_are_seeded_each_on_its_own() {
        use rand::Rng;
        let (mut one, mut two) = (generator().unwrap(), generator().unwrap());
        assert_ne!((one.next_u64(), one.next_u64()), (two.next_u64(), two.next_u64()));
    }
}
