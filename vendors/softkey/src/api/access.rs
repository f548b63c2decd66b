//! Access control (clause 7.2): device authentication, PINs, and the random bytes that a challenge is made of.

use skf_sys::{codes, constants};
use zeroize::Zeroizing;

use super::call::{Call, Done, Failure};
use super::open::{OpenApplication, change_key};
use crate::crypto::{block, random};
use crate::handles::Handle;
use crate::personality::Relogin;
use crate::process::Device;
use crate::sar::Sar;
use crate::store::{PinFailure, Role};
use crate::views::{Fill, Input, OutBool, OutNumber, Text, ulong};

/// Longest PIN that is looked at, in bytes.
const PIN: usize = 256;

/// 7.2.1: changes the device authentication key. It needs device authentication.
pub fn SKF_ChangeDevAuthKey(call: &Call, device: Handle, key: Input) -> Done {
    let connection = call.device(device)?;
    let device = connection.device();
    let key = key.read();
    block::key_from_slice(&key)?;
    require_authentication(&device)?;
    change_key(&device, |model| {
        model.device.dev_auth_key = key.as_slice().into();
        Ok(())
    })
}

/// The product's code for "device authentication is needed".
pub(super) fn require_authentication(device: &Device) -> Done {
    if device.is_authenticated() { Ok(()) } else { Err(Failure::when(|errors| &errors.device_auth_missing)) }
}

/// 7.2.2: authenticates the host. It has asked for 8 random bytes or more, put zeros behind them up to a block, and
/// encrypted that under the device authentication key with the algorithm that DEVINFO names.
pub fn SKF_DevAuth(call: &Call, device: Handle, data: Input) -> Done {
    let connection = call.device(device)?;
    let device = connection.device();
    let answer = block::key_from_slice(&data.read())?;
    if device.is_auth_locked() {
        return Err(Failure::when(|errors| &errors.device_auth_locked));
    }
    let challenge = device.take_challenge().ok_or(Failure::when(|errors| &errors.device_auth_wrong))?;
    let key = device.key.read(|model| block::key_from_slice(&model.device.dev_auth_key))?;
    let is_sm4 = *answer == block::encrypt_one(&key, &challenge);
    match device.personality.device.auth_algorithm.0 {
        constants::SGD_SM4_ECB if is_sm4 => {
            device.authenticated(true);
            Ok(())
        }
        constants::SGD_SM4_ECB => {
            device.authenticated(false);
            Err(Failure::when(|errors| &errors.device_auth_wrong))
        }
        // A host that does not read DevAuthAlgId and takes SM4: the answer is known to be wrong.
        _ if is_sm4 => Err(Failure::when(|errors| &errors.device_auth_algorithm)),
        // SM1 and SSF33 are not public, so no answer can be checked.
        _ => Err(Sar(codes::SAR_NOTSUPPORTYETERR).into()),
    }
}

/// 7.6.1: random bytes. The last ones are the challenge of DevAuth.
pub fn SKF_GenRandom(call: &Call, device: Handle, random: Fill) -> Done {
    let connection = call.device(device)?;
    let mut bytes = vec![0; random.len()];
    random::fill(&mut bytes)?;
    random.put(&bytes);
    connection.device().set_challenge(&bytes);
    Ok(())
}

/// The bytes of a PIN; SAR_PIN_INVALID for characters that a keyboard cannot print, SAR_PIN_LEN_RANGE far beyond any limit.
pub(super) fn pin(text: &Text) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let pin = text.read(PIN, codes::SAR_PIN_LEN_RANGE)?;
    match pin.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        true => Ok(pin),
        false => Err(Sar(codes::SAR_PIN_INVALID).into()),
    }
}

/// Tells the tries that are left, and the product's code. A wrong PIN ends the login of its role.
fn refuse(application: &OpenApplication, role: Role, failure: PinFailure, retries: &OutNumber) -> Failure {
    if let Some(left) = failure.tries_left {
        retries.put(ulong(left));
    }
    let is_wrong = failure.sar.0 == codes::SAR_PIN_INCORRECT;
    match is_wrong.then(|| application.device().log_out(&application.name, role)) {
        Some(Err(sar)) => sar.into(),
        _ => failure.sar.into(),
    }
}

/// 7.2.3: changes a PIN, given the old one.
pub fn SKF_ChangePIN(
    call: &Call,
    application: Handle,
    pin_type: u32,
    old: Text,
    new: Text,
    retries: OutNumber,
) -> Done {
    let application = call.application(application)?;
    let role = Role::from_number(pin_type)?;
    let (old, new) = (pin(&old)?, pin(&new)?);
    let device = application.device();
    let changed = device.key.change_pin(&application.name, role, &old, &new, &device.limits);
    changed.map_err(|failure| refuse(&application, role, failure, &retries))
}

/// 7.2.4: tries in all, tries left, and whether the PIN is still the one that the maker set.
pub fn SKF_GetPINInfo(
    call: &Call,
    application: Handle,
    pin_type: u32,
    max: OutNumber,
    remaining: OutNumber,
    is_default: OutBool,
) -> Done {
    let application = call.application(application)?;
    let role = Role::from_number(pin_type)?;
    let device = application.device();
    let info = device.key.pin_info(&application.name, role)?;
    max.put(ulong(info.max_tries));
    remaining.put(ulong(info.tries_left));
    is_default.put((info.is_default && *device.personality.pin.reports_default).into());
    Ok(())
}

/// 7.2.5: verifies a PIN and logs in.
pub fn SKF_VerifyPIN(call: &Call, application: Handle, pin_type: u32, text: Text, retries: OutNumber) -> Done {
    let application = call.application(application)?;
    let role = Role::from_number(pin_type)?;
    let pin = pin(&text)?;
    let device = application.device();
    let is_again = application.read(|application| Ok(device.login(application, role).is_some()))?;
    let verified = device.key.verify_pin(&application.name, role, &pin, &device.limits);
    let secrets = verified.map_err(|failure| refuse(&application, role, failure, &retries))?;
    device.log_in(&application.name, secrets, &pin)?;
    if is_again && *device.personality.pin.relogin == Relogin::Refused {
        return Err(Sar(codes::SAR_USER_ALREADY_LOGGED_IN).into());
    }
    Ok(())
}

/// 7.2.6: sets a new user PIN with full tries, given the administrator's.
pub fn SKF_UnblockPIN(call: &Call, application: Handle, admin: Text, new: Text, retries: OutNumber) -> Done {
    let application = call.application(application)?;
    let (admin, new) = (pin(&admin)?, pin(&new)?);
    let device = application.device();
    let unblocked = device.key.unblock_pin(&application.name, &admin, &new, &device.limits);
    unblocked.map_err(|failure| refuse(&application, Role::Admin, failure, &retries))
}

/// 7.2.7: logs out.
pub fn SKF_ClearSecureState(call: &Call, application: Handle) -> Done {
    let application = call.application(application)?;
    let device = application.device();
    device.log_out(&application.name, Role::Admin)?;
    Ok(device.log_out(&application.name, Role::User)?)
}
