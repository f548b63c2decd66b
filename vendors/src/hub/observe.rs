//! Looks at every library's slots: new rows, tokens that came or went, events (design D1, PKCS#11 3.0, 5.5.4).
//! No thread of our own looks: the calling thread does, and no lock is held while a library answers.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cryptoki_sys::*;

use super::ids::{Identity, slot_id};
use super::slots::empty_token_info;
use super::{Hub, Member, Row};
use crate::abi::{SlotInfo, TokenInfo};
use crate::error::{Error, Outcome};
use crate::traits::{Slot, VendorSlot};

/// How long a blocked C_WaitForSlotEvent sleeps between two looks.
const INTERVAL: Duration = Duration::from_millis(200);

/// At most so many events of one library are taken in one look, so that a library that never runs dry cannot hold us.
const EVENTS_PER_LOOK: usize = 64;

/// What is remembered between looks.
#[derive(Default)]
pub(super) struct Watch {
    tickets: AtomicU64,
    looked: AtomicBool,
    announced: Mutex<Announced>,
    seen: Mutex<Seen>,
    wake: Condvar,
}

/// What hosts have been told of the slot list.
#[derive(Default)]
pub(super) struct Announced {
    /// How many rows the last call with a null list counted. Rows beyond are not listed yet. `None` before any list.
    pub(super) rows: Option<usize>,
    /// That call's answer, until a call with a list has used it: slot ids, and whether their tokens were present.
    pub(super) unused: Option<Vec<(CK_SLOT_ID, bool)>>,
}

#[derive(Default)]
struct Seen {
    slots: HashMap<(usize, VendorSlot), Last>,
    /// Slots with an event that no C_WaitForSlotEvent has reported yet, each once.
    events: VecDeque<CK_SLOT_ID>,
    /// Libraries whose slots were looked at once: from then on a difference is an event.
    looked: HashSet<usize>,
    closing: bool,
}

/// The latest look at one vendor slot.
#[derive(Clone, Copy)]
struct Last {
    ticket: u64,
    token: Option<Identity>,
}

/// One look at one vendor slot.
struct Look {
    member: usize,
    slot: VendorSlot,
    /// Taken before the library was asked: a later look wins over an earlier one, whoever merges first.
    ticket: u64,
    token: Option<Identity>,
    removable: bool,
    /// The library reported an event here.
    event: bool,
}

impl Watch {
    /// Whether any look has been taken since C_Initialize.
    pub(super) fn has_looked(&self) -> bool {
        self.looked.load(Ordering::Acquire)
    }

    /// What hosts have been told. Not held while a library is called.
    pub(super) fn announced(&self) -> MutexGuard<'_, Announced> {
        self.announced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a token's new identity without an event: the host itself changed it.
    pub(super) fn know(&self, row: &Row, identity: Identity) {
        row.set_identity(identity);
        let ticket = self.ticket();
        self.lock().slots.insert((row.member, row.vendor_slot), Last { ticket, token: Some(identity) });
    }

    fn ticket(&self) -> u64 {
        self.tickets.fetch_add(1, Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hub {
    /// Looks at every slot of every library. `append` allows new rows. A library that fails is passed over.
    pub(super) fn observe(&self, append: bool) {
        for (at, member) in self.members.iter().enumerate() {
            if let Err(error) = self.observe_member(at, member, append) {
                tracing::debug!(library = member.name, %error, "its slots cannot be listed");
            }
        }
        self.watch.looked.store(true, Ordering::Release);
    }

    fn observe_member(&self, at: usize, member: &Member, append: bool) -> Outcome {
        let mut events = Vec::new();
        while events.len() < EVENTS_PER_LOOK
            && let Ok(Some(slot)) = member.library.next_event()
        {
            events.push(slot);
        }
        let first = !self.watch.lock().looked.contains(&at);
        let slots = member.library.slots()?;
        for slot in &slots {
            let look = self.look_at(at, member, *slot, events.contains(slot));
            self.merge(member, look, append, first);
        }
        self.forget_lost_slots(at, &slots);
        self.watch.lock().looked.insert(at);
        Ok(())
    }

    /// Asks the library about one slot. A token whose information cannot be read is a token without serial number.
    fn look_at(&self, member: usize, owner: &Member, slot: VendorSlot, event: bool) -> Look {
        let ticket = self.watch.ticket();
        let before = self.watch.lock().slots.get(&(member, slot)).copied();
        let vendor = owner.library.slot(slot);
        let mut info = CK_SLOT_INFO { slotDescription: [0; 64], manufacturerID: [0; 32], ..Default::default() };
        let flags = vendor.info(SlotInfo::new(&mut info)).map_or(0, |()| info.flags);
        let removable = flags & CKF_REMOVABLE_DEVICE != 0;
        let token = (flags & CKF_TOKEN_PRESENT != 0).then(|| {
            let known = before.and_then(|last| last.token).filter(|_| !removable && !event);
            known.unwrap_or_else(|| read_identity(vendor.as_ref()))
        });
        Look { member, slot, ticket, token, removable, event }
    }

    /// Takes a look into account: rows, presence, events. `first` is the library's first look,
    /// in which only what the library itself reports is an event.
    fn merge(&self, owner: &Member, look: Look, append: bool, first: bool) {
        let known = self.rows.of(look.member, look.slot).any(|row| matches(row, &look));
        // Computing ids may ask the library, so it happens before the lock.
        let candidates = if known || !append { Vec::new() } else { self.candidates(owner, &look) };
        let mut seen = self.watch.lock();
        let key = (look.member, look.slot);
        let before = seen.slots.get(&key).copied();
        if before.is_some_and(|last| last.ticket > look.ticket) {
            return;
        }
        let row = match self.rows.of(look.member, look.slot).find(|row| matches(row, &look)) {
            Some(row) => Some(row),
            None if append && (look.token.is_some() || owner.show_empty_slots) => {
                self.append(owner, &look, &candidates)
            }
            None => None,
        };
        if row.is_none() && look.token.is_some() {
            // Not yet shown to hosts: the next look that may append sees it as new and reports it then.
            return;
        }
        seen.slots.insert(key, Last { ticket: look.ticket, token: look.token });
        if let (Some(row), Some(identity)) = (row, look.token) {
            row.set_identity(identity);
        }
        let changed = look.event || before.map_or(look.token.is_some(), |last| last.token != look.token);
        for each in self.rows.of(look.member, look.slot) {
            let here = look.token.is_some() && row.is_some_and(|row| row.id == each.id);
            let moved = each.was_present() != here;
            each.set_present(here);
            let concerned = moved || here || row.is_some_and(|row| row.id == each.id);
            if changed && (look.event || !first) && concerned && !seen.events.contains(&each.id) {
                seen.events.push_back(each.id);
            }
        }
    }

    /// Appends the row of a slot that hosts have not seen. Called with the lock held, so by one thread at a time.
    fn append(&self, owner: &Member, look: &Look, candidates: &[CK_SLOT_ID]) -> Option<&Row> {
        let free = |id: &CK_SLOT_ID| self.rows.find(*id).is_none();
        let id = candidates.iter().copied().find(free).or_else(|| {
            tracing::warn!(library = owner.name, "slot ids collide: ids of this process may differ from another's");
            (0..0x7FFF_FFFF).find(free)
        })?;
        let slot = owner.library.slot(look.slot);
        let row = self.rows.push(Row::new(id, look.member, look.slot, slot, look.removable, look.token));
        if row.is_none() {
            tracing::error!(library = owner.name, "no room for a further slot");
        }
        row
    }

    /// The ids a slot may have, best first (design D1).
    fn candidates(&self, owner: &Member, look: &Look) -> Vec<CK_SLOT_ID> {
        let vendor = owner.vendor.as_bytes();
        let place = slot_id("place", &[owner.name.as_bytes(), look.slot.0.to_string().as_bytes()]);
        let Some(serial) = look.token.as_ref().and_then(Identity::serial) else {
            return vec![place];
        };
        let by_serial = slot_id("serial", &[vendor, serial, b""]);
        if self.rows.find(by_serial).is_none() {
            return vec![by_serial, place];
        }
        let by_key = match owner.library.slot(look.slot).fingerprint() {
            Ok(Some(key)) => Some(slot_id("key", &[vendor, serial, &key])),
            Ok(None) => None,
            Err(error) => {
                tracing::debug!(library = owner.name, %error, "no public key to tell equal serial numbers apart");
                None
            }
        };
        tracing::info!(library = owner.name, "two tokens have one serial number");
        by_key.into_iter().chain([place]).collect()
    }

    /// Slots that the library lists no longer: their tokens are gone.
    fn forget_lost_slots(&self, member: usize, slots: &[VendorSlot]) {
        let mut seen = self.watch.lock();
        let lost: Vec<_> =
            seen.slots.keys().filter(|(at, slot)| *at == member && !slots.contains(slot)).copied().collect();
        for key in lost {
            seen.slots.remove(&key);
            for row in self.rows.of(key.0, key.1).filter(|row| row.was_present()) {
                row.set_present(false);
                if !seen.events.contains(&row.id) {
                    seen.events.push_back(row.id);
                }
            }
        }
    }

    /// C_WaitForSlotEvent. Blocks, if asked to, until something happens or `close` is called.
    pub fn wait_for_event(&self, block: bool) -> Outcome<CK_SLOT_ID> {
        loop {
            self.observe(true);
            let mut seen = self.watch.lock();
            if seen.closing {
                return Err(Error::not_initialized());
            }
            if let Some(slot) = seen.events.pop_front() {
                return Ok(slot);
            }
            if !block {
                return Err(Error::no_event());
            }
            let waited = self.watch.wake.wait_timeout(seen, INTERVAL);
            if waited.unwrap_or_else(PoisonError::into_inner).0.closing {
                return Err(Error::not_initialized());
            }
        }
    }

    /// Wakes every waiting thread for good: C_Finalize has begun.
    pub fn close(&self) {
        self.watch.lock().closing = true;
        self.watch.wake.notify_all();
    }
}

/// Whether a look concerns this row: its token, an empty slot, or a fixed slot whose token was initialised anew.
fn matches(row: &Row, look: &Look) -> bool {
    match (row.identity(), look.token) {
        (None, _) | (_, None) => true,
        (Some(own), Some(seen)) => own == seen || !row.removable,
    }
}

fn read_identity(slot: &dyn Slot) -> Identity {
    let mut info = empty_token_info();
    if let Err(error) = slot.token_info(TokenInfo::new(&mut info)) {
        tracing::debug!(%error, "a token is present but cannot be read");
    }
    Identity::of(&info)
}
