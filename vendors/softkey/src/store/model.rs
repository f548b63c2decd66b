//! What a key holds: the device and its applications, as they stand in `key.json`, and the rules that every stored key
//! obeys. It must not touch files, and not decide who may do what.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use skf_sys::codes;

use super::bytes::{Bytes, Text};
use super::container::Container;
use super::file::File;
use super::limits::{Limits, check_name};
use super::pin::{DEFAULT_ITERATIONS, Pin, Role};
use super::secrets::{ID_LEN, random, random_data_key};
use crate::sar::Sar;

/// The version of the file's form.
pub const FORMAT: u32 = 1;

/// Space that an application takes beside its files and containers, in bytes.
const APPLICATION_SPACE: u64 = 1024;

/// A whole key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The version of the file's form, 1.
    pub(super) format: u32,
    /// Random, made with the key: another key in the same folder is not this one.
    pub(super) id: Bytes,
    /// How often the file was written.
    pub(super) generation: u64,
    /// The device itself.
    pub device: Device,
    /// Applications, in the order of their creation.
    pub applications: Vec<Application>,
}

/// What SKF_GetDevInfo and device authentication need to know; all else comes from the personality.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// The personality's name.
    pub personality: String,
    /// Serial number. It may be empty.
    pub serial: Text,
    /// Label.
    pub label: Text,
    /// Manufacturer, where it is not the personality's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<Text>,
    /// Issuer, where it is not the personality's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Text>,
    /// The symmetric key of device authentication, in clear.
    pub dev_auth_key: Bytes,
    /// Bytes in all. A change that needs more answers SAR_NO_ROOM.
    pub total_space: u32,
    /// Faults and quirks of this one key, read by those who know their names.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
}

/// An application: two PINs, files, containers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Random, made with the application: one deleted and made again under the same name is another.
    pub(super) id: Bytes,
    /// Its name.
    pub name: Text,
    /// Who may create files, SECURE_… bits.
    pub create_file_rights: u32,
    /// The administrator's PIN.
    pub admin_pin: Pin,
    /// The user's PIN.
    pub user_pin: Pin,
    /// Files, in the order of their creation.
    pub files: Vec<File>,
    /// Containers, in the order of their creation.
    pub containers: Vec<Container>,
}

/// A PIN to be set with a new application. The caller zeroises the bytes.
#[derive(Clone, Copy)]
pub struct NewPin<'a> {
    /// The PIN.
    pub pin: &'a [u8],
    /// Tries, at least 1.
    pub max_tries: u32,
    /// What SKF_GetPINInfo tells until the PIN is changed.
    pub is_default: bool,
}

/// What SKF_CreateApplication says.
#[derive(Clone, Copy)]
pub struct NewApplication<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// The administrator's PIN.
    pub admin: NewPin<'a>,
    /// The user's PIN.
    pub user: NewPin<'a>,
    /// Who may create files, SECURE_… bits.
    pub create_file_rights: u32,
    /// PBKDF2 rounds; `None` for [`DEFAULT_ITERATIONS`].
    pub iterations: Option<u32>,
}

impl Model {
    pub(super) fn new(device: Device) -> Result<Model, Sar> {
        let id = random::<ID_LEN>()?.to_vec().into();
        Ok(Model { format: FORMAT, id, generation: 0, device, applications: Vec::new() })
    }

    /// How often the key was written; it grows with every change.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The application of this name, or SAR_APPLICATION_NOT_EXISTS.
    pub fn application(&self, name: &[u8]) -> Result<&Application, Sar> {
        let found = self.applications.iter().find(|application| application.name == *name);
        found.ok_or(Sar(codes::SAR_APPLICATION_NOT_EXISTS))
    }

    /// The application of this name, to change it, or SAR_APPLICATION_NOT_EXISTS.
    pub fn application_mut(&mut self, name: &[u8]) -> Result<&mut Application, Sar> {
        let found = self.applications.iter_mut().find(|application| application.name == *name);
        found.ok_or(Sar(codes::SAR_APPLICATION_NOT_EXISTS))
    }

    /// Adds an application with a data key of its own.
    /// SAR_APPLICATION_NAME_INVALID, SAR_APPLICATION_EXISTS, SAR_PIN_LEN_RANGE, SAR_INVALIDPARAMERR (no tries),
    /// SAR_NO_ROOM (too many).
    pub fn create_application(&mut self, new: &NewApplication<'_>, limits: &Limits) -> Result<(), Sar> {
        check_name(new.name, limits.application_name, codes::SAR_APPLICATION_NAME_INVALID)?;
        if self.application(new.name).is_ok() {
            return Err(Sar(codes::SAR_APPLICATION_EXISTS));
        }
        limits.check_pin(Role::Admin, new.admin.pin)?;
        limits.check_pin(Role::User, new.user.pin)?;
        if self.applications.len() >= limits.applications {
            return Err(Sar(codes::SAR_NO_ROOM));
        }
        let id = random::<ID_LEN>()?;
        let data_key = random_data_key()?;
        let iterations = new.iterations.unwrap_or(DEFAULT_ITERATIONS);
        self.applications.push(Application {
            name: new.name.into(),
            create_file_rights: new.create_file_rights,
            admin_pin: Pin::new(&new.admin, iterations, &id, Role::Admin, &data_key)?,
            user_pin: Pin::new(&new.user, iterations, &id, Role::User, &data_key)?,
            files: Vec::new(),
            containers: Vec::new(),
            id: id.to_vec().into(),
        });
        Ok(())
    }

    /// Removes an application and all in it, or SAR_APPLICATION_NOT_EXISTS.
    pub fn delete_application(&mut self, name: &[u8]) -> Result<(), Sar> {
        self.application(name)?;
        self.applications.retain(|application| application.name != *name);
        Ok(())
    }

    /// Bytes taken: declared sizes of files, keys and certificates, and a fixed part for each thing.
    pub fn used_space(&self) -> u64 {
        let used = self.applications.iter().map(|application| {
            let files: u64 = application.files.iter().map(File::space).sum();
            let containers: u64 = application.containers.iter().map(Container::space).sum();
            APPLICATION_SPACE + files + containers
        });
        used.sum()
    }

    /// Bytes left, for DEVINFO.
    pub fn free_space(&self) -> u32 {
        let free = u64::from(self.device.total_space).saturating_sub(self.used_space());
        u32::try_from(free).unwrap_or(u32::MAX)
    }

    /// The rules that every stored key obeys, or the first that is broken, in words.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.format != FORMAT {
            return Err(format!("format {}, this version reads format {FORMAT}", self.format));
        }
        if self.id.len() != ID_LEN {
            return Err(format!("the id is not {ID_LEN} bytes long"));
        }
        unique("applications", self.applications.iter().map(|application| &application.name))?;
        self.applications.iter().try_for_each(|application| {
            application.check().map_err(|reason| format!("application {:?}: {reason}", application.name))
        })
    }
}

impl Application {
    /// The PIN of this role.
    pub fn pin(&self, role: Role) -> &Pin {
        match role {
            Role::Admin => &self.admin_pin,
            Role::User => &self.user_pin,
        }
    }

    /// The PIN of this role, to change its counters.
    pub fn pin_mut(&mut self, role: Role) -> &mut Pin {
        match role {
            Role::Admin => &mut self.admin_pin,
            Role::User => &mut self.user_pin,
        }
    }

    fn check(&self) -> Result<(), String> {
        if self.id.len() != ID_LEN {
            return Err(format!("the id is not {ID_LEN} bytes long"));
        }
        self.admin_pin.check().map_err(|reason| format!("admin PIN: {reason}"))?;
        self.user_pin.check().map_err(|reason| format!("user PIN: {reason}"))?;
        unique("files", self.files.iter().map(|file| &file.name))?;
        unique("containers", self.containers.iter().map(|container| &container.name))?;
        for file in &self.files {
            file.check().map_err(|reason| format!("file {:?}: {reason}", file.name))?;
        }
        for container in &self.containers {
            container.check().map_err(|reason| format!("container {:?}: {reason}", container.name))?;
        }
        Ok(())
    }
}

fn unique<'a>(what: &str, names: impl Iterator<Item = &'a Text>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for name in names {
        if name.as_bytes().is_empty() || name.as_bytes().contains(&0) {
            return Err(format!("{what}: a name is empty or contains NUL"));
        }
        if !seen.insert(name) {
            return Err(format!("two {what} named {name:?}"));
        }
    }
    Ok(())
}
