//! Loads the configured libraries and keeps the reason for each that cannot be used.
//! It must not stop at the first fault: a platform with one broken driver still has its other keys.

use std::path::PathBuf;

use crate::config::{Config, LibraryEntry};
use crate::image::{self, Image};
use crate::pkcs11::{self, HostThreads};
use crate::profile::{Isolation, Profile, Profiles};
use crate::traits::Library;
use crate::trust;

/// A library in use.
pub struct Member {
    /// Its name in the configuration.
    pub name: String,
    /// The vendor of its profile, part of the slot ids.
    pub vendor: String,
    /// Whether its empty slots are shown to hosts.
    pub show_empty_slots: bool,
    /// The library itself.
    pub library: Box<dyn Library>,
}

/// What became of one configured library.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its name in the configuration.
    pub name: String,
    /// The profile it was to be used with.
    pub profile: String,
    /// The file.
    pub path: PathBuf,
    /// Whether it is in use.
    pub health: Health,
}

/// Whether a library is in use.
#[derive(Clone, Debug)]
pub enum Health {
    /// In use, at this place among `Hub::members`.
    Ready(usize),
    /// Not in use, and why, in words for people.
    Skipped(String),
}

pub(super) fn start(config: &Config, profiles: &Profiles, threads: HostThreads) -> (Vec<Member>, Vec<Report>) {
    for skipped in &profiles.skipped {
        tracing::warn!(path = %skipped.path.display(), reason = %skipped.reason, "profile skipped");
    }
    let mut members = Vec::new();
    let mut reports = Vec::new();
    for entry in &config.libraries {
        let health = match load(entry, profiles, threads) {
            Ok(member) => {
                members.push(member);
                Health::Ready(members.len() - 1)
            }
            Err(reason) => {
                tracing::warn!(library = entry.name, path = %entry.path.display(), reason, "library skipped");
                Health::Skipped(reason)
            }
        };
        reports.push(Report {
            name: entry.name.clone(),
            profile: entry.profile.clone(),
            path: entry.path.clone(),
            health,
        });
    }
    (members, reports)
}

/// Loads one library, or says in words why not.
fn load(entry: &LibraryEntry, profiles: &Profiles, threads: HostThreads) -> Result<Member, String> {
    let profile = profiles.get(&entry.profile).ok_or_else(|| no_profile(&entry.profile, profiles))?;
    if entry.isolation(profile).map_err(|error| error.to_string())? == Isolation::Worker {
        return Err("isolation \"worker\" is not available in this version".to_owned());
    }
    check_file(entry)?;
    let library = start_library(entry, profile, threads)?;
    Ok(Member {
        name: entry.name.clone(),
        vendor: profile.vendor.as_str().to_owned(),
        show_empty_slots: profile.show_empty_slots,
        library,
    })
}

fn no_profile(name: &str, profiles: &Profiles) -> String {
    match profiles.skipped.iter().find(|skipped| skipped.path.file_stem().is_some_and(|stem| stem == name)) {
        Some(skipped) => format!("its profile \"{name}\" cannot be used: {}", skipped.reason),
        None => format!("there is no profile \"{name}\""),
    }
}

/// Everything that can be known of the file without running its code.
fn check_file(entry: &LibraryEntry) -> Result<(), String> {
    trust::check(&entry.path).map_err(|error| error.to_string())?;
    let image = Image::read(&entry.path).map_err(|error| error.to_string())?;
    image.fits_this_process().map_err(|error| error.to_string())?;
    if let Some(wanted) = &entry.sha256 {
        let found = image::sha256(&entry.path).map_err(|error| error.to_string())?;
        if found != *wanted {
            return Err("its SHA-256 is not the one that the configuration demands".to_owned());
        }
    }
    Ok(())
}

fn start_library(entry: &LibraryEntry, profile: &Profile, threads: HostThreads) -> Result<Box<dyn Library>, String> {
    pkcs11::start(&entry.path, profile, entry.init_string(profile), threads).map_err(|error| error.to_string())
}
