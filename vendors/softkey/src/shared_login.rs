//! PINs that one process verified, for the other processes of the machine: what HaiTai's library does, so that "logged in" is
//! not what the caller did. A file in the key's folder holds them in clear, until the key is unplugged or someone logs out.
//! It must not verify a PIN, and is not used for products that do no such thing.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use skf_sys::codes;
use zeroize::Zeroizing;

use crate::sar::Sar;
use crate::store::{Bytes, Role};

/// The file in the key's folder.
pub const FILE: &str = "shared-login.json";

/// The PINs of one key while it is plugged in.
pub struct SharedLogin {
    folder: PathBuf,
    /// The entry of the plug folder; one that was made anew is another plugging in.
    entry: PathBuf,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    /// When the key was plugged in, in nanoseconds since 1970.
    since: u64,
    /// By application (hexadecimal) and role.
    pins: BTreeMap<String, Bytes>,
}

impl SharedLogin {
    /// Of the key in `folder`, plugged in by `entry`.
    pub fn new(folder: &Path, entry: PathBuf) -> SharedLogin {
        SharedLogin { folder: folder.to_owned(), entry }
    }

    /// The PIN of a login, if some process has logged in. SAR_READFILEERR: the file is there but cannot be read.
    pub fn pin(&self, application: &[u8], role: Role) -> Result<Option<Zeroizing<Vec<u8>>>, Sar> {
        let content = self.read()?;
        Ok(content.pins.get(&place(application, role)).map(|pin| Zeroizing::new(pin.to_vec())))
    }

    /// Sets or, with none, ends a login. SAR_WRITEFILEERR: the file cannot be written.
    pub fn set(&self, application: &[u8], role: Role, pin: Option<&[u8]>) -> Result<(), Sar> {
        let mut content = self.read()?;
        let place = place(application, role);
        match pin {
            Some(pin) => content.pins.insert(place, pin.into()),
            None => content.pins.remove(&place),
        };
        self.write(&content).map_err(|_| Sar(codes::SAR_WRITEFILEERR))
    }

    fn since(&self) -> u64 {
        let modified = fs::symlink_metadata(&self.entry).and_then(|data| data.modified());
        let since = modified.ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        since.and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or_default()
    }

    fn read(&self) -> Result<Content, Sar> {
        let since = self.since();
        let nobody = Content { since, pins: BTreeMap::new() };
        let bytes = match fs::read(self.folder.join(FILE)) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(nobody),
            Err(_) => return Err(Sar(codes::SAR_READFILEERR)),
        };
        let content: Content = serde_json::from_slice(&bytes).map_err(|_| Sar(codes::SAR_READFILEERR))?;
        Ok(if content.since == since { content } else { nobody })
    }

    /// Whole or not at all; of two processes that write at once, the later one's stays.
    fn write(&self, content: &Content) -> std::io::Result<()> {
        let new = self.folder.join(format!("{FILE}.{}", std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let bytes = Zeroizing::new(serde_json::to_vec(content)?);
        options.open(&new)?.write_all(&bytes)?;
        fs::rename(&new, self.folder.join(FILE))
    }
}

fn place(application: &[u8], role: Role) -> String {
    let name: String = application.iter().map(|byte| format!("{byte:02x}")).collect();
    match role {
        Role::Admin => format!("{name}/admin"),
        Role::User => format!("{name}/user"),
    }
}
