//! SM2 key agreement (GM/T 0003.3), as GM/T 0016 uses it: no confirmation hashes, and a key of 16 bytes. The initiator waits
//! for an answer in an [`Initiator`]; the responder is done in one call.

use ::sm2::Scalar;
use skf_sys::codes;
use zeroize::Zeroizing;

use super::encryption::derive;
use super::sm2::{self, PrivateKey, PublicKey};
use crate::sar::Sar;

/// Length of the agreed key in bytes.
pub const KEY_LEN: usize = 16;

/// The agreed key, wiped when dropped.
pub type Key = Zeroizing<[u8; KEY_LEN]>;

/// What one party brings: its key, its temporary key and its id.
struct Own<'a> {
    private: &'a PrivateKey,
    temporary: &'a PrivateKey,
    id: &'a [u8],
}

/// What the other party brings.
#[derive(Clone, Copy)]
pub struct Peer<'a> {
    /// Its public key.
    pub public: &'a PublicKey,
    /// Its temporary public key, R.
    pub temporary: &'a PublicKey,
    /// Its id.
    pub id: &'a [u8],
}

/// User A, who has sent its temporary public key and waits for the answer. Its private parts are wiped when dropped.
pub struct Initiator {
    private: PrivateKey,
    temporary: PrivateKey,
    id: Vec<u8>,
}

impl Initiator {
    /// Makes a temporary key (steps A1 to A3). SAR_INVALIDPARAMERR: the id is too long, see [`sm2::z`];
    /// SAR_GENRANDERR: no randomness.
    pub fn start(private: &PrivateKey, id: &[u8]) -> Result<Self, Sar> {
        Self::with_temporary(private, id, PrivateKey::generate()?)
    }

    pub(super) fn with_temporary(private: &PrivateKey, id: &[u8], temporary: PrivateKey) -> Result<Self, Sar> {
        // a bad id is refused now, not when the answer is here
        sm2::z(private.public(), id)?;
        Ok(Self { private: private.clone(), temporary, id: id.to_vec() })
    }

    /// R of A, to be sent.
    pub fn temporary_public(&self) -> &PublicKey {
        self.temporary.public()
    }

    /// The key, from the answer (steps A4 to A8). SAR_INVALIDPARAMERR: the peer's id is too long; SAR_FAIL: the shared point
    /// is infinity.
    pub fn finish(&self, peer: Peer<'_>) -> Result<Key, Sar> {
        let own = Own { private: &self.private, temporary: &self.temporary, id: &self.id };
        let (za, zb) = (sm2::z(own.private.public(), own.id)?, sm2::z(peer.public, peer.id)?);
        agree(&own, &peer, &za, &zb)
    }
}

/// User B: makes a temporary key and the agreed key (steps B1 to B7). Gives R of B, to be sent, and the key.
/// Errors as in [`Initiator::finish`].
pub fn respond(private: &PrivateKey, id: &[u8], peer: Peer<'_>) -> Result<(PublicKey, Key), Sar> {
    respond_with(private, id, peer, &PrivateKey::generate()?)
}

pub(super) fn respond_with(
    private: &PrivateKey,
    id: &[u8],
    peer: Peer<'_>,
    temporary: &PrivateKey,
) -> Result<(PublicKey, Key), Sar> {
    let own = Own { private, temporary, id };
    let (za, zb) = (sm2::z(peer.public, peer.id)?, sm2::z(private.public(), id)?);
    Ok((*temporary.public(), agree(&own, &peer, &za, &zb)?))
}

/// U = [h·t](P + [x̄]R) with t = d + x̄·r, and the key from U, ZA and ZB, which stand in this order for both parties.
/// The points were checked when they were made; h is 1.
fn agree(own: &Own<'_>, peer: &Peer<'_>, za: &[u8; 32], zb: &[u8; 32]) -> Result<Key, Sar> {
    let t = Zeroizing::new(*own.private.scalar() + half(own.temporary.public().x()) * own.temporary.scalar());
    let sum = peer.public.point() + peer.temporary.point() * half(peer.temporary.x());
    let shared = PublicKey::from_point(sum * *t).ok_or(Sar(codes::SAR_FAIL))?;
    let mut key = Zeroizing::new([0; KEY_LEN]);
    key.copy_from_slice(&derive(&[shared.x(), shared.y(), za, zb], KEY_LEN)?);
    Ok(key)
}

/// x̄ = 2^w + (x mod 2^w), w = 127.
fn half(x: &[u8; 32]) -> Scalar {
    let mut out = [0; 32];
    out[16..].copy_from_slice(&x[16..]);
    out[16] |= 0x80;
    sm2::reduce(&out)
}
