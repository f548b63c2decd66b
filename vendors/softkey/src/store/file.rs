//! Files of an application: creation, deletion, reading and writing at an offset (clause 7.4). It must not check who is
//! logged in: it only tells what the rights of a file mean.

use serde::{Deserialize, Serialize};
use skf_sys::{codes, constants};

use super::bytes::{Bytes, Text};
use super::limits::{Limits, check_name};
use super::model::Application;
use crate::sar::Sar;

/// Space that a file takes beside its declared size, in bytes.
const FILE_SPACE: u64 = 64;

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its name.
    pub name: Text,
    /// Declared size in bytes.
    pub size: u32,
    /// Who may read.
    pub read_rights: Rights,
    /// Who may write.
    pub write_rights: Rights,
    /// What was written, up to `size`; the rest of the file reads as zeros.
    pub(super) data: Bytes,
}

/// Bits of SECURE_… (clause 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rights(pub u32);

impl Rights {
    /// Whether someone with these logins may. SECURE_NEVER_ACCOUNT allows nobody, SECURE_ANYONE_ACCOUNT everybody.
    pub fn allow(self, admin: bool, user: bool) -> bool {
        self.0 == constants::SECURE_ANYONE_ACCOUNT
            || (admin && self.0 & constants::SECURE_ADM_ACCOUNT != 0)
            || (user && self.0 & constants::SECURE_USER_ACCOUNT != 0)
    }
}

impl Application {
    /// The file of this name, or SAR_FILE_NOT_EXIST.
    pub fn file(&self, name: &[u8]) -> Result<&File, Sar> {
        self.files.iter().find(|file| file.name == *name).ok_or(Sar(codes::SAR_FILE_NOT_EXIST))
    }

    /// The file of this name, to write to it, or SAR_FILE_NOT_EXIST.
    pub fn file_mut(&mut self, name: &[u8]) -> Result<&mut File, Sar> {
        self.files.iter_mut().find(|file| file.name == *name).ok_or(Sar(codes::SAR_FILE_NOT_EXIST))
    }

    /// Adds a file of zeros.
    /// SAR_NAMELENERR, SAR_FILE_ALREADY_EXIST, SAR_INVALIDPARAMERR (too large for any key), SAR_NO_ROOM (too many).
    pub fn create_file(
        &mut self,
        name: &[u8],
        size: u32,
        read_rights: Rights,
        write_rights: Rights,
        limits: &Limits,
    ) -> Result<(), Sar> {
        check_name(name, limits.file_name, codes::SAR_NAMELENERR)?;
        if self.file(name).is_ok() {
            return Err(Sar(codes::SAR_FILE_ALREADY_EXIST));
        }
        if size > limits.file_size {
            return Err(Sar(codes::SAR_INVALIDPARAMERR));
        }
        if self.files.len() >= limits.files {
            return Err(Sar(codes::SAR_NO_ROOM));
        }
        self.files.push(File { name: name.into(), size, read_rights, write_rights, data: Bytes::default() });
        Ok(())
    }

    /// Removes a file, or SAR_FILE_NOT_EXIST.
    pub fn delete_file(&mut self, name: &[u8]) -> Result<(), Sar> {
        self.file(name)?;
        self.files.retain(|file| file.name != *name);
        Ok(())
    }
}

impl File {
    /// At most `size` bytes from `offset`; fewer at the end of the file.
    /// SAR_INVALIDPARAMERR when `offset` is beyond the end.
    pub fn read(&self, offset: u32, size: u32) -> Result<Vec<u8>, Sar> {
        if offset > self.size {
            return Err(Sar(codes::SAR_INVALIDPARAMERR));
        }
        let (from, len) = (offset as usize, size.min(self.size - offset) as usize);
        let written = self.data.get(from..).unwrap_or_default();
        let mut out = written[..written.len().min(len)].to_vec();
        out.resize(len, 0);
        Ok(out)
    }

    /// Writes all of `data` at `offset`.
    /// SAR_INVALIDPARAMERR when `offset` is beyond the end, SAR_INDATALENERR when the data would pass the end.
    pub fn write(&mut self, offset: u32, data: &[u8]) -> Result<(), Sar> {
        if offset > self.size {
            return Err(Sar(codes::SAR_INVALIDPARAMERR));
        }
        if data.len() > (self.size - offset) as usize {
            return Err(Sar(codes::SAR_INDATALENERR));
        }
        if data.is_empty() {
            return Ok(());
        }
        let from = offset as usize;
        let end = from + data.len();
        let stored = self.data.as_mut_vec();
        if stored.len() < end {
            stored.resize(end, 0);
        }
        stored[from..end].copy_from_slice(data);
        Ok(())
    }

    pub(super) fn space(&self) -> u64 {
        FILE_SPACE + u64::from(self.size)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.data.len() as u64 > u64::from(self.size) {
            return Err(format!("holds {} bytes, its size is {}", self.data.len(), self.size));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(size: u32) -> File {
        let all = Rights(constants::SECURE_ANYONE_ACCOUNT);
        File { name: "f".into(), size, read_rights: all, write_rights: all, data: Bytes::default() }
    }

    #[test]
    fn what_was_not_written_reads_as_zeros_and_ends_hold() {
        let mut file = file(8);
        assert_eq!(file.read(0, u32::MAX).unwrap(), [0; 8]);
        file.write(2, b"ab").unwrap();
        assert_eq!(file.read(0, 8).unwrap(), b"\0\0ab\0\0\0\0");
        assert_eq!(file.read(3, 2).unwrap(), b"b\0");
        assert_eq!(file.read(8, 1).unwrap(), b"");
        file.write(8, b"").unwrap();
        assert_eq!(file.read(9, 0).unwrap_err().0, codes::SAR_INVALIDPARAMERR);
        assert_eq!(file.write(9, b"").unwrap_err().0, codes::SAR_INVALIDPARAMERR);
        assert_eq!(file.write(7, b"ab").unwrap_err().0, codes::SAR_INDATALENERR);
        assert_eq!(file.write(u32::MAX, b"ab").unwrap_err().0, codes::SAR_INVALIDPARAMERR);
        file.check().unwrap();
    }

    #[test]
    fn rights_are_those_of_the_standard() {
        let allow = |bits, admin, user| Rights(bits).allow(admin, user);
        assert!(!allow(constants::SECURE_NEVER_ACCOUNT, true, true));
        assert!(
            allow(constants::SECURE_ADM_ACCOUNT, true, false) && !allow(constants::SECURE_ADM_ACCOUNT, false, true)
        );
        assert!(
            allow(constants::SECURE_USER_ACCOUNT, false, true) && !allow(constants::SECURE_USER_ACCOUNT, true, false)
        );
        assert!(allow(constants::SECURE_ANYONE_ACCOUNT, false, false) && !allow(0x11, false, false));
    }
}
