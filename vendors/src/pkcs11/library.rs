//! A PKCS#11 library as a `Library`: loaded, initialised by its threading rule, finalised only if we initialised it.
//! It must not touch a pointer; `call` does.

use std::ffi::CString;
use std::path::Path;
use std::sync::Arc;

use cryptoki_sys::*;
use sha2::{Digest, Sha256};

use super::call::{DirectSession, DirectSlot, HostThreads, Loaded, Started};
use super::load::{LoadError, Opened};
use super::table;
use crate::abi::{Count, Handles, ObjectHandle, Query, Template};
use crate::error::{Error, Outcome};
use crate::profile::{Profile, TableVersion, Threads};
use crate::traits::{About, Library, Session, Slot, VendorSlot};

/// Why a library could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It could not be loaded or has no usable table.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The init string holds a NUL byte.
    #[error("the init-string must not contain a NUL byte")]
    InitString,
    /// Its C_Initialize failed.
    #[error("its C_Initialize answered {0}")]
    Initialize(Error),
}

struct Direct {
    loaded: Arc<Loaded>,
    ours: bool,
}

/// Loads and initialises a library. `init_string` goes to C_Initialize in pReserved.
///
/// A library that cannot lock, or that wants threads of its own which the host forbids, is initialised without any
/// claim about threads and called by one thread at a time.
pub fn start(
    path: &Path,
    profile: &Profile,
    init_string: Option<&str>,
    threads: HostThreads,
) -> Result<Box<dyn Library>, StartError> {
    let reserved = init_string.map(CString::new).transpose().map_err(|_| StartError::InitString)?;
    let open = |one_at_a_time| -> Result<Loaded, StartError> {
        let opened = Opened::open(path)?;
        let functions =
            table::read(&opened, profile.max_version.map(TableVersion::major_minor), profile.allow_foreign_entries)?;
        Ok(Loaded::new(opened, functions, one_at_a_time))
    };
    let several = profile.threads == Threads::Full;
    let loaded = open(!several)?;
    let first = loaded.initialize(several.then_some(threads), reserved.as_deref());
    let (loaded, started) = match first {
        Err(error) if several && [CKR_CANT_LOCK, CKR_NEED_TO_CREATE_THREADS].contains(&error.code()) => {
            tracing::info!(library = %path.display(), %error, "called by one thread at a time");
            let alone = open(true)?;
            let second = alone.initialize(None, reserved.as_deref());
            (alone, second)
        }
        first => (loaded, first),
    };
    let started = started.map_err(StartError::Initialize)?;
    Ok(Box::new(Direct { loaded: Arc::new(loaded), ours: matches!(started, Started::ByUs) }))
}

impl Library for Direct {
    fn about(&self) -> Outcome<About> {
        Ok(About { info: self.loaded.info()?, interface: self.loaded.version() })
    }

    fn slots(&self) -> Outcome<Vec<VendorSlot>> {
        self.loaded.slots()
    }

    fn slot(&self, slot: VendorSlot) -> Box<dyn Slot> {
        Box::new(DirectSlot { library: Arc::clone(&self.loaded), slot: slot.0 })
    }

    fn next_event(&self) -> Outcome<Option<VendorSlot>> {
        self.loaded.next_event()
    }

    fn is_busy(&self) -> bool {
        self.loaded.is_busy()
    }

    fn is_ours(&self) -> bool {
        self.ours
    }

    fn finalize(&self) -> Outcome {
        if self.ours { self.loaded.finalize() } else { Ok(()) }
    }

    fn abandon(&self) {
        self.loaded.abandon();
    }
}

/// A digest of the first public key that can be seen without login, in the order of the keys' own values.
pub(super) fn fingerprint(session: &DirectSession) -> Outcome<Option<[u8; 32]>> {
    let found = public_keys(session).map(|mut keys| {
        keys.sort_unstable();
        keys.first().map(|key| Sha256::digest(key).into())
    });
    // The session was opened for this question alone; the answer matters more than its end.
    if let Err(error) = session.close() {
        tracing::debug!(%error, "closing the session that read a public key");
    }
    found
}

fn public_keys(session: &DirectSession) -> Outcome<Vec<Vec<u8>>> {
    let mut class = CKO_PUBLIC_KEY;
    let mut template = [CK_ATTRIBUTE {
        type_: CKA_CLASS,
        pValue: (&raw mut class).cast(),
        ulValueLen: size_of::<CK_ULONG>() as CK_ULONG,
    }];
    session.find_objects_init(Template::new(&mut template))?;
    let mut handles = [0; 64];
    let mut count: CK_ULONG = 0;
    let found = session.find_objects(Handles::new(&mut handles), Count::new(&mut count));
    session.find_objects_final()?;
    found?;
    let handles = handles.get(..count as usize).unwrap_or(&handles);
    Ok(handles.iter().filter_map(|handle| public_key(session, ObjectHandle(*handle))).collect())
}

/// The modulus of an RSA key or the point of an EC key.
fn public_key(session: &DirectSession, key: ObjectHandle) -> Option<Vec<u8>> {
    [CKA_EC_POINT, CKA_MODULUS].into_iter().find_map(|kind| {
        let mut value = vec![0u8; 1024];
        let mut query =
            [CK_ATTRIBUTE { type_: kind, pValue: value.as_mut_ptr().cast(), ulValueLen: value.len() as CK_ULONG }];
        session.get_attribute_value(key, Query::new(&mut query)).ok()?;
        value.truncate(usize::try_from(query[0].ulValueLen).ok()?);
        (!value.is_empty()).then_some(value)
    })
}
