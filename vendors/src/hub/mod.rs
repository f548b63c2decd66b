//! All libraries of one configuration, and the slots that hosts see through them (design D1, D2).
//! It must not hold a lock while a library is called, and nothing that goes wrong with one library may stop another.

mod ids;
mod members;
mod moment;
mod observe;
mod rows;
mod slots;

pub use members::{Health, Member, Report};
pub use rows::Row;

use crate::config::Config;
use crate::pkcs11::HostThreads;
use crate::profile::Profiles;
use observe::Watch;
use rows::Rows;

/// The libraries and slots between C_Initialize and C_Finalize.
pub struct Hub {
    members: Vec<Member>,
    reports: Vec<Report>,
    rows: Rows,
    watch: Watch,
}

impl Hub {
    /// Loads every library of the configuration. One that cannot be used is skipped with its reason and never fails the rest.
    pub fn start(config: &Config, profiles: &Profiles, threads: HostThreads) -> Self {
        let (members, reports) = members::start(config, profiles, threads);
        Self { members, reports, rows: Rows::default(), watch: Watch::default() }
    }

    /// What became of each configured library, in the order of the configuration.
    pub fn reports(&self) -> &[Report] {
        &self.reports
    }

    /// The libraries in use.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The slots known so far, in the order in which hosts see them.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    /// Ends every library. `inside` names those that a thread has not left: they stay loaded and are not called.
    pub fn finalize(&self, inside: impl Fn(usize) -> bool) {
        for (at, member) in self.members.iter().enumerate() {
            if inside(at) || member.library.is_busy() {
                tracing::warn!(library = member.name, "a call has not come back: left loaded and not finalised");
                member.library.abandon();
            } else if let Err(error) = member.library.finalize() {
                tracing::warn!(library = member.name, %error, "C_Finalize");
            }
        }
    }
}
