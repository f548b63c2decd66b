//! Asks the hub for everything that is listed, by the functions that hosts reach through the module, so that both see
//! the same. It must not show anything, and what a library cannot answer becomes part of the list.

use std::fmt;
use std::path::PathBuf;

use cryptoki_sys::*;
use ukeyhub_vendors::abi::{SlotInfo, TokenInfo};
use ukeyhub_vendors::config::{Config, ConfigError};
use ukeyhub_vendors::error::Error;
use ukeyhub_vendors::hub::{Health, Hub, Member, Report, Row};
use ukeyhub_vendors::pkcs11::HostThreads;
use ukeyhub_vendors::places::Places;
use ukeyhub_vendors::profile::{Profiles, Title};

use crate::visible::field;

/// Everything that is listed.
pub struct List {
    /// The configuration file; `None` when the built-in configuration is used.
    pub source: Option<PathBuf>,
    /// The module's log file.
    pub log_file: Option<PathBuf>,
    /// Profiles that were left out.
    pub profiles_skipped: Vec<SkippedProfile>,
    /// Every configured library, in the order of the configuration.
    pub libraries: Vec<Library>,
    /// Every slot, in the order in which hosts see them.
    pub slots: Vec<Slot>,
}

/// A profile that was left out.
pub struct SkippedProfile {
    /// The file or folder.
    pub path: PathBuf,
    /// Why, in English.
    pub reason: String,
}

/// A configured library.
pub struct Library {
    /// Its name in the configuration.
    pub name: String,
    /// The name of its profile.
    pub profile: String,
    /// The profile's title; `None` when there is no such profile.
    pub title: Option<Title>,
    /// The file.
    pub path: PathBuf,
    /// Whether it is in use.
    pub state: State,
}

/// Whether a library is in use.
pub enum State {
    /// In use.
    Ready(Ready),
    /// Not in use, and why, in English.
    Skipped(String),
}

/// What a library in use says of itself.
#[derive(Default)]
pub struct Ready {
    /// The interface its functions are read from.
    pub interface: Option<Version>,
    /// C_GetInfo.
    pub manufacturer: String,
    /// C_GetInfo.
    pub description: String,
    /// C_GetInfo.
    pub version: Option<Version>,
    /// What it could not answer.
    pub problems: Vec<Problem>,
}

/// A slot as hosts see it.
#[derive(Default)]
pub struct Slot {
    /// The id that C_GetSlotList gives.
    pub id: CK_SLOT_ID,
    /// The name of its library.
    pub library: String,
    /// C_GetSlotInfo.
    pub description: String,
    /// C_GetSlotInfo.
    pub manufacturer: String,
    /// C_GetSlotInfo: CKF_…
    pub flags: CK_FLAGS,
    /// Whether a token is there.
    pub token_present: bool,
    /// The token, where it could be read.
    pub token: Option<Token>,
    /// What could not be answered.
    pub problems: Vec<Problem>,
}

/// C_GetTokenInfo.
pub struct Token {
    /// What people call it.
    pub label: String,
    /// Its maker.
    pub manufacturer: String,
    /// Its model.
    pub model: String,
    /// Its serial number.
    pub serial: String,
    /// CKF_…
    pub flags: CK_FLAGS,
    /// As the library states it.
    pub hardware: Version,
    /// As the library states it.
    pub firmware: Version,
}

/// A question that was answered with an error.
#[derive(Clone)]
pub struct Problem {
    /// The function of the standard.
    pub function: &'static str,
    /// The name of its return value.
    pub answer: String,
}

/// Major and minor, as CK_VERSION has them.
#[derive(Clone, Copy)]
pub struct Version(pub u8, pub u8);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl From<CK_VERSION> for Version {
    fn from(version: CK_VERSION) -> Self {
        Self(version.major, version.minor)
    }
}

impl List {
    /// Whether libraries are configured and not one of them is in use.
    pub fn all_skipped(&self) -> bool {
        !self.libraries.is_empty() && self.skipped() == self.libraries.len()
    }

    /// How many libraries are not in use.
    pub fn skipped(&self) -> usize {
        self.libraries.iter().filter(|library| matches!(library.state, State::Skipped(_))).count()
    }
}

/// Starts the libraries, asks, and ends them again; when this returns no library is loaded any more.
///
/// # Errors
/// The configuration cannot be used.
pub fn collect(places: &Places) -> Result<List, ConfigError> {
    let config = Config::load(places)?;
    let profiles = Profiles::load(places);
    let hub = Hub::start(&config, &profiles, HostThreads::default());
    hub.look();
    let slots = hub.rows().map(|row| slot(&hub, row)).collect();
    let libraries = hub.reports().iter().map(|report| library(&hub, report, &profiles)).collect();
    hub.finalize(|_| false);
    let profiles_skipped = profiles
        .skipped
        .iter()
        .map(|skipped| SkippedProfile { path: skipped.path.clone(), reason: skipped.reason.to_string() })
        .collect();
    let log_file = config.log_file(places).map(Into::into);
    Ok(List { source: config.source, log_file, profiles_skipped, libraries, slots })
}

fn library(hub: &Hub, report: &Report, profiles: &Profiles) -> Library {
    let state = match &report.health {
        Health::Ready(at) => State::Ready(hub.members().get(*at).map(ready).unwrap_or_default()),
        Health::Skipped(reason) => State::Skipped(reason.clone()),
    };
    Library {
        name: report.name.clone(),
        profile: report.profile.clone(),
        title: profiles.get(&report.profile).map(|profile| profile.title.clone()),
        path: report.path.clone(),
        state,
    }
}

fn ready(member: &Member) -> Ready {
    let mut ready = Ready::default();
    match member.library.about() {
        Ok(about) => {
            let info = about.info;
            ready.interface = Some(about.interface.into());
            ready.manufacturer = field(&info.manufacturerID);
            ready.description = field(&info.libraryDescription);
            ready.version = Some(info.libraryVersion.into());
        }
        Err(error) => ready.problems.push(problem("C_GetInfo", error)),
    }
    // The hub passes over a library whose slots it cannot list, for the sake of the others; here people learn of it.
    if let Err(error) = member.library.slots() {
        ready.problems.push(problem("C_GetSlotList", error));
    }
    ready
}

fn slot(hub: &Hub, row: &Row) -> Slot {
    let library = hub.members().get(row.member).map(|member| member.name.clone()).unwrap_or_default();
    let mut slot = Slot { id: row.id, library, ..Slot::default() };
    let mut info = CK_SLOT_INFO::default();
    match hub.slot_info(row, SlotInfo::new(&mut info)) {
        Ok(()) => {
            slot.description = field(&info.slotDescription);
            slot.manufacturer = field(&info.manufacturerID);
            slot.flags = info.flags;
            slot.token_present = slot.flags & CKF_TOKEN_PRESENT != 0;
        }
        Err(error) => slot.problems.push(problem("C_GetSlotInfo", error)),
    }
    if slot.token_present {
        match token(hub, row) {
            Ok(token) => slot.token = Some(token),
            Err(error) => slot.problems.push(problem("C_GetTokenInfo", error)),
        }
    }
    slot
}

fn token(hub: &Hub, row: &Row) -> Result<Token, Error> {
    let mut info = CK_TOKEN_INFO::default();
    hub.token_info(row, TokenInfo::new(&mut info))?;
    Ok(Token {
        label: field(&info.label),
        manufacturer: field(&info.manufacturerID),
        model: field(&info.model),
        serial: field(&info.serialNumber),
        flags: info.flags,
        hardware: info.hardwareVersion.into(),
        firmware: info.firmwareVersion.into(),
    })
}

fn problem(function: &'static str, error: Error) -> Problem {
    Problem { function, answer: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_broken_profile_is_listed_and_stops_nothing() {
        let home = tempfile::tempdir().unwrap();
        let profiles = home.path().join("profiles");
        fs::create_dir(&profiles).unwrap();
        let broken = profiles.join("own.toml");
        fs::write(&broken, "name = \"own\"\ncolour = 1\n").unwrap();
        let config = ukeyhub_artefacts::config(
            "discover = false\n[[library]]\nname = \"a\"\nprofile = \"own\"\npath = '/a.so'\n",
        );
        let places = Places {
            config: Some(config.path().into()),
            user: Some(home.path().into()),
            caller: ukeyhub_vendors::places::caller(),
            ..Places::default()
        };
        let list = collect(&places).unwrap();
        assert_eq!(list.profiles_skipped.len(), 1);
        assert_eq!(list.profiles_skipped[0].path, broken);
        assert!(list.profiles_skipped[0].reason.contains("own.toml:2: unknown key \"colour\""));
        let State::Skipped(reason) = &list.libraries[0].state else { panic!("a library without profile is in use") };
        assert!(reason.starts_with("its profile \"own\" cannot be used: "), "{reason}");
        assert!(list.all_skipped() && list.slots.is_empty());
    }
}
