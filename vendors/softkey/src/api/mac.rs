//! MACs with session keys (clause 7.6): the last block of a CBC encryption with SM4. Mac is MacUpdate and MacFinal in one. A
//! MAC goes on when the handle of its key is closed.

use super::call::{Call, Done, Failure};
use super::running::{Running, check_len};
use super::session_key::SessionKey;
use crate::crypto::block::{self, BLOCK_LEN, Parameters};
use crate::handles::{Handle, Handled};
use crate::views::{BLOCKCIPHERPARAM, In, Input, OutHandle, Output};

/// A MAC handle.
struct RunningMac {
    handle: Handle,
    state: Running<block::Mac>,
}

impl Handled for RunningMac {
    const BY_CLOSE_HANDLE: bool = true;
}

/// Begins a MAC. A key of any SM4 number will do: what the number says beyond SM4 is a mode of encryption.
pub fn SKF_MacInit(call: &Call, session_key: Handle, parameter: In<BLOCKCIPHERPARAM>, mac: OutHandle) -> Done {
    let (key, connection) = call.object::<SessionKey>(session_key)?;
    let state = block::Mac::new(&key.value, &Parameters::from_blob(&parameter.read()?)?)?;
    let running = connection.register(|handle| RunningMac { handle, state: Running::begun(state) })?;
    mac.put_handle(running.handle);
    Ok(())
}

/// Takes all of the data, or the rest of them, gives the MAC and ends.
pub fn SKF_Mac(call: &Call, mac: Handle, data: Input, value: Output) -> Done {
    let (mac, connection) = call.object::<RunningMac>(mac)?;
    mac.state.end(|state| {
        check_len(&connection, &data)?;
        finish(state, Some(&data), &value)
    })
}

/// Takes more data, of any length.
pub fn SKF_MacUpdate(call: &Call, mac: Handle, data: Input) -> Done {
    let (mac, connection) = call.object::<RunningMac>(mac)?;
    mac.state.step(|state| {
        check_len(&connection, &data)?;
        state.update(&data.read());
        Ok(())
    })
}

/// Gives the MAC and ends. SAR_INDATALENERR: without padding, data that were not whole blocks.
pub fn SKF_MacFinal(call: &Call, mac: Handle, value: Output) -> Done {
    let (mac, _) = call.object::<RunningMac>(mac)?;
    mac.state.end(|state| finish(state, None, &value))
}

/// Whether the MAC was given, not just its length.
fn finish(state: &block::Mac, data: Option<&Input>, value: &Output) -> Result<bool, Failure> {
    if !value.wants(BLOCK_LEN)? {
        return Ok(false);
    }
    let mut state = state.clone();
    if let Some(data) = data {
        state.update(&data.read());
    }
    value.put(&state.finish()?)?;
    Ok(true)
}
