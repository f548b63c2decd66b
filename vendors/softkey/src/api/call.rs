//! One call: which function, how the product behaves that it concerns, and the way from a handle to what it stands for.
//! It must not know what any function does.

use std::cell::RefCell;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use skf_sys::codes;

use super::open::{Connection, OpenApplication, OpenContainer};
use crate::faults::{Action, Crash, Outcome};
use crate::handles::{Handle, Handled};
use crate::personality::{Code, Errors, Personality, Stated};
use crate::process::{Device, Process, process};
use crate::sar::Sar;

/// The answer of a body.
pub type Done = Result<(), Failure>;

/// Chooses the product's code for a situation.
pub type Situation = fn(&Errors) -> &Stated<Code>;

/// Why a call failed.
#[derive(Clone, Copy)]
pub enum Failure {
    /// A code of the standard, still to be put into the product's own.
    Standard(Sar),
    /// A situation for which the standard's code does not say enough.
    Situation(Situation),
    /// The answer itself, whatever the personality says.
    Exact(u32),
}

impl Failure {
    /// A situation of the personality's table.
    pub fn when(situation: Situation) -> Failure {
        Failure::Situation(situation)
    }

    /// The code for the host.
    pub fn code(self, personality: &Personality) -> u32 {
        let errors = &personality.errors;
        match self {
            Failure::Exact(code) => code,
            Failure::Situation(situation) => situation(errors).0,
            Failure::Standard(sar) => situation_of(sar.0).map_or(sar.0, |situation| situation(errors).0),
        }
    }
}

impl From<Sar> for Failure {
    fn from(sar: Sar) -> Failure {
        Failure::Standard(sar)
    }
}

/// Names the situation of a failed step.
pub trait OrWhen<T> {
    /// Any error is this situation.
    fn or_when(self, situation: Situation) -> Result<T, Failure>;
    /// An error with this code of the standard is this situation; others stay.
    fn code_when(self, code: u32, situation: Situation) -> Result<T, Failure>;
}

impl<T> OrWhen<T> for Result<T, Sar> {
    fn or_when(self, situation: Situation) -> Result<T, Failure> {
        self.map_err(|_| Failure::Situation(situation))
    }

    fn code_when(self, code: u32, situation: Situation) -> Result<T, Failure> {
        self.map_err(|sar| if sar.0 == code { Failure::Situation(situation) } else { Failure::Standard(sar) })
    }
}

/// The situation that a code of the standard names by itself.
fn situation_of(code: u32) -> Option<Situation> {
    Some(match code {
        codes::SAR_DEVICE_REMOVED => |errors| &errors.device_removed,
        codes::SAR_APPLICATION_NOT_EXISTS => |errors| &errors.application_missing,
        codes::SAR_APPLICATION_EXISTS => |errors| &errors.application_exists,
        codes::SAR_APPLICATION_NAME_INVALID => |errors| &errors.application_name,
        codes::SAR_REACH_MAX_CONTAINER_COUNT => |errors| &errors.container_limit,
        codes::SAR_KEYINFOTYPEERR => |errors| &errors.container_kind,
        codes::SAR_CERTNOTFOUNTERR => |errors| &errors.certificate_missing,
        codes::SAR_FILE_NOT_EXIST => |errors| &errors.file_missing,
        codes::SAR_NO_ROOM => |errors| &errors.no_room,
        codes::SAR_PIN_INCORRECT => |errors| &errors.pin_wrong,
        codes::SAR_PIN_LOCKED => |errors| &errors.pin_locked,
        codes::SAR_PIN_LEN_RANGE => |errors| &errors.pin_length,
        codes::SAR_PIN_INVALID => |errors| &errors.pin_characters,
        codes::SAR_USER_TYPE_INVALID => |errors| &errors.pin_type,
        codes::SAR_USER_NOT_LOGGED_IN => |errors| &errors.not_logged_in,
        codes::SAR_USER_ALREADY_LOGGED_IN => |errors| &errors.already_logged_in,
        codes::SAR_BUFFER_TOO_SMALL => |errors| &errors.buffer_small,
        codes::SAR_INVALIDHANDLEERR => |errors| &errors.wrong_handle,
        codes::SAR_INVALIDPARAMERR => |errors| &errors.wrong_parameter,
        codes::SAR_INDATALENERR => |errors| &errors.data_length,
        codes::SAR_INDATAERR => |errors| &errors.data_wrong,
        codes::SAR_NOTSUPPORTYETERR => |errors| &errors.not_supported,
        codes::SAR_DECRYPTPADERR => |errors| &errors.padding,
        codes::SAR_NOTINITIALIZEERR => |errors| &errors.not_initialised,
        codes::SAR_TIMEOUTERR => |errors| &errors.lock_timeout,
        _ => return None,
    })
}

/// A call under way.
pub struct Call {
    /// Its C name.
    pub function: &'static str,
    /// The state of the library.
    pub process: &'static Process,
    personality: RefCell<Arc<Personality>>,
    device: RefCell<Option<Arc<Device>>>,
    /// Faults on request: of the process first, then of the key.
    actions: RefCell<Vec<Action>>,
}

/// Between two looks at the lock of another process.
const POLL: Duration = Duration::from_millis(5);

impl Call {
    /// A call of this function. Errors: those of [`process`].
    pub fn new(function: &'static str) -> Result<Call, Sar> {
        let process = process()?;
        let personality = process.personality()?;
        let action = process.faults.before(function);
        Ok(Call {
            function,
            process,
            personality: RefCell::new(personality),
            device: RefCell::default(),
            actions: RefCell::new(vec![action]),
        })
    }

    /// What comes before the body: the answer of a requested fault, or of a function that the product does not have.
    pub fn begin(&self) -> Done {
        self.act()?;
        self.offers()
    }

    /// The faults that are still to be done once the work is done.
    pub fn outcomes(&self) -> Vec<Outcome> {
        self.actions.borrow().iter().map(Action::after).collect()
    }

    /// Unplugs the key that the call concerns; without one, the first. That it is gone already is what was wanted.
    pub fn remove_key(&self) {
        let name = self.device.borrow().as_ref().map(|device| device.name.clone());
        let first = || self.process.device_names().ok()?.into_iter().next();
        if let Some(name) = name.or_else(first) {
            self.process.unplug(&name);
        }
    }

    /// Does what the newest action asks for before the work.
    fn act(&self) -> Done {
        let Some(action) = self.actions.borrow().last().cloned() else { return Ok(()) };
        if action.remove_key {
            self.remove_key();
        }
        action.answer.map_or(Ok(()), |code| Err(Failure::Exact(code)))
    }

    fn offers(&self) -> Done {
        self.personality().answer_of(self.function).map_or(Ok(()), |code| Err(Failure::Exact(code)))
    }

    /// How the product behaves that the call concerns: the device's once a handle was followed, else the library's.
    pub fn personality(&self) -> Arc<Personality> {
        Arc::clone(&self.personality.borrow())
    }

    /// From here on the call concerns this device: its product, and the faults that its folder asks for. To be called once.
    pub fn concerns(&self, device: &Arc<Device>) -> Done {
        self.personality.replace(Arc::clone(&device.personality));
        self.device.replace(Some(Arc::clone(device)));
        let action = device.faults.before(self.function);
        self.actions.borrow_mut().push(action);
        self.act()?;
        self.offers()
    }

    /// The connection of a device handle, when no other has locked the device.
    pub fn device(&self, handle: Handle) -> Result<Arc<Connection>, Failure> {
        let connection = self.get::<Connection>(handle)?;
        self.enter(&connection)?;
        Ok(connection)
    }

    /// As [`Call::device`], for functions that do not work on the device: they do not wait for its lock, and the key may
    /// be gone.
    pub fn connection(&self, handle: Handle) -> Result<Arc<Connection>, Failure> {
        let connection = self.get::<Connection>(handle)?;
        self.concerns(&connection.device())?;
        Ok(connection)
    }

    /// What an application handle stands for, when no other has locked the device.
    pub fn application(&self, handle: Handle) -> Result<Arc<OpenApplication>, Failure> {
        let application = self.get::<OpenApplication>(handle)?;
        self.enter(&application.connection)?;
        application.device().share_logins(&application.name)?;
        Ok(application)
    }

    /// What a container handle stands for, when no other has locked the device.
    pub fn container(&self, handle: Handle) -> Result<Arc<OpenContainer>, Failure> {
        let container = self.get::<OpenContainer>(handle)?;
        self.enter(&container.application.connection)?;
        container.device().share_logins(&container.application.name)?;
        Ok(container)
    }

    /// A session key, hash, MAC or agreement, and its connection, when no other has locked the device.
    pub fn object<T: Handled>(&self, handle: Handle) -> Result<(Arc<T>, Arc<Connection>), Failure> {
        let object = self.get::<T>(handle)?;
        let connection = self.connection_of(handle).ok_or(Sar(codes::SAR_INVALIDHANDLEERR))?;
        self.enter(&connection)?;
        Ok((object, connection))
    }

    /// What a handle stands for. Some products die of a live handle of another kind.
    pub fn get<T: Handled>(&self, handle: Handle) -> Result<Arc<T>, Failure> {
        let found = self.process.handles.get::<T>(handle);
        if found.is_err()
            && let Some(connection) = self.connection_of(handle)
        {
            let personality = Arc::clone(&connection.device().personality);
            if personality.crashes_on_wrong_handle(self.function) {
                Crash::Null.now();
            }
            self.personality.replace(personality);
        }
        Ok(found?.0)
    }

    /// The connection above a live handle of any kind.
    pub fn connection_of(&self, handle: Handle) -> Option<Arc<Connection>> {
        let top = self.process.handles.top(handle)?;
        self.process.handles.get::<Connection>(top).ok().map(|(connection, _)| connection)
    }

    /// How many arguments this private-decryption function has for the product of a live handle.
    pub fn shape(&self, handle: Handle) -> Option<u8> {
        self.connection_of(handle)?.device().personality.decrypt_arguments(self.function)
    }

    fn enter(&self, connection: &Connection) -> Done {
        let device = connection.device();
        self.concerns(&device)?;
        device.check_present()?;
        while !connection.holds_lock() && device.key.is_device_locked()? {
            thread::sleep(POLL);
        }
        Ok(())
    }
}
