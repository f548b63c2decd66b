//! What no key, signature or ciphertext is: every function answers with a code of the standard, and none panics.

use std::sync::LazyLock;

use ::rsa::pkcs1::RsaPrivateKeyRef;
use proptest::prelude::*;
use skf_sys::{BlockCipherParam, EccPrivateKeyBlob, EccPublicKeyBlob, EccSignatureBlob, codes};

use super::super::blob::Width;
use super::super::block::{BLOCK_LEN, Direction, Mac, Mode, Padding, Parameters, Stream, key_from_slice};
use super::super::exchange::Initiator;
use super::super::{encryption::Cipher, rsa, sm2};
use super::{openssl, some_cipher, unhex};
use crate::sar::Sar;

const DATA: Sar = Sar(codes::SAR_INDATAERR);
const LENGTH: Sar = Sar(codes::SAR_INDATALENERR);
const PARAMETER: Sar = Sar(codes::SAR_INVALIDPARAMERR);
const NOT_EQUAL: Sar = Sar(codes::SAR_HASHNOTEQUALERR);
const ORDER: &str = "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123";

/// n less a few, big-endian.
fn below_order(less: u8) -> [u8; 32] {
    let mut out = super::array::<32>(ORDER);
    out[31] -= less;
    out
}

static RSA: LazyLock<rsa::PrivateKey> =
    LazyLock::new(|| rsa::PrivateKey::from_pkcs1_der(&openssl::rsa_key(2048)).unwrap());

#[test]
fn private_keys_are_from_1_to_n_less_2() {
    for bytes in [[0; 32], below_order(0), below_order(1), [0xFF; 32]] {
        assert_eq!(sm2::PrivateKey::from_bytes(&bytes).err(), Some(DATA), "{bytes:02x?}");
    }
    let mut one = [0; 32];
    one[31] = 1;
    for bytes in [one, below_order(2)] {
        let key = sm2::PrivateKey::from_bytes(&bytes).unwrap();
        assert_eq!(*key.to_bytes(), bytes);
        key.public().verify(&[7; 32], &key.sign(&[7; 32]).unwrap()).unwrap();
    }
}

#[test]
fn public_keys_are_points_of_the_curve() {
    let key = sm2::PrivateKey::generate().unwrap();
    let (x, mut y) = (*key.public().x(), *key.public().y());
    y[31] ^= 1;
    assert_eq!(sm2::PublicKey::from_coordinates(x, y), Err(DATA));
    assert_eq!(sm2::PublicKey::from_coordinates([0; 32], [0; 32]), Err(DATA));
    assert_eq!(sm2::PublicKey::from_coordinates([0xFF; 32], y), Err(DATA), "a coordinate beyond p");
    let bytes = key.public().to_uncompressed();
    assert_eq!(sm2::PublicKey::from_uncompressed(&bytes).as_ref(), Ok(key.public()));
    for wrong in [&bytes[..64], &[bytes.as_slice(), &[0]].concat(), &[&[2], &bytes[1..]].concat(), &[]] {
        assert_eq!(sm2::PublicKey::from_uncompressed(wrong), Err(DATA));
    }
}

#[test]
fn signatures_out_of_range_are_refused() {
    let key = sm2::PrivateKey::generate().unwrap();
    let good = key.sign(&[1; 32]).unwrap();
    for number in [[0; 32], below_order(0), [0xFF; 32]] {
        for wrong in [sm2::Signature { r: number, ..good }, sm2::Signature { s: number, ..good }] {
            assert_eq!(key.public().verify(&[1; 32], &wrong), Err(NOT_EQUAL));
        }
    }
    // r + s = n: t is zero
    let one = super::array(&format!("{:064x}", 1));
    let wrong = sm2::Signature { r: one, s: below_order(1) };
    assert_eq!(key.public().verify(&[1; 32], &wrong), Err(NOT_EQUAL));
}

#[test]
fn ids_are_as_long_as_their_length_field_holds() {
    let key = sm2::PrivateKey::generate().unwrap();
    sm2::z(key.public(), &[1; 8191]).unwrap();
    assert_eq!(sm2::z(key.public(), &[1; 8192]), Err(PARAMETER));
    assert_eq!(Initiator::start(&key, &[1; 8192]).err(), Some(PARAMETER));
}

#[test]
fn empty_messages_and_strange_points_are_refused() {
    let key = sm2::PrivateKey::generate().unwrap();
    assert_eq!(key.public().encrypt(b"").err(), Some(LENGTH));
    assert_eq!(key.decrypt(&some_cipher(0)).err(), Some(LENGTH));
    assert_eq!(key.decrypt(&some_cipher(5)).err(), Some(DATA), "not on the curve");
    let cipher = key.public().encrypt(b"for one key only").unwrap();
    assert_eq!(sm2::PrivateKey::generate().unwrap().decrypt(&cipher).err(), Some(NOT_EQUAL));
}

#[test]
fn ecc_blobs_are_right_aligned_and_of_256_bits() {
    let key = sm2::PrivateKey::generate().unwrap();
    let public = key.public().to_blob();
    assert_eq!(sm2::PublicKey::from_blob(&public).as_ref(), Ok(key.public()));
    assert_eq!(sm2::PublicKey::from_blob(&EccPublicKeyBlob { bit_len: 512, ..public }), Err(DATA));
    let mut shifted = public;
    shifted.x_coordinate.rotate_left(32);
    assert_eq!(sm2::PublicKey::from_blob(&shifted), Err(DATA));

    let private = key.to_blob();
    assert_eq!(*sm2::PrivateKey::from_blob(&private).unwrap().to_bytes(), *key.to_bytes());
    assert_eq!(sm2::PrivateKey::from_blob(&EccPrivateKeyBlob { bit_len: 0, ..private }).err(), Some(DATA));
    let mut front = private;
    front.private_key[0] = 1;
    assert_eq!(sm2::PrivateKey::from_blob(&front).err(), Some(DATA));

    let signature = key.sign(&[9; 32]).unwrap();
    let blob = signature.to_blob();
    assert_eq!(sm2::Signature::from_blob(&blob), Ok(signature));
    let mut front = blob;
    front.s[31] = 1;
    assert_eq!(sm2::Signature::from_blob(&front), Err(DATA));
}

#[test]
fn cipher_blobs_say_their_length() {
    for (width, head) in [(Width::Bits32, 164), (Width::Bits64, 168)] {
        let mut blob = some_cipher(7).to_blob(width).unwrap();
        assert_eq!(blob.len(), head + 7);
        assert_eq!(Cipher::blob_data_len(&blob[..head], width), Ok(7));
        assert_eq!(Cipher::blob_data_len(&blob[..head - 1], width), Err(LENGTH));
        blob[160..head].fill(0);
        assert_eq!(Cipher::from_blob(&blob, width), Err(LENGTH), "nothing in it");
        blob[160..head].fill(0xFF);
        assert_eq!(Cipher::from_blob(&blob, width), Err(LENGTH), "more than there is");
        let mut front = some_cipher(7).to_blob(width).unwrap();
        front[0] = 1;
        assert_eq!(Cipher::from_blob(&front, width), Err(DATA));
    }
    assert_eq!((Width::of::<u32>().bytes(), Width::of::<u64>().bytes()), (4, 8));
}

#[test]
fn block_parameters_are_checked() {
    let blob = BlockCipherParam { iv: [5; 32], iv_len: 16_u32, padding_type: 1, feed_bit_len: 8 };
    let read = Parameters::from_blob(&blob).unwrap();
    assert_eq!(read, Parameters { iv: vec![5; 16], padding: Padding::Pkcs5, feed_bits: 8 });
    let wide = BlockCipherParam { iv: [5; 32], iv_len: 16_u64, padding_type: 0, feed_bit_len: 1 << 40 };
    assert_eq!(Parameters::from_blob(&wide), Err(PARAMETER));
    assert_eq!(Parameters::from_blob(&BlockCipherParam { iv_len: 33, ..blob }), Err(PARAMETER));
    assert_eq!(Parameters::from_blob(&BlockCipherParam { padding_type: 2, ..blob }), Err(PARAMETER));
    assert_eq!(Parameters::from_blob(&BlockCipherParam { feed_bit_len: 129, ..blob }), Err(PARAMETER));

    let new = |mode, parameters: &Parameters| Stream::new(&[0; 16], mode, Direction::Encrypt, parameters).map(|_| ());
    let short = Parameters { iv: vec![0; 15], padding: Padding::None, feed_bits: 0 };
    assert_eq!(new(Mode::Ecb, &short), Ok(()), "ECB has no IV");
    for mode in [Mode::Cbc, Mode::Cfb, Mode::Ofb] {
        assert_eq!(new(mode, &short), Err(PARAMETER));
    }
    assert_eq!(Mac::new(&[0; 16], &short).err().map(|code| code.0), Some(codes::SAR_INVALIDPARAMERR));
    let odd = Parameters { iv: vec![0; 16], padding: Padding::None, feed_bits: 7 };
    assert_eq!(
        (new(Mode::Cbc, &odd), new(Mode::Cfb, &odd), new(Mode::Ofb, &odd)),
        (Ok(()), Err(PARAMETER), Err(PARAMETER))
    );
    assert_eq!(Mode::from_id(0x401), Ok(Mode::Ecb));
    for id in [0, 0x101, 0x202, 0x400, 0x410, 0x403] {
        assert_eq!(Mode::from_id(id), Err(Sar(codes::SAR_NOTSUPPORTYETERR)));
    }
    assert_eq!(key_from_slice(&[1; 16]).map(|key| *key), Ok([1; BLOCK_LEN]));
    assert_eq!(key_from_slice(&[1; 17]).err(), Some(LENGTH));
}

#[test]
fn unfinished_blocks_and_wrong_padding_are_refused() {
    let key = [3; 16];
    let parameters = |padding| Parameters { iv: vec![0; 16], padding, feed_bits: 0 };
    let stream = |mode, direction, padding| Stream::new(&key, mode, direction, &parameters(padding)).unwrap();
    for direction in [Direction::Encrypt, Direction::Decrypt] {
        assert_eq!(stream(Mode::Ecb, direction, Padding::None).whole(&[0; 17]), Err(LENGTH));
        assert_eq!(stream(Mode::Cbc, direction, Padding::None).whole(&[0; 15]), Err(LENGTH));
    }
    assert_eq!(stream(Mode::Cbc, Direction::Decrypt, Padding::Pkcs5).whole(&[]), Err(LENGTH));
    assert_eq!(stream(Mode::Cbc, Direction::Decrypt, Padding::Pkcs5).whole(&[0; 20]), Err(LENGTH));
    for end in [&[0][..], &[17], &[1, 2], &[4, 3, 3], &[255]] {
        let mut block = [16; 16];
        block[16 - end.len()..].copy_from_slice(end);
        let cipher = stream(Mode::Ecb, Direction::Encrypt, Padding::None).whole(&block).unwrap();
        let answer = stream(Mode::Ecb, Direction::Decrypt, Padding::Pkcs5).whole(&cipher);
        assert_eq!(answer, Err(Sar(codes::SAR_DECRYPTPADERR)), "{block:?}");
    }
    let mut mac = Mac::new(&key, &parameters(Padding::None)).unwrap();
    assert_eq!(mac.finish(), Err(LENGTH), "an empty message");
    mac.update(&[1; 17]);
    assert_eq!(mac.finish(), Err(LENGTH));
}

#[test]
fn rsa_lengths_are_those_of_the_modulus() {
    let (key, public) = (&*RSA, RSA.public());
    assert_eq!(key.sign(&[1; 246]).err(), Some(LENGTH));
    let longest = key.sign(&[1; 245]).unwrap();
    public.verify(&[1; 245], &longest).unwrap();
    assert_eq!(public.verify(&[2; 245], &longest), Err(NOT_EQUAL));
    assert_eq!(public.verify(&[1; 246], &longest), Err(LENGTH));
    assert_eq!(public.verify(&[1; 245], &longest[1..]), Err(LENGTH));
    assert_eq!(public.encrypt(&[1; 246]).err(), Some(LENGTH));
    assert_eq!(*key.decrypt(&public.encrypt(&[]).unwrap()).unwrap(), []);
    for wrong in [&[1_u8; 255][..], &[1; 257], &[]] {
        assert_eq!((public.raw(wrong).err(), key.raw(wrong).err()), (Some(LENGTH), Some(LENGTH)));
        assert_eq!(key.decrypt(wrong).err(), Some(LENGTH));
    }
    assert_eq!((public.raw(&[0xFF; 256]).err(), key.raw(&[0xFF; 256]).err()), (Some(DATA), Some(DATA)));
    for bits in [0, 512, 1024, 2047, 4096] {
        assert_eq!(rsa::PrivateKey::generate(bits).err(), Some(Sar(codes::SAR_RSAMODULUSLENERR)));
    }
}

#[test]
fn rsa_blocks_that_are_not_of_type_2_are_refused() {
    let (key, public) = (&*RSA, RSA.public());
    let block = |start: &[u8], zero: usize| {
        let mut block = [0xAA; 256];
        block[..start.len()].copy_from_slice(start);
        block[zero] = 0;
        public.raw(&block).unwrap()
    };
    assert_eq!(key.decrypt(&block(&[0, 2], 10)).unwrap().len(), 245);
    for wrong in [block(&[0, 2], 9), block(&[0, 2], 2), block(&[0, 1], 100), block(&[0, 0], 100), block(&[1, 2], 100)] {
        assert_eq!(key.decrypt(&wrong).err(), Some(Sar(codes::SAR_DECRYPTPADERR)));
    }
    let mut none = [0xAA; 256];
    none[..2].copy_from_slice(&[0, 2]);
    assert_eq!(key.decrypt(&public.raw(&none).unwrap()).err(), Some(Sar(codes::SAR_DECRYPTPADERR)));
}

#[test]
fn rsa_blobs_come_back_and_wrong_ones_do_not() {
    for bits in [1024, 2048] {
        let der = openssl::rsa_key(bits);
        let key = rsa::PrivateKey::from_pkcs1_der(&der).unwrap();
        let (private, public) = (key.to_blob().unwrap(), key.public().to_blob().unwrap());
        assert_eq!({ private.bit_len }, bits);
        assert_eq!(public.public_exponent, [0, 1, 0, 1]);
        assert_eq!(rsa::PublicKey::from_blob(&public), Ok(key.public()));
        let back = rsa::PrivateKey::from_blob(&private).unwrap();
        assert_eq!(*back.to_pkcs1_der().unwrap(), *key.to_pkcs1_der().unwrap());
        let theirs = RsaPrivateKeyRef::try_from(der.as_slice()).unwrap();
        for (ours, theirs, len) in [
            (&private.private_exponent[..], theirs.private_exponent, 256),
            (&private.prime1, theirs.prime1, 128),
            (&private.prime2, theirs.prime2, 128),
            (&private.prime1_exponent, theirs.exponent1, 128),
            (&private.prime2_exponent, theirs.exponent2, 128),
            (&private.coefficient, theirs.coefficient, 128),
        ] {
            let (zeros, value) = ours.split_at(len - theirs.as_bytes().len());
            assert_eq!((zeros, value), (&vec![0; zeros.len()][..], theirs.as_bytes()));
        }

        let length = Some(Sar(codes::SAR_RSAMODULUSLENERR));
        let mut wrong = public;
        wrong.bit_len = 3072;
        assert_eq!(rsa::PublicKey::from_blob(&wrong).err(), length);
        let mut wrong = public;
        wrong.alg_id = 0x0002_0100;
        assert_eq!(rsa::PublicKey::from_blob(&wrong).err(), Some(DATA));
        let mut wrong = public;
        wrong.modulus[255] &= 0xFE;
        assert_eq!(rsa::PublicKey::from_blob(&wrong).err(), Some(DATA), "an even modulus");
        for exponent in [[0; 4], [0, 0, 0, 1], [0, 0, 0, 4]] {
            let mut wrong = public;
            wrong.public_exponent = exponent;
            assert_eq!(rsa::PublicKey::from_blob(&wrong).err(), Some(DATA), "exponent {exponent:?}");
        }
        let mut wrong = private;
        wrong.private_exponent[255] ^= 2;
        assert_eq!(rsa::PrivateKey::from_blob(&wrong).err(), Some(DATA));
    }
}

#[test]
fn rsa_der_may_be_followed_by_padding() {
    let der = RSA.to_pkcs1_der().unwrap();
    let padded = [der.as_slice(), &[8; 8]].concat();
    assert_eq!(*rsa::PrivateKey::from_pkcs1_der(&padded).unwrap().to_pkcs1_der().unwrap(), *der);
    for wrong in [&der[..der.len() - 1], &der[1..], &[], &unhex("3082FFFF")] {
        assert_eq!(rsa::PrivateKey::from_pkcs1_der(wrong).err(), Some(DATA));
    }
    let short = openssl::rsa_key(3072);
    assert_eq!(rsa::PrivateKey::from_pkcs1_der(&short).err(), Some(Sar(codes::SAR_RSAMODULUSLENERR)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn random_ecc_blobs_never_panic(
        bits in prop_oneof![Just(256_u32), any::<u32>()], mut one in any::<[u8; 64]>(), mut two in any::<[u8; 64]>(), aligned: bool,
    ) {
        if aligned {
            one[..32].fill(0);
            two[..32].fill(0);
        }
        let public = EccPublicKeyBlob { bit_len: bits, x_coordinate: one, y_coordinate: two };
        prop_assert!(sm2::PublicKey::from_blob(&public).is_err(), "a random point is not on the curve");
        let key = sm2::PrivateKey::from_blob(&EccPrivateKeyBlob { bit_len: bits, private_key: one });
        prop_assert!(key.is_err() || (bits == 256 && aligned));
        let signature = sm2::Signature::from_blob(&EccSignatureBlob { r: one, s: two });
        prop_assert_eq!(signature.is_ok(), aligned);
    }

    #[test]
    fn random_cipher_blobs_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..260), len in 0..100_u32) {
        let mut bytes = bytes;
        let mut aligned = bytes.clone();
        for blob in [&mut bytes, &mut aligned] {
            if let Some(field) = blob.get_mut(160..164) {
                field.copy_from_slice(&len.to_ne_bytes());
            }
        }
        aligned.iter_mut().take(128).enumerate().filter(|(at, _)| at % 64 < 32).for_each(|(_, byte)| *byte = 0);
        for blob in [&bytes, &aligned] {
            for width in [Width::Bits32, Width::Bits64] {
                if let Ok(cipher) = Cipher::from_blob(blob, width) {
                    prop_assert!(Cipher::blob_len(cipher.data.len(), width) <= blob.len());
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn damaged_rsa_keys_never_panic(at in 0_usize..1156, byte: u8, fill: bool) {
        // fields of RSAPRIVATEKEYBLOB, in order
        let mut blob = RSA.to_blob().unwrap();
        let mut at = at;
        let fields: [&mut [u8]; 8] = [
            &mut blob.modulus, &mut blob.public_exponent, &mut blob.private_exponent, &mut blob.prime1, &mut blob.prime2,
            &mut blob.prime1_exponent, &mut blob.prime2_exponent, &mut blob.coefficient,
        ];
        for field in fields {
            if at < field.len() {
                if fill { field.fill(byte) } else { field[at] = byte }
                break;
            }
            at -= field.len();
        }
        if let Ok(key) = rsa::PrivateKey::from_blob(&blob) {
            prop_assert_eq!(&*key.to_pkcs1_der().unwrap(), &*RSA.to_pkcs1_der().unwrap(), "another key was accepted");
        }
    }

    #[test]
    fn damaged_rsa_der_never_panics(at: proptest::sample::Index, byte: u8, cut: proptest::sample::Index) {
        let mut der = RSA.to_pkcs1_der().unwrap().to_vec();
        let place = at.index(der.len());
        der[place] = byte;
        let _ = rsa::PrivateKey::from_pkcs1_der(&der);
        let _ = rsa::PrivateKey::from_pkcs1_der(&der[..cut.index(der.len())]);
    }
}
