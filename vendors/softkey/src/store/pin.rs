//! PINs: how they stand in the key file, and how they are tried. A try is spent and on disk before the PIN is looked at,
//! so that a kill during verification never gives a free one. It must not keep or log a PIN.

use hmac::{Hmac, KeyInit, Mac};
use pbkdf2::pbkdf2_hmac;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use skf_sys::{codes, constants};
use zeroize::Zeroizing;

use super::bytes::Bytes;
use super::key::{Change, Key};
use super::limits::Limits;
use super::model::{Application, NewPin};
use super::secrets::{ID_LEN, KEY_LEN, SEAL_OVERHEAD, SecretKey, Secrets, open, random, seal};
use crate::sar::Sar;

/// PBKDF2 rounds of new applications. Low on purpose: the token is for tests, and each test logs in.
pub const DEFAULT_ITERATIONS: u32 = 1_000;
/// A file that asks for more is refused, so that a broken one cannot hang its reader.
const MAX_ITERATIONS: u32 = 10_000_000;
const SALT_LEN: usize = 16;
const VERIFIER_LEN: usize = 32;

/// Whose PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The administrator, type 0.
    Admin,
    /// The user, type 1.
    User,
}

impl Role {
    /// From ADMIN_TYPE or USER_TYPE (clause 6.3); SAR_USER_TYPE_INVALID for others.
    pub fn from_number(number: u32) -> Result<Role, Sar> {
        match number {
            constants::ADMIN_TYPE => Ok(Role::Admin),
            constants::USER_TYPE => Ok(Role::User),
            _ => Err(Sar(codes::SAR_USER_TYPE_INVALID)),
        }
    }
}

/// A PIN as it stands in the file. The counters may be set for tests (a locked key, a PIN that is not the default one).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Tries when the PIN was last right.
    pub max_tries: u32,
    /// Tries left; at 0 the PIN is locked.
    pub tries_left: u32,
    /// Whether it is the one that the maker set.
    pub is_default: bool,
    /// PBKDF2 rounds.
    iterations: u32,
    salt: Bytes,
    verifier: Bytes,
    /// The application's data key, sealed under the PIN.
    wrapped: Bytes,
}

/// What SKF_GetPINInfo tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinInfo {
    /// Tries in all.
    pub max_tries: u32,
    /// Tries left.
    pub tries_left: u32,
    /// Whether it is the default PIN.
    pub is_default: bool,
}

/// A PIN was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinFailure {
    /// SAR_PIN_INCORRECT (also for the try that locks the PIN: then `tries_left` is 0), SAR_PIN_LOCKED (it was locked
    /// before), SAR_PIN_LEN_RANGE (no try was spent), or an error of the key itself.
    pub sar: Sar,
    /// Tries left of the PIN that was tried; `None` when it could not be told.
    pub tries_left: Option<u32>,
}

impl From<Sar> for PinFailure {
    fn from(sar: Sar) -> PinFailure {
        PinFailure { sar, tries_left: None }
    }
}

impl From<PinFailure> for Sar {
    fn from(failure: PinFailure) -> Sar {
        failure.sar
    }
}

impl Pin {
    pub(super) fn new(
        new: &NewPin<'_>,
        iterations: u32,
        application: &[u8; ID_LEN],
        role: Role,
        data_key: &SecretKey,
    ) -> Result<Pin, Sar> {
        if new.max_tries == 0 || !(1..=MAX_ITERATIONS).contains(&iterations) {
            return Err(Sar(codes::SAR_INVALIDPARAMERR));
        }
        let salt = random::<SALT_LEN>()?;
        let keys = Keys::derive(new.pin, &salt, iterations);
        Ok(Pin {
            max_tries: new.max_tries,
            tries_left: new.max_tries,
            is_default: new.is_default,
            iterations,
            salt: salt.to_vec().into(),
            verifier: keys.verifier.to_vec().into(),
            wrapped: seal(&keys.wrapping, &place(application, role), data_key.as_slice())?.into(),
        })
    }

    /// What SKF_GetPINInfo tells.
    pub fn info(&self) -> PinInfo {
        PinInfo { max_tries: self.max_tries, tries_left: self.tries_left, is_default: self.is_default }
    }

    /// The data key if `pin` is right. `Err` when the PIN is right but the sealed data key is damaged.
    fn unwrap_data_key(&self, pin: &[u8], application: &[u8; ID_LEN], role: Role) -> Result<Option<SecretKey>, Sar> {
        let keys = Keys::derive(pin, &self.salt, self.iterations);
        if !keys.verifies(&self.verifier) {
            return Ok(None);
        }
        let data_key = open(&keys.wrapping, &place(application, role), &self.wrapped);
        let data_key = data_key.filter(|key| key.len() == KEY_LEN).ok_or(Sar(codes::SAR_FILEERR))?;
        let mut secret = SecretKey::default();
        secret.copy_from_slice(&data_key);
        Ok(Some(secret))
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.max_tries == 0 || self.tries_left > self.max_tries {
            return Err(format!("{} tries left of {}", self.tries_left, self.max_tries));
        }
        if !(1..=MAX_ITERATIONS).contains(&self.iterations) {
            return Err(format!("{} iterations, allowed are 1 to {MAX_ITERATIONS}", self.iterations));
        }
        let lengths = [
            ("salt", self.salt.len(), SALT_LEN),
            ("verifier", self.verifier.len(), VERIFIER_LEN),
            ("wrapped", self.wrapped.len(), KEY_LEN + SEAL_OVERHEAD),
        ];
        match lengths.into_iter().find(|(_, is, should)| is != should) {
            Some((what, is, should)) => Err(format!("{what} is {is} bytes long, not {should}")),
            None => Ok(()),
        }
    }
}

fn place(application: &[u8; ID_LEN], role: Role) -> Vec<u8> {
    let role: &[u8] = match role {
        Role::Admin => b"admin",
        Role::User => b"user",
    };
    [b"softkey 1 data key".as_slice(), application, role].concat()
}

/// What a PIN gives: a value that proves it and the key that wraps the data key.
struct Keys {
    mac: Hmac<Sha256>,
    verifier: Zeroizing<[u8; VERIFIER_LEN]>,
    wrapping: SecretKey,
}

impl Keys {
    fn derive(pin: &[u8], salt: &[u8], iterations: u32) -> Keys {
        // HMAC pads a key with zeros to the block of its hash: here the padding is ours.
        let mut root = Zeroizing::new([0; 64]);
        pbkdf2_hmac::<Sha256>(pin, salt, iterations, &mut root[..KEY_LEN]);
        let mac = |label: &[u8]| Hmac::<Sha256>::new((&*root).into()).chain_update(label);
        Keys {
            mac: mac(b"verifier"),
            verifier: Zeroizing::new(mac(b"verifier").finalize().into_bytes().into()),
            wrapping: Zeroizing::new(mac(b"wrapping").finalize().into_bytes().into()),
        }
    }

    /// In constant time.
    fn verifies(&self, verifier: &[u8]) -> bool {
        self.mac.clone().verify_slice(verifier).is_ok()
    }
}

/// A try that is spent: the counter on disk is one lower. Dropped without `look`, the try is lost.
pub(super) struct Try<'key> {
    change: Change<'key>,
    application: Vec<u8>,
    role: Role,
    tries_left: u32,
}

impl<'key> Try<'key> {
    /// Locks the key, lowers the counter on disk, and only then gives the right to look.
    pub(super) fn spend(key: &'key Key, application: &[u8], role: Role) -> Result<Try<'key>, PinFailure> {
        let mut change = key.begin()?;
        let pin = change.model.application_mut(application)?.pin_mut(role);
        if pin.tries_left == 0 {
            return Err(PinFailure { sar: Sar(codes::SAR_PIN_LOCKED), tries_left: Some(0) });
        }
        pin.tries_left -= 1;
        let tries_left = pin.tries_left;
        change.write()?;
        Ok(Try { change, application: application.to_vec(), role, tries_left })
    }

    /// Compares the PIN. When it is right, `then` may change the application, and the counter is full again; both are
    /// written at once.
    fn look(
        mut self,
        pin: &[u8],
        then: impl FnOnce(&mut Application, &SecretKey, &[u8; ID_LEN]) -> Result<(), Sar>,
    ) -> Result<Secrets, PinFailure> {
        let failed = |sar| PinFailure { sar, tries_left: Some(self.tries_left) };
        let application = self.change.model.application_mut(&self.application)?;
        let id = *application.id.first_chunk::<ID_LEN>().ok_or(Sar(codes::SAR_FILEERR))?;
        let record = application.pin_mut(self.role);
        let data_key = record.unwrap_data_key(pin, &id, self.role).map_err(failed)?;
        let Some(data_key) = data_key else { return Err(failed(Sar(codes::SAR_PIN_INCORRECT))) };
        record.tries_left = record.max_tries;
        then(application, &data_key, &id).map_err(failed)?;
        self.change.write()?;
        Ok(Secrets::new(id, self.role, data_key))
    }
}

impl Key {
    /// Tries a PIN. A PIN outside the limits answers SAR_PIN_LEN_RANGE and costs no try.
    pub fn verify_pin(
        &self,
        application: &[u8],
        role: Role,
        pin: &[u8],
        limits: &Limits,
    ) -> Result<Secrets, PinFailure> {
        limits.check_pin(role, pin)?;
        Try::spend(self, application, role)?.look(pin, |_, _, _| Ok(()))
    }

    /// Changes a PIN, given the old one: a wrong one costs a try. The new one is not the default PIN, even if equal.
    pub fn change_pin(
        &self,
        application: &[u8],
        role: Role,
        old: &[u8],
        new: &[u8],
        limits: &Limits,
    ) -> Result<(), PinFailure> {
        limits.check_pin(role, old)?;
        limits.check_pin(role, new)?;
        let spent = Try::spend(self, application, role)?;
        spent.look(old, |application, data_key, id| replace(application, role, new, data_key, id)).map(drop)
    }

    /// Sets a new user PIN with full tries, given the admin PIN: a wrong one costs a try of the admin PIN. Private keys
    /// stay.
    pub fn unblock_pin(
        &self,
        application: &[u8],
        admin_pin: &[u8],
        new_user_pin: &[u8],
        limits: &Limits,
    ) -> Result<(), PinFailure> {
        limits.check_pin(Role::Admin, admin_pin)?;
        limits.check_pin(Role::User, new_user_pin)?;
        let spent = Try::spend(self, application, Role::Admin)?;
        let unblocked = spent
            .look(admin_pin, |application, data_key, id| replace(application, Role::User, new_user_pin, data_key, id));
        unblocked.map(drop)
    }

    /// What SKF_GetPINInfo tells.
    pub fn pin_info(&self, application: &[u8], role: Role) -> Result<PinInfo, Sar> {
        self.read(|model| Ok(model.application(application)?.pin(role).info()))
    }
}

/// Another PIN in place of one, with full tries. Salt, verifier and wrapping are new.
fn replace(
    application: &mut Application,
    role: Role,
    pin: &[u8],
    data_key: &SecretKey,
    id: &[u8; ID_LEN],
) -> Result<(), Sar> {
    let old = application.pin(role);
    let new = NewPin { pin, max_tries: old.max_tries, is_default: false };
    let pin = Pin::new(&new, old.iterations, id, role, data_key)?;
    *application.pin_mut(role) = pin;
    Ok(())
}
