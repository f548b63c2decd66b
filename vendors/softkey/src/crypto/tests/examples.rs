//! The examples of the standards: GM/T 0003.5-2012 (the same values as GB/T 32918.5) for SM2, GM/T 0002-2012 for SM4.

use skf_sys::codes;

use super::super::block::{Direction, Mode, Padding, Parameters, Stream, encrypt_one};
use super::super::encryption::Cipher;
use super::super::exchange::{Initiator, Peer, respond_with};
use super::super::sm2::{self, DEFAULT_ID, PublicKey, Signature};
use super::{array, private, unhex};
use crate::sar::Sar;

/// The key of the signature and the encryption example.
const D: &str = "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8";
const X: &str = "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020";
const Y: &str = "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13";
/// The random number of both.
const K: &str = "59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21";

/// GM/T 0003.5, appendix A: ZA, e, r and s.
#[test]
fn signature() {
    let key = private(D);
    assert_eq!((key.public().x(), key.public().y()), (&array(X), &array(Y)));
    let z = sm2::z(key.public(), DEFAULT_ID).unwrap();
    assert_eq!(z, array("B2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3"));
    let e = sm2::digest_message(&z, b"message digest");
    assert_eq!(e, array("F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640"));
    let signature = key.sign_with(&e, &sm2::nonzero(&array(K)).unwrap()).unwrap();
    assert_eq!(
        signature,
        Signature {
            r: array("F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"),
            s: array("B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"),
        }
    );
    key.public().verify(&e, &signature).unwrap();
    let other = sm2::digest_message(&z, b"message digesT");
    assert_eq!(key.public().verify(&other, &signature), Err(Sar(codes::SAR_HASHNOTEQUALERR)));
}

/// GM/T 0003.5, appendix C: C1, C2 and C3.
#[test]
fn encryption() {
    let key = private(D);
    let cipher = key.public().encrypt_with(b"encryption standard", &sm2::nonzero(&array(K)).unwrap()).unwrap();
    let expected = Cipher {
        x: array("04EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73"),
        y: array("E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0"),
        hash: array("59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766"),
        data: unhex("21886CA989CA9C7D58087307CA93092D651EFA"),
    };
    assert_eq!(cipher.as_ref(), Some(&expected));
    assert_eq!(key.decrypt(&expected).unwrap().as_slice(), b"encryption standard");
}

/// GM/T 0003.5, appendix B: both parties' key, and what goes before it.
#[test]
fn key_agreement() {
    let a = private("81EB26E941BB5AF16DF116495F90695272AE2CD63D6C4AE1678418BE48230029");
    let b = private("785129917D45A9EA5437A59356B82338EAADDA6CEB199088F14AE10DEFA229B5");
    let public = |x, y| PublicKey::from_coordinates(array(x), array(y)).unwrap();
    let public_a = public(
        "160E12897DF4EDB61DD812FEB96748FBD3CCF4FFE26AA6F6DB9540AF49C94232",
        "4A7DAD08BB9A459531694BEB20AA489D6649975E1BFCF8C4741B78B4B223007F",
    );
    let public_b = public(
        "6AE848C57C53C7B1B5FA99EB2286AF078BA64C64591B8B566F7357D576F16DFB",
        "EE489D771621A27B36C5C7992062E9CD09A9264386F3FBEA54DFF69305621C4D",
    );
    assert_eq!((a.public(), b.public()), (&public_a, &public_b));
    let z = |key| sm2::z(key, DEFAULT_ID).unwrap();
    assert_eq!(z(&public_a), array("3B85A57179E11E7E513AA622991F2CA74D1807A0BD4D4B38F90987A17AC245B1"));
    assert_eq!(z(&public_b), array("79C988D63229D97EF19FE02CA1056E01E6A7411ED24694AA8F834F4A4AB022F7"));

    let temporary_a = private("D4DE15474DB74D06491C440D305E012400990F3E390C7E87153C12DB2EA60BB3");
    let temporary_b = private("7E07124814B309489125EAED101113164EBF0F3458C5BD88335C1F9D596243D6");
    let initiator = Initiator::with_temporary(&a, DEFAULT_ID, temporary_a).unwrap();
    assert_eq!(
        initiator.temporary_public(),
        &public(
            "64CED1BDBC99D590049B434D0FD73428CF608A5DB8FE5CE07F15026940BAE40E",
            "376629C7AB21E7DB260922499DDB118F07CE8EAAE3E7720AFEF6A5CC062070C0",
        )
    );
    let peer = Peer { public: &public_a, temporary: initiator.temporary_public(), id: DEFAULT_ID };
    let (r_b, key_b) = respond_with(&b, DEFAULT_ID, peer, &temporary_b).unwrap();
    assert_eq!(
        r_b,
        public(
            "ACC27688A6F7B706098BC91FF3AD1BFF7DC2802CDB14CCCCDB0A90471F9BD707",
            "2FEDAC0494B2FFC4D6853876C79B8F301C6573AD0AA50F39FC87181E1A1B46FE",
        )
    );
    let peer = Peer { public: &public_b, temporary: &r_b, id: DEFAULT_ID };
    let expected = array("6C89347354DE2484C60B4AB1FDE4C6E5");
    assert_eq!(*key_b, expected);
    assert_eq!(*initiator.finish(peer).unwrap(), expected);
}

/// GM/T 0002-2012, appendix A, example 1: one block, there and back.
#[test]
fn sm4_block() {
    let key = array("0123456789ABCDEFFEDCBA9876543210");
    let expected = array("681EDF34D206965E86B3E94F536E4246");
    assert_eq!(encrypt_one(&key, &key), expected);
    let parameters = Parameters { iv: Vec::new(), padding: Padding::None, feed_bits: 0 };
    let stream = Stream::new(&key, Mode::Ecb, Direction::Decrypt, &parameters).unwrap();
    assert_eq!(stream.whole(&expected).unwrap(), key);
}

/// GM/T 0002-2012, appendix A, example 2: the block encrypted 1,000,000 times, as CBC does to its IV over zeros.
#[test]
fn sm4_block_a_million_times() {
    let key = array("0123456789ABCDEFFEDCBA9876543210");
    let parameters = Parameters { iv: key.to_vec(), padding: Padding::None, feed_bits: 0 };
    let mut stream = Stream::new(&key, Mode::Cbc, Direction::Encrypt, &parameters).unwrap();
    let mut last = Vec::new();
    for _ in 0..1000 {
        last = stream.update(&[0; 16 * 1000]);
    }
    assert_eq!(last[last.len() - 16..], unhex("595298C7C6FD271F0402F804C33D3F66"));
}
