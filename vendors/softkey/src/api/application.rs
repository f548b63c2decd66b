//! Applications (clause 7.3). Creating and deleting need device authentication; closing does not log out.

use std::sync::Arc;

use skf_sys::codes;

use super::access::{pin, require_authentication};
use super::call::{Call, Done, Failure};
use super::device::put_names;
use super::open::{Connection, OpenApplication, change_key};
use crate::handles::Handle;
use crate::sar::Sar;
use crate::store::{NewApplication, NewPin, Role};
use crate::views::{OutHandle, Output, Text};

/// Longest name that is looked at, in bytes; limits are the product's.
const NAME: usize = 256;

fn name(text: &Text) -> Result<Vec<u8>, Failure> {
    Ok(text.read(NAME, codes::SAR_APPLICATION_NAME_INVALID)?.to_vec())
}

/// 7.3.1: creates an application with its two PINs and opens it. Neither PIN is a default one.
#[expect(clippy::too_many_arguments, reason = "the standard's own list")]
pub fn SKF_CreateApplication(
    call: &Call,
    device: Handle,
    application: Text,
    admin: Text,
    admin_retries: u32,
    user: Text,
    user_retries: u32,
    file_rights: u32,
    handle: OutHandle,
) -> Done {
    let connection = call.device(device)?;
    let device = connection.device();
    let name = name(&application)?;
    let (admin, user) = (pin(&admin)?, pin(&user)?);
    require_authentication(&device)?;
    change_key(&device, |model| {
        let new = NewApplication {
            name: &name,
            admin: NewPin { pin: &admin, max_tries: admin_retries, is_default: false },
            user: NewPin { pin: &user, max_tries: user_retries, is_default: false },
            create_file_rights: file_rights,
            iterations: None,
        };
        Ok(model.create_application(&new, &device.limits)?)
    })?;
    open(&connection, name, &handle)
}

fn open(connection: &Arc<Connection>, name: Vec<u8>, handle: &OutHandle) -> Done {
    let connection = Arc::clone(connection);
    let opened = Arc::clone(&connection).register(|handle| OpenApplication { handle, connection, name })?;
    handle.put_handle(opened.handle);
    Ok(())
}

/// 7.3.2: the names of all applications.
pub fn SKF_EnumApplication(call: &Call, device: Handle, list: Output) -> Done {
    let connection = call.device(device)?;
    let device = connection.device();
    let model = device.key.load().map_err(Sar::from)?;
    put_names(&device.personality, &list, model.applications.iter().map(|application| application.name.as_bytes()))
}

/// 7.3.3: deletes an application with all that is in it. Handles of it stay and find nothing.
pub fn SKF_DeleteApplication(call: &Call, device: Handle, application: Text) -> Done {
    let connection = call.device(device)?;
    let device = connection.device();
    let name = name(&application)?;
    require_authentication(&device)?;
    change_key(&device, |model| Ok(model.delete_application(&name)?))?;
    device.log_out(&name, Role::Admin)?;
    Ok(device.log_out(&name, Role::User)?)
}

/// 7.3.4: opens an application.
pub fn SKF_OpenApplication(call: &Call, device: Handle, application: Text, handle: OutHandle) -> Done {
    let connection = call.device(device)?;
    let name = name(&application)?;
    connection.device().key.read(|model| model.application(&name).map(drop))?;
    open(&connection, name, &handle)
}

/// 7.3.5: closes an application handle and the container handles below it. Who is logged in stays so.
pub fn SKF_CloseApplication(call: &Call, application: Handle) -> Done {
    let application = call.get::<OpenApplication>(application)?;
    call.concerns(&application.device())?;
    call.process.handles.end(application.handle);
    Ok(())
}
