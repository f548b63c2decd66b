//! Digests and random numbers.

use cryptoki::context::Pkcs11;
use cryptoki::error::Result;
use cryptoki::mechanism::Mechanism;
use cryptoki::session::Session;
use cryptoki::slot::Slot;

use crate::objects::aes_key;
use crate::record::{Record, length};
use crate::sessions::logged_in;

pub fn run(record: &mut Record, pkcs11: &Pkcs11, slot: Slot) -> Result<()> {
    let session = logged_in(pkcs11, slot)?;
    let long = vec![5; 1 << 20];
    for (what, mechanism) in [
        ("SHA-1", Mechanism::Sha1),
        ("SHA-224", Mechanism::Sha224),
        ("SHA-256", Mechanism::Sha256),
        ("SHA-384", Mechanism::Sha384),
        ("SHA-512", Mechanism::Sha512),
        ("not a digest", Mechanism::AesEcb),
    ] {
        let _ = call!(record, what, Session::digest(&session, &mechanism, b"abc"));
        let _ = call!(record, &format!("{what}, nothing"), Session::digest(&session, &mechanism, b""));
        let _ = call!(record, &format!("{what}, 1 MiB"), Session::digest(&session, &mechanism, &long));
        if call!(record, what, Session::digest_init(&session, &mechanism)).is_ok() {
            call!(record, &format!("{what}, first"), Session::digest_update(&session, b"ab"))?;
            call!(record, &format!("{what}, second"), Session::digest_update(&session, b"c"))?;
            call!(record, what, Session::digest_final(&session))?;
        }
    }
    let _ = call!(record, "nothing begun", Session::digest_update(&session, b"abc"));
    let _ = call!(record, "nothing begun", Session::digest_final(&session));
    let key = aes_key(&session)?;
    let _ = call!(record, "nothing begun", Session::digest_key(&session, key));
    session.digest_init(&Mechanism::Sha256)?;
    let _ = call!(record, "begun twice", Session::digest_init(&session, &Mechanism::Sha256));
    let _ = call!(record, "an AES key", Session::digest_key(&session, key));
    let _ = call!(record, "an AES key", Session::digest_final(&session));

    for size in [0, 1, 64, 5000] {
        let what = format!("{size} bytes");
        call!(record, &what, Session::generate_random_vec(&session, size) => length)?;
        let mut place = vec![0; size as usize];
        call!(record, &what, Session::generate_random_slice(&session, &mut place))?;
        let text = format!("changed {}", place.iter().any(|byte| *byte != 0));
        record.keep("Session::generate_random_slice", &format!("{what}, written"), &Ok(()), |()| text);
    }
    let _ = call!(record, "some bytes", Session::seed_random(&session, b"seed"));
    let _ = call!(record, "nothing", Session::seed_random(&session, b""));
    Ok(())
}
