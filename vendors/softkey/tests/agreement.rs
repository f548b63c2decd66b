//! Key agreement as two hosts with a key each see it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test stops at the first surprise"
)]
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "every unsafe block is one call with arguments as the standard prescribes"
)]

mod keys;
mod stage;

use std::ffi::c_void;

use keys::*;
use skf_sys::EccPublicKeyBlob;
use stage::*;
use ukeyhub_artefacts::isolated;
use ukeyhub_softkey::crypto::exchange::{self, Peer};
use ukeyhub_softkey::crypto::sm2::{PrivateKey, PublicKey};
use ukeyhub_softkey::entry::*;
use ukeyhub_softkey::store::Usage;
use ukeyhub_softkey::views::ulong;

const A: &[u8] = b"Alice";
const B: &[u8] = b"Bob";

fn no_blob() -> EccPublicKeyBlob {
    EccPublicKeyBlob { bit_len: 0, x_coordinate: [0xAA; 64], y_coordinate: [0xAA; 64] }
}

fn start(container: *mut c_void, alg: u32, id: &[u8]) -> Result<(EccPublicKeyBlob, *mut c_void), u32> {
    let mut temporary = no_blob();
    let agreement = handle(|out| unsafe {
        SKF_GenerateAgreementDataWithECC(container, ulong(alg), &mut temporary, id.as_ptr(), len(id), out)
    })?;
    Ok((temporary, agreement))
}

type PeerBlobs<'a> = (&'a EccPublicKeyBlob, &'a EccPublicKeyBlob, &'a [u8]);

fn respond(
    container: *mut c_void,
    alg: u32,
    id: &[u8],
    (public, theirs, peer_id): PeerBlobs,
) -> Result<(EccPublicKeyBlob, *mut c_void), u32> {
    let mut temporary = no_blob();
    let (id, id_len, peer_id, peer_id_len) = (id.as_ptr(), len(id), peer_id.as_ptr(), len(peer_id));
    let key = handle(|out| unsafe {
        SKF_GenerateAgreementDataAndKeyWithECC(
            container, ulong(alg), public, theirs, &mut temporary, id, id_len, peer_id, peer_id_len, out,
        )
    })?;
    Ok((temporary, key))
}

fn finish(agreement: *mut c_void, (public, theirs, peer_id): PeerBlobs) -> Result<*mut c_void, u32> {
    handle(|out| unsafe {
        SKF_GenerateKeyWithECC(agreement, public, theirs, peer_id.as_ptr(), len(peer_id), out)
    })
}

/// A key that is logged in, with a container that has both pairs: its container and its encryption public key.
fn party(stage: &Stage, name: &str) -> (*mut c_void, *mut c_void, EccPublicKeyBlob) {
    let key = stage.key(name);
    let (_, application) = open(name);
    log_in(application);
    let container = create_container(application, "box");
    put_sm2(&key, "box", Usage::Signing);
    (application, container, put_sm2(&key, "box", Usage::Encryption).to_blob())
}

#[test]
fn two_keys_agree_on_a_session_key() {
    isolated(|| {
        let stage = stage();
        let (_, alice, a) = party(&stage, "alice");
        let (_, bob, b) = party(&stage, "bob");
        let (ra, agreement) = start(alice, CBC, A).unwrap();
        let (rb, bobs) = respond(bob, CBC, B, (&a, &ra, A)).unwrap();
        // Failures leave the agreement as it is.
        let mut off_curve = rb;
        off_curve.x_coordinate[63] ^= 1;
        assert_eq!(finish(agreement, (&b, &off_curve, B)), Err(SAR_INDATAERR));
        assert_eq!(finish(agreement, (&b, &rb, &[0; 33])), Err(SAR_INVALIDPARAMERR));
        assert_eq!(handle(|out| unsafe { SKF_GenerateKeyWithECC(agreement, &b, std::ptr::null(), B.as_ptr(), 3, out) }), Err(SAR_INVALIDPARAMERR));
        let alices = finish(agreement, (&b, &rb, B)).unwrap();
        let parameter = parameter(&IV, 1);
        let cipher = encrypt(alices, parameter, b"hello").unwrap();
        assert_eq!(decrypt(bobs, parameter, &cipher).unwrap(), b"hello");
        assert_eq!(encrypt(bobs, parameter, b"hello").unwrap(), cipher);

        // One temporary key, one session key.
        assert_eq!(finish(agreement, (&b, &rb, B)), Err(SAR_NOTINITIALIZEERR));
        assert_eq!((close(agreement), close(agreement)), (Ok(()), Err(SAR_INVALIDHANDLEERR)));
        assert_eq!(finish(alices, (&b, &rb, B)), Err(SAR_INVALIDHANDLEERR));

        // Another id gives another key.
        let (ra, agreement) = start(alice, CBC, A).unwrap();
        let (rb, bobs) = respond(bob, CBC, B, (&a, &ra, b"Eve")).unwrap();
        let alices = finish(agreement, (&b, &rb, B)).unwrap();
        assert_ne!(encrypt(alices, parameter, b"hello"), encrypt(bobs, parameter, b"hello"));
    });
}

#[test]
fn the_other_party_may_be_a_program() {
    isolated(|| {
        let stage = stage();
        let (_, alice, a) = party(&stage, "alice");
        let a = PublicKey::from_blob(&a).unwrap();
        let (ra, agreement) = start(alice, ECB, A).unwrap();
        let ra = PublicKey::from_blob(&ra).unwrap();
        let private = PrivateKey::generate().unwrap();
        let (rb, value) = exchange::respond(&private, B, Peer { public: &a, temporary: &ra, id: A }).unwrap();
        let key = finish(agreement, (&private.public().to_blob(), &rb.to_blob(), B)).unwrap();
        let block = ukeyhub_softkey::crypto::block::encrypt_one(&value, b"sixteen bytes ..");
        assert_eq!(encrypt(key, parameter(&[], 0), b"sixteen bytes ..").unwrap(), block);
    });
}

#[test]
fn what_stands_in_the_way_is_said() {
    isolated(|| {
        let stage = stage();
        let (application, alice, a) = party(&stage, "alice");
        for alg in [0x101, 0x201, 0x0002_0200, 0] {
            assert_eq!(start(alice, alg, A).err(), Some(SAR_NOTSUPPORTYETERR), "{alg:x}");
            assert_eq!(respond(alice, alg, A, (&a, &a, B)).err(), Some(SAR_NOTSUPPORTYETERR), "{alg:x}");
        }
        assert_eq!(start(alice, ECB, &[0; 33]).err(), Some(SAR_INVALIDPARAMERR));
        assert_eq!(respond(alice, ECB, &[0; 33], (&a, &a, B)).err(), Some(SAR_INVALIDPARAMERR));
        assert_eq!(respond(alice, ECB, A, (&a, &a, &[0; 33])).err(), Some(SAR_INVALIDPARAMERR));
        assert!(start(alice, ECB, &[0; 32]).is_ok());
        let mut bad = a;
        bad.bit_len = 255;
        assert_eq!(respond(alice, ECB, A, (&bad, &a, B)).err(), Some(SAR_INDATAERR));
        assert_eq!(respond(alice, ECB, A, (&a, &bad, B)).err(), Some(SAR_INDATAERR));
        assert_eq!(start(application, ECB, A).err(), Some(SAR_INVALIDHANDLEERR));

        let empty = create_container(application, "empty");
        assert_eq!(start(empty, ECB, A).err(), Some(SAR_KEYNOTFOUNTERR));
        let other = stage.key("rsa");
        let (_, of_rsa) = open("rsa");
        log_in(of_rsa);
        let rsa = create_container(of_rsa, "rsa");
        put_rsa(&other, "rsa", Usage::Encryption);
        assert_eq!(start(rsa, ECB, A).err(), Some(SAR_KEYINFOTYPEERR));
        assert_eq!(respond(rsa, ECB, A, (&a, &a, B)).err(), Some(SAR_KEYINFOTYPEERR));

        assert_eq!(ok(unsafe { SKF_ClearSecureState(application) }), Ok(()));
        assert_eq!(start(alice, ECB, A).err(), Some(SAR_USER_NOT_LOGGED_IN));
        assert_eq!(respond(alice, ECB, A, (&a, &a, B)).err(), Some(SAR_USER_NOT_LOGGED_IN));
    });
}
