//! Hashes (clause 7.6): SM3, SHA-1 and SHA-256, and SM3 with the identity prefix Z of an SM2 signer. Digest is DigestUpdate and
//! DigestFinal in one. A hash knows no key.

use skf_sys::EccPublicKeyBlob;

use super::call::{Call, Done, Failure};
use super::running::{Running, check_len};
use crate::crypto::hash::{Algorithm, Hash};
use crate::crypto::sm2;
use crate::handles::{Handle, Handled};
use crate::views::{In, Input, OutHandle, Output};

/// A hash handle.
struct RunningHash {
    handle: Handle,
    state: Running<Hash>,
}

impl Handled for RunningHash {
    const BY_CLOSE_HANDLE: bool = true;
}

/// Begins a hash. Key and id count for SM3 with an id only, as the standard says; then Z goes before the data.
pub fn SKF_DigestInit(
    call: &Call,
    device: Handle,
    alg: u32,
    key: In<EccPublicKeyBlob>,
    id: Input,
    hash: OutHandle,
) -> Done {
    let connection = call.device(device)?;
    let state = match Algorithm::from_id(alg)? {
        Algorithm::Sm3 if !id.is_empty() => {
            Hash::with_signer(&sm2::PublicKey::from_blob(&key.read()?)?, &id.read())?
        }
        algorithm => Hash::new(algorithm),
    };
    let running = connection.register(|handle| RunningHash { handle, state: Running::begun(state) })?;
    hash.put_handle(running.handle);
    Ok(())
}

/// Hashes all of the data, or the rest of them, and ends.
pub fn SKF_Digest(call: &Call, hash: Handle, data: Input, digest: Output) -> Done {
    let (hash, connection) = call.object::<RunningHash>(hash)?;
    hash.state.end(|state| {
        check_len(&connection, &data)?;
        finish(state, Some(&data), &digest)
    })
}

/// Takes more data.
pub fn SKF_DigestUpdate(call: &Call, hash: Handle, data: Input) -> Done {
    let (hash, connection) = call.object::<RunningHash>(hash)?;
    hash.state.step(|state| {
        check_len(&connection, &data)?;
        state.update(&data.read());
        Ok(())
    })
}

/// Gives the hash and ends.
pub fn SKF_DigestFinal(call: &Call, hash: Handle, digest: Output) -> Done {
    let (hash, _) = call.object::<RunningHash>(hash)?;
    hash.state.end(|state| finish(state, None, &digest))
}

/// Whether the hash was given, not just its length.
fn finish(state: &Hash, data: Option<&Input>, digest: &Output) -> Result<bool, Failure> {
    if !digest.wants(state.algorithm().output_len())? {
        return Ok(false);
    }
    let mut state = state.clone();
    if let Some(data) = data {
        state.update(&data.read());
    }
    digest.put(&state.finish())?;
    Ok(true)
}
