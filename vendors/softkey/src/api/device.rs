//! Devices (clause 7.1): which are there, connections, DEVINFO, locks, raw commands, coming and going.

use std::sync::Arc;

use skf_sys::{Version, codes, constants};

use super::call::{Call, Done, Failure, OrWhen};
use super::open::{Connection, change_key};
use crate::crypto::random;
use crate::faults::Crash;
use crate::handles::Handle;
use crate::personality::{self, EnumAnswer, Personality};
use crate::sar::Sar;
use crate::store::PlugEvent;
use crate::views::{DEVINFO, Input, Out, OutHandle, OutNumber, Output, Text, ulong};

/// Longest device name that is looked at, in bytes: no key has a longer one.
const NAME: usize = 512;
/// Room for the label in DEVINFO. A label as long as the field has no NUL there.
const LABEL: usize = 32;

/// 7.1.1: waits until a key comes or goes.
pub fn SKF_WaitForDevEvent(call: &Call, name: Output, event: OutNumber) -> Done {
    let Some(happened) = call.process.wait_for_event()? else {
        return Err(Failure::when(|errors| &errors.wait_cancelled));
    };
    let (device, number) = match &happened {
        PlugEvent::In(device) => (device, constants::EVENT_IN),
        PlugEvent::Out(device) => (device, constants::EVENT_OUT),
    };
    let mut text = call.personality().device.encoding.encode(device);
    text.push(0);
    // An event that found no room comes again.
    name.put(&text)?;
    event.put(ulong(number));
    if !name.is_query() {
        call.process.event_told(&happened);
    }
    Ok(())
}

/// 7.1.2: ends all waits of this process.
pub fn SKF_CancelWaitForDevEvent(call: &Call) -> Done {
    call.process.cancel_waits();
    Ok(())
}

/// 7.1.3: the names of devices; the library supports no device that is not there, so both lists are the same.
pub fn SKF_EnumDev(call: &Call, present: bool, list: Output) -> Done {
    call.process.watch()?;
    let names = call.process.device_names()?;
    let personality = call.personality();
    if !names.is_empty() {
        let names = names.iter().map(|name| personality.device.encoding.encode(name));
        return put_names(&personality, &list, names);
    }
    match personality.no_key(present, !list.is_query()) {
        EnumAnswer::Crash => Crash::Null.now(),
        answer @ EnumAnswer::Answer { code, size, .. } => {
            list.copy(&answer.list());
            if let Some(size) = size {
                list.put_len(*size as usize)?;
            }
            if code.0 == codes::SAR_OK { Ok(()) } else { Err(Failure::Exact(code.0)) }
        }
    }
}

/// A list of names: each with its NUL, one more at the end, which some products do not count.
pub(super) fn put_names(
    personality: &Personality,
    list: &Output,
    names: impl Iterator<Item = impl AsRef<[u8]>>,
) -> Done {
    let mut bytes = Vec::new();
    for name in names {
        bytes.extend_from_slice(name.as_ref());
        bytes.push(0);
    }
    bytes.push(0);
    let told = if *personality.lists.counts_last_nul { bytes.len() } else { bytes.len() - 1 };
    Ok(list.put_short(&bytes, told)?)
}

/// 7.1.4: connects to a device by its name.
pub fn SKF_ConnectDev(call: &Call, name: Text, handle: OutHandle) -> Done {
    let name = device_name(call, &name)?.ok_or(Failure::when(|errors| &errors.device_missing))?;
    let device = call.process.connect(&name);
    let device = device.code_when(codes::SAR_DEVICE_REMOVED, |errors| &errors.device_missing)?;
    call.concerns(&device)?;
    let process = call.process;
    let connection = process.handles.insert(None, |handle| Connection::new(handle, process, device))?;
    handle.put_handle(connection.handle);
    Ok(())
}

/// The name in the library's encoding; none when no device can have it.
fn device_name(call: &Call, name: &Text) -> Result<Option<String>, Failure> {
    match name.read(NAME, codes::SAR_NAMELENERR) {
        Ok(bytes) => Ok(call.personality().device.encoding.decode(&bytes)),
        Err(Sar(codes::SAR_NAMELENERR)) => Ok(None),
        Err(sar) => Err(sar.into()),
    }
}

/// 7.1.5: disconnects and unlocks. All handles below end; who is logged in stays so.
pub fn SKF_DisConnectDev(call: &Call, device: Handle) -> Done {
    let connection = call.connection(device)?;
    connection.unlock_device();
    call.process.handles.end(connection.handle);
    Ok(())
}

/// 7.1.6: whether a device is there.
pub fn SKF_GetDevState(call: &Call, name: Text, state: OutNumber) -> Done {
    let name = device_name(call, &name)?;
    let is_there = match &name {
        Some(name) => call.process.device_names()?.contains(name),
        None => false,
    };
    let number = if is_there { constants::DEV_PRESENT_STATE } else { constants::DEV_ABSENT_STATE };
    state.put(ulong(number));
    Ok(())
}

/// 7.1.7: sets the label, at most as long as its field.
pub fn SKF_SetLabel(call: &Call, device: Handle, label: Text) -> Done {
    let connection = call.device(device)?;
    let label = label.read(LABEL, codes::SAR_INVALIDPARAMERR)?;
    change_key(&connection.device(), |model| {
        model.device.label = label.as_slice().into();
        Ok(())
    })
}

/// 7.1.8: DEVINFO. That the key is for tests stands in a field of its maker's.
pub fn SKF_GetDevInfo(call: &Call, device: Handle, info: Out<DEVINFO>) -> Done {
    let connection = call.device(device)?;
    let device = connection.device();
    let model = device.key.load().map_err(Sar::from)?;
    let product = &device.personality.device;
    let text = |own: &Option<crate::store::Text>, usual: &personality::Text| match own {
        Some(own) => own.as_bytes().to_vec(),
        None => product.encoding.encode(usual.as_str()),
    };
    let version = |version: personality::Version| Version { major: version.major, minor: version.minor };
    info.put(DEVINFO {
        version: Version { major: 1, minor: 0 },
        manufacturer: field(&text(&model.device.manufacturer, &product.manufacturer)),
        issuer: field(&text(&model.device.issuer, &product.issuer)),
        label: field(model.device.label.as_bytes()),
        serial_number: field(model.device.serial.as_bytes()),
        hw_version: version(*product.hw_version),
        firmware_version: version(*product.firmware_version),
        alg_sym_cap: ulong(product.alg_sym_cap.0),
        alg_asym_cap: ulong(product.alg_asym_cap.0),
        alg_hash_cap: ulong(product.alg_hash_cap.0),
        dev_auth_alg_id: ulong(product.auth_algorithm.0),
        total_space: ulong(model.device.total_space),
        free_space: ulong(model.free_space()),
        max_ecc_buffer_size: ulong(*product.max_ecc_buffer),
        max_buffer_size: ulong(*product.max_buffer),
        reserved: field(b"ukeyhub softkey: FOR TESTS AND DEMONSTRATIONS ONLY"),
    });
    Ok(())
}

/// As much of a text as its field holds, zeros behind.
fn field<const N: usize>(text: &[u8]) -> [u8; N] {
    let mut field = [0; N];
    let len = text.len().min(N);
    field[..len].copy_from_slice(&text[..len]);
    field
}

/// 7.1.9: locks the device against all other handles, of this process and others.
pub fn SKF_LockDev(call: &Call, device: Handle, timeout: u32) -> Done {
    let connection: Arc<Connection> = call.connection(device)?;
    Ok(connection.lock_device(timeout)?)
}

/// 7.1.10: unlocks. SAR_FAIL when this handle has not locked.
pub fn SKF_UnlockDev(call: &Call, device: Handle) -> Done {
    let connection = call.connection(device)?;
    connection.device().check_present()?;
    if connection.unlock_device() { Ok(()) } else { Err(Sar(codes::SAR_FAIL).into()) }
}

/// 7.1.11: a raw command. Answered are GET CHALLENGE and SELECT of the master file; all others are not supported, because
/// the key has no card behind it.
pub fn SKF_Transmit(call: &Call, device: Handle, command: Input, data: Output) -> Done {
    call.device(device)?;
    let answer = match command.read().as_slice() {
        [0x00 | 0x80, 0x84, 0, 0, len] => {
            let mut answer = vec![0; if *len == 0 { 256 } else { usize::from(*len) }];
            random::fill(&mut answer)?;
            answer
        }
        [0x00, 0xA4, 0, 0] | [0x00, 0xA4, 0, 0, 2, 0x3F, 0] => Vec::new(),
        [_, _, _, _, ..] => return Err(Sar(codes::SAR_NOTSUPPORTYETERR).into()),
        _ => return Err(Sar(codes::SAR_INDATALENERR).into()),
    };
    const DONE: [u8; 2] = [0x90, 0x00];
    Ok(data.put(&[answer.as_slice(), &DONE].concat())?)
}
