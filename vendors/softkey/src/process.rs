//! What the library keeps in a host's process: the plug folder, the personality, keys in use with their login state, all
//! handles. Nothing here is shared with other processes but through the key folders. It must not know C types.
//!
//! Environment, read once, at the first call:
//! - `UKEYHUB_SOFTKEY_PLUG`: the plug folder. Without it no key is plugged in.
//! - `UKEYHUB_SOFTKEY_PERSONALITY`: `id` or `id:variant,variant`. The library is that product's: it sees only keys of this
//!   personality, and without a key it answers as that product does. Without it all keys are seen, and the library answers
//!   as the first key of the plug folder does, or did when it was last there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use skf_sys::codes;

use crate::faults::Faults;
use crate::handles::Handles;
use crate::personality::{Personalities, Personality, PinCache, STANDARD, VARIANT};
use crate::sar::Sar;
use crate::shared_login::SharedLogin;
use crate::store::{Application, Fingerprint, Key, Limits, Plug, PlugEvent, Role, Secrets};

/// The plug folder.
pub const PLUG: &str = "UKEYHUB_SOFTKEY_PLUG";
/// The product that the library plays.
pub const PERSONALITY: &str = "UKEYHUB_SOFTKEY_PERSONALITY";

/// Between two looks at the plug folder.
const POLL: Duration = Duration::from_millis(50);

/// All state of the library in this process.
pub struct Process {
    plug: Option<Plug>,
    personalities: Personalities,
    /// The product that the library plays for ever.
    product: Option<Arc<Personality>>,
    /// Without a product: the personality of the first key that was there.
    last_seen: Mutex<Option<Arc<Personality>>>,
    /// Faults that the environment asks for.
    pub faults: Faults,
    /// All that C holds.
    pub handles: Handles,
    devices: Mutex<BTreeMap<String, Arc<Device>>>,
    /// The device connected last, for products that know only one.
    current: Mutex<Option<Arc<Device>>>,
    watch: Mutex<Watch>,
    /// Wakes waiters when `Watch::cancelled` changes.
    cancel: Condvar,
}

/// What WaitForDevEvent has told so far.
#[derive(Default)]
struct Watch {
    seen: Option<Fingerprint>,
    visible: BTreeSet<String>,
    pending: VecDeque<PlugEvent>,
    /// How often waiters were cancelled.
    cancelled: u64,
}

/// The one state. SAR_FAIL when the environment names a personality or variant that there is not; SAR_GENRANDERR.
pub fn process() -> Result<&'static Process, Sar> {
    static PROCESS: OnceLock<Result<Process, Sar>> = OnceLock::new();
    PROCESS.get_or_init(Process::from_environment).as_ref().map_err(|sar| *sar)
}

impl Process {
    fn from_environment() -> Result<Process, Sar> {
        let broken = Sar(codes::SAR_FAIL);
        // Files that are part of this build and read by a test.
        let personalities = Personalities::embedded().map_err(|_| broken)?;
        let product = match std::env::var(PERSONALITY) {
            Ok(text) if !text.is_empty() => {
                let (id, variants) = text.split_once(':').unwrap_or((&text, ""));
                let options = BTreeMap::from([(VARIANT.to_owned(), variants.to_owned())]);
                let personality = personalities.get(id).ok_or(broken)?;
                Some(Arc::new(personalities.with(personality, &options).map_err(|_| broken)?))
            }
            Ok(_) | Err(std::env::VarError::NotPresent) => None,
            Err(std::env::VarError::NotUnicode(_)) => return Err(broken),
        };
        Ok(Process {
            plug: std::env::var_os(PLUG).filter(|folder| !folder.is_empty()).map(Plug::new),
            personalities,
            product,
            last_seen: Mutex::default(),
            faults: Faults::from_environment(),
            handles: Handles::new()?,
            devices: Mutex::default(),
            current: Mutex::default(),
            watch: Mutex::default(),
            cancel: Condvar::new(),
        })
    }

    /// How the library behaves where no key is concerned.
    pub fn personality(&self) -> Result<Arc<Personality>, Sar> {
        if let Some(product) = &self.product {
            return Ok(Arc::clone(product));
        }
        if let Some(first) = self.device_names()?.first() {
            // A key that went since is no first key.
            if let Ok(device) = self.device(first) {
                *locked(&self.last_seen) = Some(Arc::clone(&device.personality));
            }
        }
        match &*locked(&self.last_seen) {
            Some(personality) => Ok(Arc::clone(personality)),
            None => Ok(Arc::new(self.personalities.get(STANDARD).ok_or(Sar(codes::SAR_FAIL))?.clone())),
        }
    }

    /// Names of the devices that this library sees, sorted.
    pub fn device_names(&self) -> Result<Vec<String>, Sar> {
        let Some(plug) = &self.plug else { return Ok(Vec::new()) };
        let mut names = plug.list()?;
        names.retain(|name| self.is_ours(name));
        Ok(names)
    }

    /// Whether the library would show this device. A key that cannot be read is shown: connecting to it tells why.
    fn is_ours(&self, name: &str) -> bool {
        let Some(product) = &self.product else { return true };
        match self.device(name) {
            Ok(device) => device.personality.id == product.id,
            Err(sar) => sar.0 != codes::SAR_DEVICE_REMOVED,
        }
    }

    /// The device of this name: the one in use if it is still plugged in, else a new one with nobody logged in.
    /// SAR_DEVICE_REMOVED: no such key; SAR_FAIL: its personality or options make no sense; SAR_FILEERR and the like.
    pub fn device(&self, name: &str) -> Result<Arc<Device>, Sar> {
        let removed = Sar(codes::SAR_DEVICE_REMOVED);
        let plug = self.plug.as_ref().ok_or(removed)?;
        let mut devices = locked(&self.devices);
        if let Some(device) = devices.get(name) {
            if device.key.is_present() {
                return Ok(Arc::clone(device));
            }
            devices.remove(name);
        }
        // Names that no key can have are names of no key.
        let key = plug.open(name).map_err(|error| match error.sar() {
            Sar(codes::SAR_NAMELENERR) => removed,
            other => other,
        })?;
        let described = key.read(|model| Ok(model.device.clone()))?;
        let personality = self.personalities.get(&described.personality).ok_or(Sar(codes::SAR_FAIL))?;
        let personality = self.personalities.with(personality, &described.options).map_err(|_| Sar(codes::SAR_FAIL))?;
        let is_shared = *personality.pin.cache == PinCache::Machine;
        let device = Arc::new(Device {
            name: name.to_owned(),
            shared_login: is_shared.then(|| SharedLogin::new(key.folder(), plug.folder().join(name))),
            faults: Faults::of_key(key.folder()),
            key,
            limits: limits(&personality),
            personality: Arc::new(personality),
            security: Mutex::default(),
        });
        devices.insert(name.to_owned(), Arc::clone(&device));
        Ok(device)
    }

    /// As [`Process::device`], for devices that the library shows, and from now on the current one.
    pub fn connect(&self, name: &str) -> Result<Arc<Device>, Sar> {
        let device = self.device(name)?;
        if self.product.as_ref().is_some_and(|product| product.id != device.personality.id) {
            return Err(Sar(codes::SAR_DEVICE_REMOVED));
        }
        *locked(&self.current) = Some(Arc::clone(&device));
        Ok(device)
    }

    /// The device that was connected last.
    pub fn current(&self) -> Option<Arc<Device>> {
        locked(&self.current).clone()
    }

    /// Unplugs a key, as a fault on request. That it is gone already, or cannot be unplugged, shows in what follows.
    pub fn unplug(&self, name: &str) {
        if let Some(plug) = &self.plug {
            let _ = plug.unplug(name);
        }
    }

    /// From now on, what comes and goes is kept for WaitForDevEvent.
    pub fn watch(&self) -> Result<(), Sar> {
        self.look(&mut locked(&self.watch))
    }

    /// Waits for the next event; none when it was cancelled. The event stays pending until [`Process::event_told`].
    pub fn wait_for_event(&self) -> Result<Option<PlugEvent>, Sar> {
        let mut watch = locked(&self.watch);
        let cancelled = watch.cancelled;
        loop {
            self.look(&mut watch)?;
            if let Some(event) = watch.pending.front() {
                return Ok(Some(event.clone()));
            }
            watch = self.cancel.wait_timeout(watch, POLL).unwrap_or_else(PoisonError::into_inner).0;
            if watch.cancelled != cancelled {
                return Ok(None);
            }
        }
    }

    /// The event has reached the host.
    pub fn event_told(&self, event: &PlugEvent) {
        let mut watch = locked(&self.watch);
        if watch.pending.front() == Some(event) {
            watch.pending.pop_front();
        }
    }

    /// Ends all waits that are going on.
    pub fn cancel_waits(&self) {
        locked(&self.watch).cancelled += 1;
        self.cancel.notify_all();
    }

    fn look(&self, watch: &mut Watch) -> Result<(), Sar> {
        let now = self.plug.as_ref().map_or_else(|| Ok(Fingerprint::default()), Plug::fingerprint)?;
        let is_first = watch.seen.is_none();
        for event in now.events_since(&watch.seen.take().unwrap_or_default()) {
            let is_news = match &event {
                PlugEvent::In(name) => self.is_ours(name) && watch.visible.insert(name.clone()),
                PlugEvent::Out(name) => watch.visible.remove(name),
            };
            // The first look finds what was there before.
            if is_news && !is_first {
                watch.pending.push_back(event);
            }
        }
        watch.seen = Some(now);
        Ok(())
    }
}

fn limits(personality: &Personality) -> Limits {
    let length = |value: u32| value as usize;
    Limits {
        user_pin: length(*personality.pin.user_min)..=length(*personality.pin.user_max),
        admin_pin: length(*personality.pin.admin_min)..=length(*personality.pin.admin_max),
        container_name: length(*personality.container.name_limit),
        containers: length(*personality.container.max_count),
        ..Limits::default()
    }
}

/// A key in use in this process. All connections to it share it, and with it who is logged in: the standard says that
/// neither disconnecting nor closing an application changes that. It ends when the key is unplugged.
pub struct Device {
    /// As SKF_EnumDev gives it, before encoding.
    pub name: String,
    /// The folder.
    pub key: Key,
    /// How it behaves.
    pub personality: Arc<Personality>,
    /// Faults that its folder asks for.
    pub faults: Faults,
    /// What its personality accepts.
    pub limits: Limits,
    security: Mutex<Security>,
    /// Who is logged in on this machine, for products that share that among processes.
    shared_login: Option<SharedLogin>,
}

/// What was proved to the device.
#[derive(Default)]
struct Security {
    /// The last random bytes that the host got, at most a block, with zeros behind.
    challenge: Option<[u8; 16]>,
    authenticated: bool,
    failures: u32,
    logins: BTreeMap<(Vec<u8>, Role), Arc<Secrets>>,
}

/// Wrong device authentications before the device takes no more until it is unplugged.
const AUTH_TRIES: u32 = 10;

impl Device {
    /// SAR_DEVICE_REMOVED unless the key is still plugged in.
    pub fn check_present(&self) -> Result<(), Sar> {
        if self.key.is_present() { Ok(()) } else { Err(Sar(codes::SAR_DEVICE_REMOVED)) }
    }

    /// Remembers random bytes that the host got, for DevAuth.
    pub fn set_challenge(&self, random: &[u8]) {
        let mut challenge = [0; 16];
        let len = random.len().min(challenge.len());
        challenge[..len].copy_from_slice(&random[..len]);
        locked(&self.security).challenge = (len >= 8).then_some(challenge);
    }

    /// The last challenge, once; a wrong answer needs a new one.
    pub fn take_challenge(&self) -> Option<[u8; 16]> {
        locked(&self.security).challenge.take()
    }

    /// Whether device authentication has failed too often.
    pub fn is_auth_locked(&self) -> bool {
        locked(&self.security).failures >= AUTH_TRIES
    }

    /// Records a device authentication.
    pub fn authenticated(&self, is_right: bool) {
        let mut security = locked(&self.security);
        security.authenticated = is_right;
        security.failures = if is_right { 0 } else { security.failures.saturating_add(1) };
    }

    /// Whether device authentication was done.
    pub fn is_authenticated(&self) -> bool {
        locked(&self.security).authenticated
    }

    /// Records a login with this PIN.
    pub fn log_in(&self, application: &[u8], secrets: Secrets, pin: &[u8]) -> Result<(), Sar> {
        let role = secrets.role();
        locked(&self.security).logins.insert((application.to_vec(), role), Arc::new(secrets));
        self.shared_login.as_ref().map_or(Ok(()), |shared| shared.set(application, role, Some(pin)))
    }

    /// Ends a login of one role.
    pub fn log_out(&self, application: &[u8], role: Role) -> Result<(), Sar> {
        locked(&self.security).logins.remove(&(application.to_vec(), role));
        self.shared_login.as_ref().map_or(Ok(()), |shared| shared.set(application, role, None))
    }

    /// Where processes share logins, takes over what others have done to this application. It must not run inside a change
    /// of the key: a PIN of another process is verified here.
    pub fn share_logins(&self, application: &[u8]) -> Result<(), Sar> {
        let Some(shared) = &self.shared_login else { return Ok(()) };
        for role in [Role::Admin, Role::User] {
            let place = (application.to_vec(), role);
            let is_in = locked(&self.security).logins.contains_key(&place);
            match shared.pin(application, role)? {
                None => drop(locked(&self.security).logins.remove(&place)),
                Some(_) if is_in => {}
                Some(pin) => match self.key.verify_pin(application, role, &pin, &self.limits) {
                    Ok(secrets) => drop(locked(&self.security).logins.insert(place, Arc::new(secrets))),
                    // It was changed since. The try that this has cost is what such a library costs its user.
                    Err(_) => shared.set(application, role, None)?,
                },
            }
        }
        Ok(())
    }

    /// The secrets of a login, if there is one for this very application (not one made later under its name).
    pub fn login(&self, application: &Application, role: Role) -> Option<Arc<Secrets>> {
        let security = locked(&self.security);
        let secrets = security.logins.get(&(application.name.as_bytes().to_vec(), role))?;
        secrets.belong_to(application).then(|| Arc::clone(secrets))
    }
}

/// A lock whose holder panicked is used on: every change under these locks is a single step.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
