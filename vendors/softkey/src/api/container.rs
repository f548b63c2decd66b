//! Containers (clause 7.5): creation, certificates, and the export of public keys (7.6.29).

use std::sync::Arc;

use skf_sys::{EccPublicKeyBlob, codes, constants};

use super::call::{Call, Done, Failure, OrWhen};
use super::device::put_names;
use super::open::{MISSING, OpenApplication, OpenContainer};
use crate::crypto::sm2;
use crate::handles::Handle;
use crate::personality::TypeAnswer;
use crate::sar::Sar;
use crate::store::{Kind, Role, Usage};
use crate::views::{Input, OutHandle, OutNumber, Output, Text, bytes_of, ulong};

/// Longest name that is looked at, in bytes; limits are the product's.
const NAME: usize = 256;

fn name(text: &Text) -> Result<Vec<u8>, Failure> {
    let name = text.read(NAME, codes::SAR_NAMELENERR);
    Ok(name.code_when(codes::SAR_NAMELENERR, |errors| &errors.container_name)?.to_vec())
}

/// The pair or certificate that a BOOL of the standard names.
fn usage(sign: bool) -> Usage {
    if sign { Usage::Signing } else { Usage::Encryption }
}

/// 7.5.1: creates an empty container and opens it. The user must be logged in.
pub fn SKF_CreateContainer(call: &Call, application: Handle, container: Text, handle: OutHandle) -> Done {
    let open = call.application(application)?;
    let name = name(&container)?;
    open.require(Role::User)?;
    let limits = open.device().limits.clone();
    open.change(|application| {
        application.create_container(&name, &limits).map_err(|sar| match sar.0 {
            codes::SAR_FILE_ALREADY_EXIST => Failure::when(|errors| &errors.container_exists),
            codes::SAR_NAMELENERR => Failure::when(|errors| &errors.container_name),
            _ => sar.into(),
        })
    })?;
    register(&open, name, &handle)
}

fn register(application: &Arc<OpenApplication>, name: Vec<u8>, handle: &OutHandle) -> Done {
    let application = Arc::clone(application);
    let (process, parent) = (application.connection.process(), application.handle);
    let opened = process.handles.insert(Some(parent), |handle| OpenContainer { handle, application, name })?;
    handle.put_handle(opened.handle);
    Ok(())
}

/// 7.5.2: deletes a container with its pairs and certificates. The user must be logged in.
pub fn SKF_DeleteContainer(call: &Call, application: Handle, container: Text) -> Done {
    let open = call.application(application)?;
    let name = name(&container)?;
    open.require(Role::User)?;
    open.change(|application| application.delete_container(&name).or_when(MISSING))
}

/// 7.5.3: opens a container.
pub fn SKF_OpenContainer(call: &Call, application: Handle, container: Text, handle: OutHandle) -> Done {
    let open = call.application(application)?;
    let name = name(&container)?;
    open.read(|application| application.container(&name).map(drop).or_when(MISSING))?;
    register(&open, name, &handle)
}

/// 7.5.4: closes a container handle.
pub fn SKF_CloseContainer(call: &Call, container: Handle) -> Done {
    let container = call.get::<OpenContainer>(container)?;
    call.concerns(&container.device())?;
    call.process.handles.end(container.handle);
    Ok(())
}

/// 7.5.5: the names of all containers.
pub fn SKF_EnumContainer(call: &Call, application: Handle, list: Output) -> Done {
    let open = call.application(application)?;
    let personality = call.personality();
    open.read(|application| {
        put_names(&personality, &list, application.containers.iter().map(|container| container.name.as_bytes()))
    })
}

/// 7.5.6: the algorithm of a container's pairs, or what the product says instead.
pub fn SKF_GetContainerType(call: &Call, container: Handle, kind: OutNumber) -> Done {
    let container = call.container(container)?;
    let number = container.read(|container| {
        let has_certificate = [Usage::Signing, Usage::Encryption].iter().any(|one| container.certificate(*one).is_ok());
        let holds_anything = container.kind() != Kind::None || has_certificate;
        Ok(match *call.personality().container.type_answer {
            TypeAnswer::True => container.kind().number(),
            TypeAnswer::AlwaysRsa if holds_anything => constants::CONTAINER_RSA,
            TypeAnswer::AlwaysRsa | TypeAnswer::AlwaysUnknown => constants::CONTAINER_UNKNOWN,
        })
    })?;
    kind.put(ulong(number));
    Ok(())
}

/// 7.5.7: puts a certificate in place of the one that is there, unseen. The user must be logged in.
pub fn SKF_ImportCertificate(call: &Call, container: Handle, sign: bool, certificate: Input) -> Done {
    let container = call.container(container)?;
    let certificate = certificate.read();
    if certificate.is_empty() {
        return Err(Sar(codes::SAR_INDATALENERR).into());
    }
    container.require(Role::User)?;
    container.change(|container| {
        container.set_certificate(usage(sign), &certificate);
        Ok(())
    })
}

/// 7.5.8: a certificate as it was imported, with the zeros that some products give behind it.
pub fn SKF_ExportCertificate(call: &Call, container: Handle, sign: bool, certificate: Output) -> Done {
    let container = call.container(container)?;
    let mut bytes = container.read(|container| {
        let is_empty = container.kind() == Kind::None
            && [Usage::Signing, Usage::Encryption].iter().all(|one| container.certificate(*one).is_err());
        match container.certificate(usage(sign)) {
            Ok(certificate) => Ok(certificate.to_vec()),
            Err(_) if is_empty => Err(Failure::when(|errors| &errors.container_empty)),
            Err(_) => Err(Failure::when(|errors| &errors.certificate_missing)),
        }
    })?;
    bytes.resize(bytes.len() + *call.personality().container.trailing_bytes as usize, 0);
    Ok(certificate.put(&bytes)?)
}

/// 7.6.29: the public key of a pair as the blob of its algorithm.
pub fn SKF_ExportPublicKey(call: &Call, container: Handle, sign: bool, blob: Output) -> Done {
    let container = call.container(container)?;
    let bytes = match container.public_key(usage(sign))? {
        (Kind::Ecc, public) => {
            let public: EccPublicKeyBlob = sm2::PublicKey::from_uncompressed(&public)?.to_blob();
            bytes_of(&public)
        }
        (_, public) => public,
    };
    Ok(blob.put(&bytes)?)
}
