//! Slot functions on the rows: listing, information, sessions (PKCS#11 3.0, 5.5 and 5.6.1).
//! It must not answer for one token with another: a row whose reader holds a stranger says that its token is absent.

use cryptoki_sys::*;

use super::ids::Identity;
use super::observe::Announced;
use super::{Hub, Row};
use crate::abi::*;
use crate::error::{Error, Outcome};
use crate::traits::{Request, Session};

impl Hub {
    /// Looks for slots and tokens now, as C_GetSlotList with a null list does; `rows` has them afterwards.
    pub fn look(&self) {
        self.observe(true);
    }

    /// C_GetSlotList. A null list looks for new slots; the call that follows it answers what was announced.
    pub fn slot_list(&self, present: Present, list: List) -> Outcome {
        let only_present = present.0 != CK_FALSE;
        let write = |slots: &[(CK_SLOT_ID, bool)]| {
            let wanted = slots.iter().filter(|(_, present)| *present || !only_present);
            list.write(&wanted.map(|(id, _)| *id).collect::<Vec<_>>())
        };
        if list.asks_length() {
            self.observe(true);
            let slots = self.listed(usize::MAX);
            let answer = write(&slots);
            *self.watch.announced() = Announced { rows: Some(slots.len()), unused: Some(slots) };
            return answer;
        }
        let unused = self.watch.announced().unused.take();
        if let Some(slots) = unused {
            let answer = write(&slots);
            if answer.is_err() {
                // Too small: the host comes again with the room it was told.
                self.watch.announced().unused.get_or_insert(slots);
            }
            return answer;
        }
        // A host that never asks for the number still learns which of its tokens came and went.
        let known = self.watch.announced().rows;
        self.observe(known.is_none());
        let count = *self.watch.announced().rows.get_or_insert_with(|| self.rows.iter().count());
        write(&self.listed(count))
    }

    /// The first `count` rows and whether their tokens are present.
    fn listed(&self, count: usize) -> Vec<(CK_SLOT_ID, bool)> {
        self.rows.iter().take(count).map(|row| (row.id, row.was_present())).collect()
    }

    /// The row of a slot id. A host may know the id from an earlier run and never list slots.
    pub fn row(&self, id: CK_SLOT_ID) -> Outcome<&Row> {
        if let Some(row) = self.rows.find(id) {
            return Ok(row);
        }
        if !self.watch.has_looked() {
            self.observe(true);
        }
        self.rows.find(id).ok_or(Error::unknown_slot())
    }

    /// C_GetSlotInfo.
    pub fn slot_info(&self, row: &Row, info: SlotInfo) -> Outcome {
        row.slot.info(info)?;
        let mut filled = info.get();
        let shared = row.removable && self.rows.of(row.member, row.vendor_slot).nth(1).is_some();
        if shared && filled.flags & CKF_TOKEN_PRESENT != 0 && row.check_token().is_err() {
            filled.flags &= !CKF_TOKEN_PRESENT;
            info.set(filled);
        }
        Ok(())
    }

    /// C_GetTokenInfo.
    pub fn token_info(&self, row: &Row, info: TokenInfo) -> Outcome {
        row.slot.token_info(info)?;
        if row.removable && row.is_stranger(&info.get()) {
            info.set(empty_token_info());
            return Err(Error::token_absent());
        }
        Ok(())
    }

    /// C_GetMechanismList.
    pub fn mechanism_list(&self, row: &Row, list: List) -> Outcome {
        row.check_token()?;
        row.slot.mechanism_list(list)
    }

    /// C_GetMechanismInfo.
    pub fn mechanism_info(&self, row: &Row, kind: MechanismType, info: MechanismInfo) -> Outcome {
        row.check_token()?;
        row.slot.mechanism_info(kind, info)
    }

    /// C_InitToken. The slot keeps its id although the token gets a new serial number.
    pub fn init_token(&self, row: &Row, pin: Pin, label: Label) -> Outcome {
        row.check_token()?;
        row.slot.init_token(pin, label)?;
        let mut info = empty_token_info();
        if row.slot.token_info(TokenInfo::new(&mut info)).is_ok() {
            self.watch.know(row, Identity::of(&info));
        }
        Ok(())
    }

    /// C_OpenSession.
    pub fn open_session<'a>(&self, row: &'a Row, request: Request) -> Outcome<Box<dyn Session + 'a>> {
        row.check_token()?;
        row.slot.open_session(request)
    }
}

impl Row {
    /// Whether the reader holds this row's token. Fixed slots are not asked: nobody can change their token.
    #[inline]
    fn check_token(&self) -> Outcome {
        if !self.removable || self.confirmed.is_fresh() { Ok(()) } else { self.ask_token() }
    }

    #[cold]
    fn ask_token(&self) -> Outcome {
        if self.identity().is_none() {
            return Ok(());
        }
        let mut info = empty_token_info();
        self.slot.token_info(TokenInfo::new(&mut info))?;
        if self.is_stranger(&info) {
            return Err(Error::token_absent());
        }
        self.confirmed.touch();
        Ok(())
    }

    /// Whether this is another token's information; then the row's own token must be asked for again.
    fn is_stranger(&self, info: &CK_TOKEN_INFO) -> bool {
        let stranger = self.identity().is_some_and(|identity| identity != Identity::of(info));
        if stranger {
            self.confirmed.forget();
        }
        stranger
    }
}

/// Token information with nothing in it.
pub(super) fn empty_token_info() -> CK_TOKEN_INFO {
    CK_TOKEN_INFO {
        label: [0; 32],
        manufacturerID: [0; 32],
        model: [0; 16],
        serialNumber: [0; 16],
        ..Default::default()
    }
}
