//! What handles of devices, applications and containers stand for, and what bodies do with them: check rights, read and
//! change the key, reach private keys. It must not know an algorithm, nor the arguments of a function.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use skf_sys::codes;
use zeroize::Zeroizing;

use super::call::{Failure, OrWhen, Situation};
use crate::handles::{Handle, Handled};
use crate::process::{Device, Process};
use crate::sar::Sar;
use crate::store::{Application, Container, DeviceLock, Kind, Model, Role, Secrets, Usage};

/// A device handle.
pub struct Connection {
    /// Its own handle.
    pub handle: Handle,
    process: &'static Process,
    device: Arc<Device>,
    lock: Mutex<Option<DeviceLock>>,
}

impl Handled for Connection {
    const BY_CLOSE_HANDLE: bool = false;
}

impl Connection {
    /// A connection to this device.
    pub fn new(handle: Handle, process: &'static Process, device: Arc<Device>) -> Connection {
        Connection { handle, process, device, lock: Mutex::new(None) }
    }

    /// The device it acts on: its own or, where a product knows only one in a process, the one connected last.
    pub fn device(&self) -> Arc<Device> {
        match self.process.current() {
            Some(current) if *self.device.personality.functions.one_current_device => current,
            _ => Arc::clone(&self.device),
        }
    }

    /// The library's state.
    pub fn process(&self) -> &'static Process {
        self.process
    }

    /// Gives a new object a handle that ends with this connection.
    pub fn register<T: Handled>(&self, make: impl FnOnce(Handle) -> T) -> Result<Arc<T>, Sar> {
        self.process.handles.insert(Some(self.handle), make)
    }

    /// Whether this connection has locked the device.
    pub fn holds_lock(&self) -> bool {
        self.lock().is_some()
    }

    /// Locks the device, waiting at most so long. Nothing happens when this connection has locked it already.
    pub fn lock_device(&self, milliseconds: u32) -> Result<(), Sar> {
        if self.holds_lock() {
            return Ok(());
        }
        // Not under our own lock: others ask it meanwhile.
        let lock = self.device().key.lock_device(milliseconds)?;
        *self.lock() = Some(lock);
        Ok(())
    }

    /// Unlocks; whether it was locked.
    pub fn unlock_device(&self) -> bool {
        self.lock().take().is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Option<DeviceLock>> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An application handle.
pub struct OpenApplication {
    /// Its own handle.
    pub handle: Handle,
    /// The connection under which it was opened.
    pub connection: Arc<Connection>,
    /// Its name.
    pub name: Vec<u8>,
}

impl Handled for OpenApplication {
    const BY_CLOSE_HANDLE: bool = false;
}

impl OpenApplication {
    /// The device.
    pub fn device(&self) -> Arc<Device> {
        self.connection.device()
    }

    /// Looks at the newest state of the application.
    pub fn read<T>(&self, look: impl FnOnce(&Application) -> Result<T, Failure>) -> Result<T, Failure> {
        let model = self.device().key.load().map_err(Sar::from)?;
        look(model.application(&self.name)?)
    }

    /// Changes the application, whole or not at all.
    pub fn change<T>(&self, change: impl FnOnce(&mut Application) -> Result<T, Failure>) -> Result<T, Failure> {
        change_key(&self.device(), |model| change(model.application_mut(&self.name)?))
    }

    /// Who is logged in: administrator, user.
    pub fn logins(&self, application: &Application) -> (bool, bool) {
        let device = self.device();
        let is_in = |role| device.login(application, role).is_some();
        (is_in(Role::Admin), is_in(Role::User))
    }

    /// The secrets of a login, or the product's code for "not logged in".
    pub fn require(&self, role: Role) -> Result<Arc<Secrets>, Failure> {
        self.read(|application| {
            let login = self.device().login(application, role);
            login.ok_or(Failure::Standard(Sar(codes::SAR_USER_NOT_LOGGED_IN)))
        })
    }
}

/// A container handle.
pub struct OpenContainer {
    /// Its own handle.
    pub handle: Handle,
    /// The application in which it was opened.
    pub application: Arc<OpenApplication>,
    /// Its name.
    pub name: Vec<u8>,
}

impl Handled for OpenContainer {
    const BY_CLOSE_HANDLE: bool = false;
}

impl OpenContainer {
    /// The device.
    pub fn device(&self) -> Arc<Device> {
        self.application.device()
    }

    /// The connection, under which objects are registered.
    pub fn connection(&self) -> &Arc<Connection> {
        &self.application.connection
    }

    /// The secrets of a login, or the product's code for "not logged in".
    pub fn require(&self, role: Role) -> Result<Arc<Secrets>, Failure> {
        self.application.require(role)
    }

    /// Looks at the newest state of the container.
    pub fn read<T>(&self, look: impl FnOnce(&Container) -> Result<T, Failure>) -> Result<T, Failure> {
        self.application.read(|application| look(application.container(&self.name).or_when(MISSING)?))
    }

    /// Changes the container, whole or not at all.
    pub fn change<T>(&self, change: impl FnOnce(&mut Container) -> Result<T, Failure>) -> Result<T, Failure> {
        self.application.change(|application| change(application.container_mut(&self.name).or_when(MISSING)?))
    }

    /// The algorithm of its pairs.
    pub fn kind(&self) -> Result<Kind, Failure> {
        self.read(|container| Ok(container.kind()))
    }

    /// The public key of a pair and its algorithm, in the store's form (see the top of `api`).
    pub fn public_key(&self, usage: Usage) -> Result<(Kind, Vec<u8>), Failure> {
        self.read(|container| {
            let pair = container.pair(usage).or_when(no_key(usage))?;
            Ok((container.kind(), pair.public.to_vec()))
        })
    }

    /// The private key of a pair and its algorithm, in the store's form. The user must be logged in.
    pub fn private_key(&self, usage: Usage) -> Result<(Kind, Zeroizing<Vec<u8>>), Failure> {
        let secrets = self.require(Role::User)?;
        self.application.read(|application| {
            let container = application.container(&self.name).or_when(MISSING)?;
            container.pair(usage).or_when(no_key(usage))?;
            Ok((container.kind(), secrets.private(application, &self.name, usage)?))
        })
    }

    /// Puts a pair in place of the one that is there. The user must be logged in. The certificate of the old pair stays.
    pub fn put_pair(&self, usage: Usage, kind: Kind, public: &[u8], private: &[u8]) -> Result<(), Failure> {
        let secrets = self.require(Role::User)?;
        self.application.change(|application| {
            application.container(&self.name).or_when(MISSING)?;
            Ok(secrets.put_pair(application, &self.name, usage, kind, public, private)?)
        })
    }
}

/// No container of that name.
pub const MISSING: Situation = |errors| &errors.container_missing;

/// No pair of that usage.
pub fn no_key(usage: Usage) -> Situation {
    match usage {
        Usage::Signing => |errors| &errors.signing_key_missing,
        Usage::Encryption => |errors| &errors.encryption_key_missing,
    }
}

/// Changes a key; a failure that is a situation gets through the store unharmed.
pub fn change_key<T>(device: &Device, change: impl FnOnce(&mut Model) -> Result<T, Failure>) -> Result<T, Failure> {
    let mut failure = None;
    let changed = device.key.change(|model| {
        change(model).map_err(|why| {
            failure = Some(why);
            Sar(codes::SAR_FAIL)
        })
    });
    changed.map_err(|sar| failure.unwrap_or(Failure::Standard(sar)))
}
