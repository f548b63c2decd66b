//! The same answers from the `openssl` command, in both directions. The command is needed: a test without it fails and
//! says so.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use der::{
    Decode, Encode, Sequence,
    asn1::{OctetStringRef, UintRef},
};

use super::super::block::{Direction, Mac, Mode, Padding, Parameters, Stream, encrypt_one};
use super::super::encryption::Cipher;
use super::super::{hash, random, rsa, sm2};
use super::hex;

/// The signature of GM/T 0009, clause 7.3.
#[derive(Sequence)]
struct DerSignature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// The ciphertext of GM/T 0009, clause 7.2.
#[derive(Sequence)]
struct DerCipher<'a> {
    x: UintRef<'a>,
    y: UintRef<'a>,
    hash: &'a OctetStringRef,
    data: &'a OctetStringRef,
}

fn fixed(number: UintRef<'_>) -> [u8; 32] {
    let mut out = [0; 32];
    let bytes = number.as_bytes();
    out[32 - bytes.len()..].copy_from_slice(bytes);
    out
}

/// A folder for the command's files.
struct Openssl(tempfile::TempDir);

impl Openssl {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs the command in the folder; its output, or none if it failed.
    fn try_run(&self, arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
        let mut child = Command::new("openssl")
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("this test needs the command openssl, version 3");
        let mut stdin = child.stdin.take().unwrap();
        // a command that reads no input may have closed it
        let _ = stdin.write_all(input);
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        output.status.success().then_some(output.stdout)
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        self.try_run(arguments, input).unwrap_or_else(|| panic!("openssl {arguments:?} failed"))
    }
}

fn random_bytes(len: usize) -> Vec<u8> {
    let mut out = vec![0; len];
    random::fill(&mut out).unwrap();
    out
}

/// The key in the forms of RFC 5915 and RFC 5480, with the curve's number 1.2.156.10197.1.301.
fn sm2_files(openssl: &Openssl, key: &sm2::PrivateKey) {
    const CURVE: &str = "06082A811CCF5501822D";
    let point = hex(&key.public().to_uncompressed());
    let private = format!("30770201010420{}A00A{CURVE}A144034200{point}", hex(&*key.to_bytes()));
    let public = format!("3059301306072A8648CE3D0201{CURVE}034200{point}");
    openssl.file("private", &super::unhex(&private));
    openssl.file("public", &super::unhex(&public));
}

#[test]
fn sm2_signatures_verify_on_both_sides() {
    for id in ["1234567812345678", "ALICE123@YAHOO.COM"] {
        let openssl = Openssl::new();
        let key = sm2::PrivateKey::generate().unwrap();
        sm2_files(&openssl, &key);
        let message = random_bytes(300);
        openssl.file("message", &message);
        let e = sm2::digest_message(&sm2::z(key.public(), id.as_bytes()).unwrap(), &message);

        let ours = key.sign(&e).unwrap();
        let der = DerSignature { r: UintRef::new(&ours.r).unwrap(), s: UintRef::new(&ours.s).unwrap() };
        openssl.file("signature", &der.to_der().unwrap());
        let distid = format!("distid:{id}");
        let options = ["-rawin", "-digest", "sm3", "-pkeyopt", &distid, "-keyform", "DER", "-in", "message"];
        let verify =
            [&["pkeyutl", "-verify", "-pubin", "-inkey", "public", "-sigfile", "signature"], &options[..]].concat();
        openssl.run(&verify, b"");
        openssl.file("message", b"another message");
        assert!(openssl.try_run(&verify, b"").is_none(), "openssl verified another message");
        openssl.file("message", &message);

        let sign = [&["pkeyutl", "-sign", "-inkey", "private"], &options[..]].concat();
        let theirs = openssl.run(&sign, b"");
        let der = DerSignature::from_der(&theirs).unwrap();
        let signature = sm2::Signature { r: fixed(der.r), s: fixed(der.s) };
        key.public().verify(&e, &signature).unwrap();
    }
}

#[test]
fn sm2_ciphertexts_open_on_both_sides() {
    let openssl = Openssl::new();
    let key = sm2::PrivateKey::generate().unwrap();
    sm2_files(&openssl, &key);
    for len in [1, 2, 16, 31, 32, 33, 64, 200] {
        let message = random_bytes(len);
        let ours = key.public().encrypt(&message).unwrap();
        let der = DerCipher {
            x: UintRef::new(&ours.x).unwrap(),
            y: UintRef::new(&ours.y).unwrap(),
            hash: OctetStringRef::new(&ours.hash).unwrap(),
            data: OctetStringRef::new(&ours.data).unwrap(),
        };
        openssl.file("cipher", &der.to_der().unwrap());
        let decrypt = ["pkeyutl", "-decrypt", "-inkey", "private", "-keyform", "DER", "-in", "cipher"];
        assert_eq!(openssl.run(&decrypt, b""), message, "{len} bytes");
    }
    // not the shortest: openssl does not ask for another k where the key stream is zero, one of 256 times for one byte
    for len in [16, 31, 32, 33, 64, 200] {
        let message = random_bytes(len);
        openssl.file("message", &message);
        let encrypt = ["pkeyutl", "-encrypt", "-pubin", "-inkey", "public", "-keyform", "DER", "-in", "message"];
        let theirs = openssl.run(&encrypt, b"");
        let der = DerCipher::from_der(&theirs).unwrap();
        let cipher = Cipher {
            x: fixed(der.x),
            y: fixed(der.y),
            hash: der.hash.as_bytes().try_into().unwrap(),
            data: der.data.as_bytes().to_vec(),
        };
        assert_eq!(*key.decrypt(&cipher).unwrap(), message, "{len} bytes");
    }
}

#[test]
fn hashes_are_equal() {
    let openssl = Openssl::new();
    for (name, algorithm) in
        [("-sm3", hash::Algorithm::Sm3), ("-sha1", hash::Algorithm::Sha1), ("-sha256", hash::Algorithm::Sha256)]
    {
        for len in [0, 1, 55, 56, 64, 1000] {
            let message = random_bytes(len);
            let mut hash = hash::Hash::new(algorithm);
            hash.update(&message);
            assert_eq!(hash.finish(), openssl.run(&["dgst", "-binary", name], &message), "{name}, {len} bytes");
        }
    }
}

#[test]
fn sm4_modes_are_equal() {
    let openssl = Openssl::new();
    let key = random::bytes().unwrap();
    let iv = random_bytes(16);
    for (name, mode, padding, lengths) in [
        ("-sm4-ecb", Mode::Ecb, Padding::None, &[16, 64, 256][..]),
        ("-sm4-ecb", Mode::Ecb, Padding::Pkcs5, &[0, 1, 15, 16, 17, 100]),
        ("-sm4-cbc", Mode::Cbc, Padding::None, &[16, 64, 256]),
        ("-sm4-cbc", Mode::Cbc, Padding::Pkcs5, &[0, 1, 15, 16, 17, 100]),
        ("-sm4-cfb", Mode::Cfb, Padding::None, &[1, 15, 16, 17, 100]),
        ("-sm4-ofb", Mode::Ofb, Padding::None, &[1, 15, 16, 17, 100]),
    ] {
        let parameters = Parameters { iv: iv.clone(), padding, feed_bits: 128 };
        let stream = |direction| Stream::new(&key, mode, direction, &parameters).unwrap();
        for len in lengths {
            let message = random_bytes(*len);
            let (key, iv) = (hex(&*key), hex(&iv));
            let mut arguments = vec!["enc", name, "-K", &key];
            if mode != Mode::Ecb {
                arguments.extend(["-iv", &iv]);
            }
            if padding == Padding::None {
                arguments.push("-nopad");
            }
            let theirs = openssl.run(&arguments, &message);
            assert_eq!(stream(Direction::Encrypt).whole(&message).unwrap(), theirs, "{name}, {len} bytes");
            assert_eq!(stream(Direction::Decrypt).whole(&theirs).unwrap(), message, "{name}, {len} bytes");
        }
    }
}

/// openssl has no SM4-CFB8, but each unit of any feedback length is one SM4-ECB block of a register that the ciphertext and
/// the IV make up.
#[test]
fn sm4_cfb_with_shorter_feedback_follows_its_definition() {
    let openssl = Openssl::new();
    let key = random::bytes().unwrap();
    let iv = random_bytes(16);
    let message = random_bytes(50);
    for feed in [1, 2, 8, 15] {
        let parameters = Parameters { iv: iv.clone(), padding: Padding::None, feed_bits: 8 * feed as u32 };
        let ours = Stream::new(&key, Mode::Cfb, Direction::Encrypt, &parameters).unwrap().whole(&message).unwrap();
        let shifted = [iv.as_slice(), &ours].concat();
        let registers: Vec<u8> =
            (0..message.len().div_ceil(feed)).flat_map(|unit| &shifted[unit * feed..][..16]).copied().collect();
        let masks = openssl.run(&["enc", "-sm4-ecb", "-nopad", "-K", &hex(&*key)], &registers);
        let expected: Vec<u8> =
            message.iter().enumerate().map(|(at, byte)| byte ^ masks[at / feed * 16 + at % feed]).collect();
        assert_eq!(ours, expected, "{feed} bytes of feedback");
        let back = Stream::new(&key, Mode::Cfb, Direction::Decrypt, &parameters).unwrap().whole(&ours).unwrap();
        assert_eq!(back, message);
    }
}

/// OFB feeds the whole block back whatever the length (GB/T 17964), so its masks are the chain of SM4 from the IV.
#[test]
fn sm4_ofb_with_shorter_feedback_follows_its_definition() {
    let key = random::bytes().unwrap();
    let iv = random::bytes().unwrap();
    let message = random_bytes(20);
    let parameters = Parameters { iv: iv.to_vec(), padding: Padding::None, feed_bits: 8 };
    let ours = Stream::new(&key, Mode::Ofb, Direction::Encrypt, &parameters).unwrap().whole(&message).unwrap();
    let mut register = *iv;
    let expected: Vec<u8> = message
        .iter()
        .map(|byte| {
            register = encrypt_one(&key, &register);
            byte ^ register[0]
        })
        .collect();
    assert_eq!(ours, expected);
}

#[test]
fn mac_is_the_last_block_of_cbc() {
    let openssl = Openssl::new();
    let key = random::bytes().unwrap();
    for (iv, padding, len) in [
        (random_bytes(16), Padding::None, 64),
        (random_bytes(16), Padding::Pkcs5, 50),
        (random_bytes(16), Padding::Pkcs5, 0),
        (vec![0; 16], Padding::Pkcs5, 48),
        (Vec::new(), Padding::None, 16),
    ] {
        let message = random_bytes(len);
        let mut mac = Mac::new(&key, &Parameters { iv: iv.clone(), padding, feed_bits: 0 }).unwrap();
        mac.update(&message);
        let iv = if iv.is_empty() { hex(&[0; 16]) } else { hex(&iv) };
        let key = hex(&*key);
        let mut arguments = vec!["enc", "-sm4-cbc", "-K", &key, "-iv", &iv];
        if padding == Padding::None {
            arguments.push("-nopad");
        }
        let theirs = openssl.run(&arguments, &message);
        assert_eq!(mac.finish().unwrap(), theirs[theirs.len() - 16..], "{len} bytes");
    }
}

/// A key of openssl's, as PKCS#1 in DER.
pub(super) fn rsa_key(bits: u32) -> Vec<u8> {
    let openssl = Openssl::new();
    let pem = openssl.run(&["genrsa", &bits.to_string()], b"");
    openssl.run(&["rsa", "-traditional", "-outform", "DER"], &pem)
}

#[test]
fn rsa_agrees_in_every_operation() {
    for bits in [1024, 2048] {
        let openssl = Openssl::new();
        let der = rsa_key(bits);
        openssl.file("private", &der);
        let key = rsa::PrivateKey::from_pkcs1_der(&der).unwrap();
        assert_eq!(*key.to_pkcs1_der().unwrap(), der, "DER does not come back");
        assert_eq!(key.size() * 8, bits as usize);
        let data = random_bytes(51);
        let keyutl = |operation, padding: &str, input: &[u8]| {
            openssl.file("input", input);
            let padding = format!("rsa_padding_mode:{padding}");
            let options = ["-inkey", "private", "-keyform", "DER", "-in", "input", "-pkeyopt", &padding];
            openssl.run(&[&["pkeyutl", operation], &options[..]].concat(), b"")
        };

        let signature = key.sign(&data).unwrap();
        assert_eq!(signature, keyutl("-sign", "pkcs1", &data));
        key.public().verify(&data, &signature).unwrap();
        assert_eq!(keyutl("-verifyrecover", "pkcs1", &signature), data);

        assert_eq!(*key.decrypt(&keyutl("-encrypt", "pkcs1", &data)).unwrap(), data);
        assert_eq!(keyutl("-decrypt", "pkcs1", &key.public().encrypt(&data).unwrap()), data);

        let mut block = random_bytes(key.size());
        block[0] = 0;
        let cipher = key.public().raw(&block).unwrap();
        assert_eq!(cipher, keyutl("-encrypt", "none", &block));
        assert_eq!(*key.raw(&cipher).unwrap(), block);
        assert_eq!(*key.raw(&block).unwrap(), keyutl("-decrypt", "none", &block));
    }
}

#[test]
fn new_rsa_keys_pass_the_check_of_openssl() {
    let openssl = Openssl::new();
    let key = rsa::PrivateKey::generate(2048).unwrap();
    let der = key.to_pkcs1_der().unwrap();
    openssl.run(&["rsa", "-inform", "DER", "-check", "-noout"], &der);
    assert_eq!(key.public().exponent(), [1, 0, 1]);
}
