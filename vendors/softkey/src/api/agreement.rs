//! SM2 key agreement (clause 7.6): the initiator's two calls and the responder's one. `alg` is the number of the session key
//! that comes out, as GM/T 0016 has it, and no number of SM2. The encryption pair takes part.

use skf_sys::{EccPublicKeyBlob, codes};

use super::call::{Call, Done, Failure};
use super::open::OpenContainer;
use super::running::Running;
use super::session_key::{Algorithm, register, sm2_key};
use crate::crypto::exchange::{self, Initiator, Peer};
use crate::crypto::sm2;
use crate::handles::{Handle, Handled};
use crate::sar::Sar;
use crate::store::{Kind, Usage};
use crate::views::{In, Input, Out, OutHandle};

/// The longest id of a party, in bytes.
const ID: usize = 32;

/// An agreement handle.
struct Agreement {
    handle: Handle,
    algorithm: Algorithm,
    initiator: Running<Initiator>,
}

impl Handled for Agreement {
    const BY_CLOSE_HANDLE: bool = true;
}

/// The initiator begins: gives its temporary public key. The user must be logged in.
pub fn SKF_GenerateAgreementDataWithECC(
    call: &Call,
    container: Handle,
    alg: u32,
    temporary: Out<EccPublicKeyBlob>,
    id: Input,
    agreement: OutHandle,
) -> Done {
    let container = call.container(container)?;
    let algorithm = Algorithm::from_id(alg)?;
    check_id(&id)?;
    let initiator = Initiator::start(&private_key(&container)?, &id.read())?;
    let blob = initiator.temporary_public().to_blob();
    let initiator = Running::begun(initiator);
    let begun = container.connection().register(|handle| Agreement { handle, algorithm, initiator })?;
    temporary.put(blob);
    agreement.put_handle(begun.handle);
    Ok(())
}

/// The responder: gives its temporary public key, and has the session key. The user must be logged in.
#[allow(clippy::too_many_arguments, reason = "the standard's own list")]
pub fn SKF_GenerateAgreementDataAndKeyWithECC(
    call: &Call,
    container: Handle,
    alg: u32,
    peer: In<EccPublicKeyBlob>,
    peer_temporary: In<EccPublicKeyBlob>,
    temporary: Out<EccPublicKeyBlob>,
    id: Input,
    peer_id: Input,
    session_key: OutHandle,
) -> Done {
    let container = call.container(container)?;
    let algorithm = Algorithm::from_id(alg)?;
    check_id(&id)?;
    check_id(&peer_id)?;
    let (public, theirs) = (public_key(&peer)?, public_key(&peer_temporary)?);
    let private = private_key(&container)?;
    let peer = Peer { public: &public, temporary: &theirs, id: &peer_id.read() };
    let (ours, key) = exchange::respond(&private, &id.read(), peer)?;
    let handle = register(container.connection(), algorithm, key)?;
    temporary.put(ours.to_blob());
    session_key.put_handle(handle);
    Ok(())
}

/// The initiator ends, with the responder's answer. A temporary key serves for one session key: a second call answers
/// SAR_NOTINITIALIZEERR.
pub fn SKF_GenerateKeyWithECC(
    call: &Call,
    agreement: Handle,
    peer: In<EccPublicKeyBlob>,
    peer_temporary: In<EccPublicKeyBlob>,
    peer_id: Input,
    session_key: OutHandle,
) -> Done {
    let (agreement, connection) = call.object::<Agreement>(agreement)?;
    agreement.initiator.end(|initiator| {
        check_id(&peer_id)?;
        let (public, theirs) = (public_key(&peer)?, public_key(&peer_temporary)?);
        let key = initiator.finish(Peer { public: &public, temporary: &theirs, id: &peer_id.read() })?;
        session_key.put_handle(register(&connection, agreement.algorithm, key)?);
        Ok(true)
    })
}

fn check_id(id: &Input) -> Result<(), Sar> {
    if id.len() > ID { Err(Sar(codes::SAR_INVALIDPARAMERR)) } else { Ok(()) }
}

fn public_key(blob: &In<EccPublicKeyBlob>) -> Result<sm2::PublicKey, Sar> {
    sm2::PublicKey::from_blob(&blob.read()?)
}

/// SAR_KEYINFOTYPEERR: the container is for RSA.
fn private_key(container: &OpenContainer) -> Result<sm2::PrivateKey, Failure> {
    match container.private_key(Usage::Encryption)? {
        (Kind::Ecc, private) => Ok(sm2_key(&private)?),
        _ => Err(Sar(codes::SAR_KEYINFOTYPEERR).into()),
    }
}
