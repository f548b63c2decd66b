//! Wrapped encryption pairs: laid out as the standard says, and opened again with the signing key.

use skf_sys::{EnvelopedKeyBlob, constants};

use super::{super::*, rsa_key};
use crate::crypto::{
    blob::Width,
    block::{Direction, Mode, Padding, Parameters, Stream},
    encryption::Cipher,
    rsa, sm2,
};

const BOTH: [(Width, usize); 2] = [(Width::Bits32, 4), (Width::Bits64, 8)];

fn coordinates(key: &sm2::PrivateKey) -> [u8; 64] {
    key.public().to_uncompressed()[1..].try_into().unwrap()
}

fn decrypt(key: &[u8], data: &[u8], padding: Padding) -> Vec<u8> {
    let parameters = Parameters { iv: vec![], padding, feed_bits: 0 };
    let stream = Stream::new(key.try_into().unwrap(), Mode::Ecb, Direction::Decrypt, &parameters).unwrap();
    stream.whole(data).unwrap()
}

#[test]
fn the_blob_of_an_sm2_pair_opens_in_both_forms_and_widths() {
    let (signing, pair) = (sm2::PrivateKey::generate().unwrap(), sm2::PrivateKey::generate().unwrap());
    for (width, ulong) in BOTH {
        for form in [KeyForm::Last32, KeyForm::Whole64] {
            let (public, private) = (coordinates(&pair), pair.to_bytes());
            let blob =
                envelope(&coordinates(&signing), &private, &public, constants::SGD_SM4_ECB, form, width).unwrap();
            let declared =
                if ulong == 4 { size_of::<EnvelopedKeyBlob<u32>>() } else { size_of::<EnvelopedKeyBlob<u64>>() };
            assert_eq!(blob.len(), declared - 1 + SESSION_KEY_LEN);
            let word = |at: usize, len: usize| {
                let mut bytes = [0; 8];
                bytes[..len].copy_from_slice(&blob[at..at + len]);
                u64::from_le_bytes(bytes)
            };
            assert_eq!([0, 1, 2].map(|at| word(at * ulong, ulong)), [1, 0x401, 256]);
            let field = 3 * ulong;
            let key = field + 64;
            assert_eq!(word(key, 4), 256);
            assert_eq!(blob[key + 4..key + 36], [0; 32]);
            assert_eq!(blob[key + 36..key + 68], public[..32]);
            assert_eq!(blob[key + 68..key + 100], [0; 32]);
            assert_eq!(blob[key + 100..key + 132], public[32..]);

            let cipher = Cipher::from_blob(&blob[key + 132..], width).unwrap();
            let session = signing.decrypt(&cipher).unwrap();
            assert_eq!(session.len(), SESSION_KEY_LEN);
            let field = &blob[field..key];
            match form {
                KeyForm::Last32 => {
                    assert_eq!(field[..32], [0; 32]);
                    assert_eq!(decrypt(&session, &field[32..], Padding::None), *private);
                }
                KeyForm::Whole64 => {
                    let opened = decrypt(&session, field, Padding::None);
                    assert_eq!((&opened[..32], &opened[32..]), (&[0; 32][..], &private[..]));
                }
            }
        }
    }
}

#[test]
fn wrong_pairs_keys_and_algorithms_are_refused() {
    let (signing, pair) = (sm2::PrivateKey::generate().unwrap(), sm2::PrivateKey::generate().unwrap());
    let (signing, public, private) = (coordinates(&signing), coordinates(&pair), *pair.to_bytes());
    let make = |signing: &[u8; 64], private: &[u8; 32], public: &[u8; 64], symmetric| {
        envelope(signing, private, public, symmetric, KeyForm::Last32, Width::Bits32)
    };
    assert!(make(&signing, &private, &public, 0x401).is_ok());
    assert!(matches!(make(&signing, &private, &signing, 0x401), Err(MakeError::Pair)));
    assert!(matches!(make(&signing, &private, &public, constants::SGD_SM1_ECB), Err(MakeError::Wrapping(0x101))));
    assert!(matches!(make(&signing, &private, &public, 0x402), Err(MakeError::Wrapping(0x402))));
    assert!(matches!(make(&[1; 64], &private, &public, 0x401), Err(MakeError::Key(_))));
    assert!(matches!(make(&signing, &[0; 32], &public, 0x401), Err(MakeError::Key(_))));
    assert!(matches!(make(&signing, &[0xFF; 32], &public, 0x401), Err(MakeError::Key(_))));
}

#[test]
fn an_rsa_pair_opens_in_both_paddings() {
    let signing = rsa_key();
    let pair = rsa::PrivateKey::generate(2048).unwrap();
    let (public, der) = (signing.public(), pair.to_pkcs1_der().unwrap());
    for (padding, open) in [(RsaPadding::Pkcs5, Padding::Pkcs5), (RsaPadding::Zeros, Padding::None)] {
        let made = envelope_rsa(&public.modulus(), &public.exponent(), &der, 0x401, padding).unwrap();
        let session = signing.decrypt(&made.wrapped_key).unwrap();
        assert_eq!(session.len(), SESSION_KEY_LEN);
        let opened = decrypt(&session, &made.encrypted_private, open);
        assert_eq!(opened[..der.len()], der[..]);
        assert!(opened[der.len()..].iter().all(|byte| *byte == 0) && opened.len() < der.len() + 16);
        assert_eq!(rsa::PrivateKey::from_pkcs1_der(&opened).unwrap().public(), pair.public());
    }
    let make =
        |der: &[u8], symmetric| envelope_rsa(&public.modulus(), &public.exponent(), der, symmetric, RsaPadding::Pkcs5);
    assert!(matches!(make(&der[..100], 0x401), Err(MakeError::Key(_))));
    assert!(matches!(make(&der, 0x101), Err(MakeError::Wrapping(0x101))));
}
