//! The slots that hosts see, in their order: rows are only ever appended, so a reader needs no lock.
//! It must not call a library.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use cryptoki_sys::CK_SLOT_ID;

use super::ids::Identity;
use super::moment::Moment;
use crate::traits::{Slot, VendorSlot};

/// One slot of ours: a token of a vendor's slot, present or not. It stays until C_Finalize.
pub struct Row {
    /// The id that hosts know.
    pub id: CK_SLOT_ID,
    /// The library's place in the hub.
    pub member: usize,
    /// The vendor's own number of the slot.
    pub vendor_slot: VendorSlot,
    /// The way to the vendor's slot.
    pub(super) slot: Box<dyn Slot>,
    /// Whether the vendor's slot can hold another token tomorrow.
    pub(super) removable: bool,
    identity: Mutex<Option<Identity>>,
    /// When the reader was last known to hold this row's token.
    pub(super) confirmed: Moment,
    present: AtomicBool,
}

impl Row {
    pub(super) fn new(
        id: CK_SLOT_ID,
        member: usize,
        vendor_slot: VendorSlot,
        slot: Box<dyn Slot>,
        removable: bool,
        identity: Option<Identity>,
    ) -> Self {
        let present = AtomicBool::new(identity.is_some());
        Self {
            id,
            member,
            vendor_slot,
            slot,
            removable,
            identity: Mutex::new(identity),
            confirmed: Moment::default(),
            present,
        }
    }

    /// Whether the row's token was there when its slot was last looked at.
    pub fn was_present(&self) -> bool {
        self.present.load(Ordering::Relaxed)
    }

    pub(super) fn set_present(&self, present: bool) {
        self.present.store(present, Ordering::Relaxed);
        if !present {
            self.confirmed.forget();
        }
    }

    /// The token this row stands for; `None` while no token has ever been seen in it.
    pub(super) fn identity(&self) -> Option<Identity> {
        *self.identity.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_identity(&self, identity: Identity) {
        *self.identity.lock().unwrap_or_else(PoisonError::into_inner) = Some(identity);
    }
}

const CHUNK: usize = 32;
const CHUNKS: usize = 128;

type Chunk = Box<[OnceLock<Row>; CHUNK]>;

/// All rows. Room for 4,096; a host with more slots than that gets no further ones, and the log says so.
pub struct Rows {
    chunks: [OnceLock<Chunk>; CHUNKS],
    count: AtomicUsize,
}

impl Default for Rows {
    fn default() -> Self {
        Self { chunks: [const { OnceLock::new() }; CHUNKS], count: AtomicUsize::new(0) }
    }
}

impl Rows {
    /// The rows in the order in which hosts see them.
    pub fn iter(&self) -> impl Iterator<Item = &Row> {
        (0..self.count.load(Ordering::Acquire)).filter_map(|at| self.get(at))
    }

    #[inline]
    fn get(&self, at: usize) -> Option<&Row> {
        self.chunks.get(at / CHUNK)?.get()?[at % CHUNK].get()
    }

    /// The row of a slot id.
    #[inline]
    pub fn find(&self, id: CK_SLOT_ID) -> Option<&Row> {
        self.iter().find(|row| row.id == id)
    }

    /// The rows of one vendor slot: several where tokens were changed in one reader.
    pub fn of(&self, member: usize, slot: VendorSlot) -> impl Iterator<Item = &Row> {
        self.iter().filter(move |row| row.member == member && row.vendor_slot == slot)
    }

    /// Appends a row. The caller sees to it that no two threads append at once. `None` when all places are taken.
    pub(super) fn push(&self, row: Row) -> Option<&Row> {
        let at = self.count.load(Ordering::Acquire);
        let chunk = self.chunks.get(at / CHUNK)?.get_or_init(|| Box::new([const { OnceLock::new() }; CHUNK]));
        let place = &chunk[at % CHUNK];
        let row = place.get_or_init(|| row);
        self.count.store(at + 1, Ordering::Release);
        Some(row)
    }
}
