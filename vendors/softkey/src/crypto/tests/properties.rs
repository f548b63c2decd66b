//! Properties over random input: what is signed verifies, what is encrypted decrypts, and how a message is cut into pieces
//! does not matter.

use proptest::prelude::*;
use skf_sys::codes;

use super::super::block::{Direction, Mac, Mode, Padding, Parameters, Stream};
use super::super::exchange::{self, Initiator, Peer};
use super::super::hash::{Algorithm, Hash};
use super::super::{blob::Width, encryption::Cipher, sm2};
use crate::sar::Sar;

fn bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..=max)
}

/// A private key from any 32 bytes; the few that are none are left out.
fn key() -> impl Strategy<Value = sm2::PrivateKey> {
    any::<[u8; 32]>().prop_filter_map("not in 1 … n-2", |bytes| sm2::PrivateKey::from_bytes(&bytes).ok())
}

fn mode() -> impl Strategy<Value = Mode> {
    prop_oneof![Just(Mode::Ecb), Just(Mode::Cbc), Just(Mode::Cfb), Just(Mode::Ofb)]
}

fn parameters() -> impl Strategy<Value = Parameters> {
    let padding = prop_oneof![Just(Padding::None), Just(Padding::Pkcs5)];
    (any::<[u8; 16]>(), padding, 0..=16_u32).prop_map(|(iv, padding, feed)| Parameters {
        iv: iv.to_vec(),
        padding,
        feed_bits: 8 * feed,
    })
}

/// The message in pieces of these lengths, and the rest.
fn pieces<'a>(mut message: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut out = Vec::new();
    for cut in cuts {
        let (piece, rest) = message.split_at(*cut.min(&message.len()));
        out.push(piece);
        message = rest;
    }
    out.push(message);
    out
}

/// Runs a stream over pieces and checks what it says of itself on the way.
fn in_pieces(mut stream: Stream, pieces: &[&[u8]]) -> Result<Vec<u8>, Sar> {
    let mut out = Vec::new();
    for piece in pieces {
        let said = stream.would_output(piece.len());
        let mut given = stream.update(piece);
        assert_eq!(given.len(), said, "would_output");
        out.append(&mut given);
    }
    let end = stream.finish()?;
    assert_eq!(stream.finish().as_ref(), Ok(&end), "finish changed something");
    out.extend(end);
    Ok(out)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn signatures_verify_and_changed_ones_do_not(key in key(), e: [u8; 32], bit in 0_usize..256, in_r: bool) {
        let signature = key.sign(&e).unwrap();
        prop_assert_eq!(key.public().verify(&e, &signature), Ok(()));
        let mut other = signature;
        let half = if in_r { &mut other.r } else { &mut other.s };
        half[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(key.public().verify(&e, &other), Err(Sar(codes::SAR_HASHNOTEQUALERR)));
        prop_assert_ne!(key.sign(&e).unwrap(), signature, "the same k twice");
    }

    #[test]
    fn ciphertexts_open_and_changed_ones_do_not(
        key in key(), message in proptest::collection::vec(any::<u8>(), 1..200), at: usize, change in 1..=255_u8,
    ) {
        let cipher = key.public().encrypt(&message).unwrap();
        prop_assert_eq!(&*key.decrypt(&cipher).unwrap(), &message);
        let mut other = cipher.clone();
        other.data[at % message.len()] ^= change;
        prop_assert_eq!(key.decrypt(&other).err(), Some(Sar(codes::SAR_HASHNOTEQUALERR)));
        let mut other = cipher.clone();
        other.hash[at % 32] ^= change;
        prop_assert_eq!(key.decrypt(&other).err(), Some(Sar(codes::SAR_HASHNOTEQUALERR)));
        let mut other = cipher;
        other.x[at % 32] ^= change;
        prop_assert!(key.decrypt(&other).is_err());
    }

    #[test]
    fn both_parties_agree_on_a_key(a in key(), b in key(), id_a in bytes(40), id_b in bytes(40)) {
        let initiator = Initiator::start(&a, &id_a).unwrap();
        let peer = Peer { public: a.public(), temporary: initiator.temporary_public(), id: &id_a };
        let (temporary, key_b) = exchange::respond(&b, &id_b, peer).unwrap();
        let peer = Peer { public: b.public(), temporary: &temporary, id: &id_b };
        prop_assert_eq!(&*initiator.finish(peer).unwrap(), &*key_b);
        let stranger = Peer { id: b"somebody else, with a long enough name to be none of the above", ..peer };
        prop_assert_ne!(&*initiator.finish(stranger).unwrap(), &*key_b);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn sm4_does_not_depend_on_the_pieces(
        key: [u8; 16], mode in mode(), parameters in parameters(), message in bytes(100),
        cuts in proptest::collection::vec(0_usize..40, 0..6),
    ) {
        let mut message = message;
        if parameters.padding == Padding::None && matches!(mode, Mode::Ecb | Mode::Cbc) {
            message.truncate(message.len() / 16 * 16);
        }
        let stream = |direction| Stream::new(&key, mode, direction, &parameters).unwrap();
        let encryption = stream(Direction::Encrypt);
        let whole = encryption.whole(&message).unwrap();
        prop_assert_eq!(whole.len(), encryption.would_output_whole(message.len()));
        prop_assert_eq!(&in_pieces(encryption, &pieces(&message, &cuts)).unwrap(), &whole);
        let decryption = stream(Direction::Decrypt);
        prop_assert!(message.len() <= decryption.would_output_whole(whole.len()));
        prop_assert_eq!(&decryption.whole(&whole).unwrap(), &message);
        prop_assert_eq!(&in_pieces(decryption, &pieces(&whole, &cuts)).unwrap(), &message);
    }

    #[test]
    fn mac_and_hash_do_not_depend_on_the_pieces(
        key: [u8; 16], iv: [u8; 16], message in bytes(200), cuts in proptest::collection::vec(0_usize..70, 0..6),
    ) {
        let parameters = Parameters { iv: iv.to_vec(), padding: Padding::Pkcs5, feed_bits: 0 };
        let mut macs = [Mac::new(&key, &parameters).unwrap(), Mac::new(&key, &parameters).unwrap()];
        macs[0].update(&message);
        pieces(&message, &cuts).iter().for_each(|piece| macs[1].update(piece));
        prop_assert_eq!(macs[0].finish(), macs[1].finish());
        for algorithm in [Algorithm::Sm3, Algorithm::Sha1, Algorithm::Sha256] {
            let mut hashes = [Hash::new(algorithm), Hash::new(algorithm)];
            hashes[0].update(&message);
            pieces(&message, &cuts).iter().for_each(|piece| hashes[1].update(piece));
            let [one, two] = hashes;
            prop_assert_eq!(one.finish(), two.finish());
        }
    }

    #[test]
    fn cipher_blobs_come_back_in_both_widths(
        x: [u8; 32], y: [u8; 32], hash: [u8; 32], data in proptest::collection::vec(any::<u8>(), 1..80), more in bytes(9),
    ) {
        let cipher = Cipher { x, y, hash, data };
        for width in [Width::Bits32, Width::Bits64] {
            let mut blob = cipher.to_blob(width).unwrap();
            prop_assert_eq!(blob.len(), Cipher::blob_len(cipher.data.len(), width));
            prop_assert_eq!(Cipher::from_blob(&blob[..blob.len() - 1], width), Err(Sar(codes::SAR_INDATALENERR)));
            blob.extend(&more);
            let back = Cipher::from_blob(&blob, width);
            prop_assert_eq!(back.as_ref(), Ok(&cipher));
        }
    }
}
