//! What is measured, one loop per operation. Each call's return value and output are looked at inside the loop; the
//! last output is kept, so that the caller can compare it with the bare library's after the clock has stopped.

use std::time::Instant;

use cryptoki_sys::*;

use crate::Failure;
use crate::call::{Attribute, FOUND_AT_ONCE, ulong};
use crate::host::{APPLICATION, Host, OBJECTS, label};

/// One thing a host does. The ids are part of the benches' ids and must not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// C_GetSessionInfo.
    GetSessionInfo,
    /// C_SignInit and C_Sign of 32 bytes.
    Sign,
    /// C_OpenSession and C_CloseSession.
    OpenCloseSession,
    /// C_GetSlotList for the number, then for the list.
    GetSlotList,
    /// C_FindObjectsInit, eleven C_FindObjects, C_FindObjectsFinal: 1,000 handles, 100 at a time.
    FindObjects,
    /// C_GetAttributeValue of a class and a label.
    GetAttributeValue,
    /// C_DigestInit and C_Digest of 32 bytes, SHA-256.
    DigestShort,
    /// C_DigestInit and C_Digest of 1 MiB, SHA-256.
    DigestLong,
}

/// When a loop ran.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Before the first call.
    pub start: Instant,
    /// After the last.
    pub end: Instant,
}

/// What one thread uses of its own.
#[derive(Debug)]
pub struct Lane {
    session: CK_SESSION_HANDLE,
    data: Vec<u8>,
    output: Vec<u8>,
    handles: Vec<CK_OBJECT_HANDLE>,
    /// The last answer, in bytes that are the same on every peer.
    pub answer: Vec<u8>,
}

const SHORT: usize = 32;
const LONG: usize = 1 << 20;

impl Lane {
    /// For the thread with this number.
    pub fn new(host: &Host, thread: usize) -> Self {
        Self {
            session: host.sessions[thread],
            data: (0..LONG).map(|at| at as u8).collect(),
            output: vec![0; 512],
            handles: vec![0; OBJECTS + FOUND_AT_ONCE],
            answer: Vec::new(),
        }
    }
}

impl Operation {
    /// All, in the order of the report.
    pub const ALL: [Self; 8] = [
        Self::GetSessionInfo,
        Self::Sign,
        Self::OpenCloseSession,
        Self::GetSlotList,
        Self::FindObjects,
        Self::GetAttributeValue,
        Self::DigestShort,
        Self::DigestLong,
    ];

    /// Its name in ids.
    pub fn id(self) -> &'static str {
        match self {
            Self::GetSessionInfo => "get-session-info",
            Self::Sign => "sign",
            Self::OpenCloseSession => "open-close-session",
            Self::GetSlotList => "get-slot-list",
            Self::FindObjects => "find-1000-objects",
            Self::GetAttributeValue => "get-attribute-value",
            Self::DigestShort => "digest-32-b",
            Self::DigestLong => "digest-1-mib",
        }
    }

    /// How many C functions one iteration calls.
    pub fn calls(self) -> u32 {
        match self {
            Self::GetSessionInfo | Self::GetAttributeValue => 1,
            Self::Sign | Self::OpenCloseSession | Self::GetSlotList | Self::DigestShort | Self::DigestLong => 2,
            Self::FindObjects => 13,
        }
    }

    /// Does it `times` times.
    ///
    /// # Errors
    /// At the first call that fails or answers something impossible.
    pub fn run(self, host: &Host, lane: &mut Lane, times: u64) -> Result<Span, Failure> {
        match self {
            Self::GetSessionInfo => session_info(host, lane, times),
            Self::Sign => sign(host, lane, times),
            Self::OpenCloseSession => open_close(host, lane, times),
            Self::GetSlotList => slot_list(host, lane, times),
            Self::FindObjects => find(host, lane, times),
            Self::GetAttributeValue => attributes(host, lane, times),
            Self::DigestShort => digest(host, lane, times, SHORT),
            Self::DigestLong => digest(host, lane, times, LONG),
        }
    }
}

#[inline]
fn timed(times: u64, mut once: impl FnMut() -> Result<(), Failure>) -> Result<Span, Failure> {
    let start = Instant::now();
    for _ in 0..times {
        once()?;
    }
    Ok(Span { start, end: Instant::now() })
}

fn session_info(host: &Host, lane: &mut Lane, times: u64) -> Result<Span, Failure> {
    let mut info = CK_SESSION_INFO::default();
    let span = timed(times, || {
        info.slotID = CK_ULONG::MAX;
        host.library.session_info(lane.session, &mut info)?;
        Failure::unless(info.slotID == host.slot, || format!("slot {} of the session", info.slotID))
    })?;
    lane.answer = [ulong(info.state), ulong(info.flags)].concat();
    Ok(span)
}

fn sign(host: &Host, lane: &mut Lane, times: u64) -> Result<Span, Failure> {
    let Lane { session, data, output, answer, .. } = lane;
    output.fill(0);
    let mut length = 0;
    let span = timed(times, || {
        let now = host.library.sign(*session, host.mechanism, host.key, &data[..SHORT], output)?;
        let same = length == 0 || now == length;
        length = now;
        Failure::unless(same, || format!("a signature of {now} bytes"))
    })?;
    *answer = output[..length].to_vec();
    Ok(span)
}

fn open_close(host: &Host, lane: &mut Lane, times: u64) -> Result<Span, Failure> {
    let span = timed(times, || {
        let session = host.library.open_session(host.slot)?;
        host.library.close_session(session)?;
        // Handles may come again: the mock counts to four million only.
        Failure::unless(session != 0, || format!("session handle {session}"))
    })?;
    // A session of the right token, in the right state.
    let session = host.library.open_session(host.slot)?;
    let mut info = CK_SESSION_INFO::default();
    host.library.session_info(session, &mut info)?;
    host.library.close_session(session)?;
    Failure::unless(info.slotID == host.slot, || format!("slot {} of the session", info.slotID))?;
    lane.answer = ulong(info.state).to_vec();
    Ok(span)
}

fn slot_list(host: &Host, lane: &mut Lane, times: u64) -> Result<Span, Failure> {
    let mut slots = [0; 64];
    let span = timed(times, || {
        let count = host.library.slots(&mut slots)?;
        Failure::unless(count == host.slots && slots[..count].contains(&host.slot), || format!("{count} slots"))
    })?;
    lane.answer = ulong(host.slots as CK_ULONG).to_vec();
    Ok(span)
}

fn find(host: &Host, lane: &mut Lane, times: u64) -> Result<Span, Failure> {
    let class = ulong(CKO_DATA);
    let template =
        [Attribute { kind: CKA_CLASS, value: &class }, Attribute { kind: CKA_APPLICATION, value: APPLICATION }];
    let span = timed(times, || {
        let count = host.library.find(lane.session, &template, &mut lane.handles)?;
        Failure::unless(count == OBJECTS, || format!("{count} objects found"))
    })?;
    let mut handles = lane.handles[..OBJECTS].to_vec();
    handles.sort_unstable();
    handles.dedup();
    Failure::unless(handles.len() == OBJECTS && handles.binary_search(&host.object).is_ok(), || {
        format!("{} different objects found", handles.len())
    })?;
    lane.answer = ulong(OBJECTS as CK_ULONG).to_vec();
    Ok(span)
}

fn attributes(host: &Host, lane: &mut Lane, times: u64) -> Result<Span, Failure> {
    let expected = label(OBJECTS - 1);
    let (mut class, mut text) = (ulong(0), [0; 64]);
    let span = timed(times, || {
        let [_, length] = host.library.attributes(
            lane.session,
            host.object,
            (CKA_CLASS, class.as_mut_slice()),
            (CKA_LABEL, text.as_mut_slice()),
        )?;
        Failure::unless(length == expected.len(), || format!("a label of {length} bytes"))
    })?;
    Failure::unless(&text[..expected.len()] == expected.as_bytes(), || format!("the label {text:?}"))?;
    lane.answer = [class.as_slice(), &text[..expected.len()]].concat();
    Ok(span)
}

fn digest(host: &Host, lane: &mut Lane, times: u64, length: usize) -> Result<Span, Failure> {
    let Lane { session, data, output, answer, .. } = lane;
    output.fill(0);
    let mut size = 0;
    let span = timed(times, || {
        size = host.library.digest(*session, CKM_SHA256, &data[..length], output)?;
        Failure::unless(size == 32, || format!("a digest of {size} bytes"))
    })?;
    *answer = output[..size].to_vec();
    Ok(span)
}
