//! Files of an application (clause 7.4), with the rights that were given to each.

use skf_sys::{FileAttribute, MAX_FILE_NAME_LEN, codes};

use super::call::{Call, Done, Failure, OrWhen};
use super::device::put_names;
use super::open::OpenApplication;
use crate::handles::Handle;
use crate::store::{Application, Rights};
use crate::views::{Input, Out, Output, Text};

/// The bytes of a file's name.
fn name(text: &Text) -> Result<Vec<u8>, Failure> {
    let name = text.read(MAX_FILE_NAME_LEN, codes::SAR_NAMELENERR);
    Ok(name.code_when(codes::SAR_NAMELENERR, |errors| &errors.file_name)?.to_vec())
}

/// The product's code for "no right", unless those who are logged in have it.
fn require(open: &OpenApplication, application: &Application, rights: Rights) -> Done {
    let (admin, user) = open.logins(application);
    if rights.allow(admin, user) { Ok(()) } else { Err(Failure::when(|errors| &errors.file_rights)) }
}

/// 7.4.1: creates a file of zeros. It needs the right that the application names.
pub fn SKF_CreateFile(
    call: &Call,
    application: Handle,
    file: Text,
    size: u32,
    read_rights: u32,
    write_rights: u32,
) -> Done {
    let open = call.application(application)?;
    let name = name(&file)?;
    let device = open.device();
    open.change(|application| {
        require(&open, application, Rights(application.create_file_rights))?;
        let created = application.create_file(&name, size, Rights(read_rights), Rights(write_rights), &device.limits);
        created.map_err(|sar| match sar.0 {
            codes::SAR_FILE_ALREADY_EXIST => Failure::when(|errors| &errors.file_exists),
            codes::SAR_NAMELENERR => Failure::when(|errors| &errors.file_name),
            _ => sar.into(),
        })
    })
}

/// 7.4.2: deletes a file. It needs the right to create files.
pub fn SKF_DeleteFile(call: &Call, application: Handle, file: Text) -> Done {
    let open = call.application(application)?;
    let name = name(&file)?;
    open.change(|application| {
        require(&open, application, Rights(application.create_file_rights))?;
        Ok(application.delete_file(&name)?)
    })
}

/// 7.4.3: the names of all files.
pub fn SKF_EnumFiles(call: &Call, application: Handle, list: Output) -> Done {
    let open = call.application(application)?;
    let personality = call.personality();
    open.read(|application| put_names(&personality, &list, application.files.iter().map(|file| file.name.as_bytes())))
}

/// 7.4.4: FILEATTRIBUTE of a file.
pub fn SKF_GetFileInfo(call: &Call, application: Handle, file: Text, info: Out<FileAttribute>) -> Done {
    let open = call.application(application)?;
    let name = name(&file)?;
    open.read(|application| {
        let file = application.file(&name)?;
        let mut file_name = [0; MAX_FILE_NAME_LEN];
        let len = name.len().min(MAX_FILE_NAME_LEN);
        file_name[..len].copy_from_slice(&name[..len]);
        info.put(FileAttribute {
            file_name,
            file_size: file.size,
            read_rights: file.read_rights.0,
            write_rights: file.write_rights.0,
        });
        Ok(())
    })
}

/// 7.4.5: reads at an offset, up to the end of the file.
pub fn SKF_ReadFile(call: &Call, application: Handle, file: Text, offset: u32, size: u32, out: Output) -> Done {
    let open = call.application(application)?;
    let name = name(&file)?;
    let data = open.read(|application| {
        let file = application.file(&name)?;
        require(&open, application, file.read_rights)?;
        file.read(offset, size).code_when(codes::SAR_INVALIDPARAMERR, |errors| &errors.file_offset)
    })?;
    Ok(out.put(&data)?)
}

/// 7.4.6: writes at an offset; a file does not grow.
pub fn SKF_WriteFile(call: &Call, application: Handle, file: Text, offset: u32, data: Input) -> Done {
    let open = call.application(application)?;
    let name = name(&file)?;
    let data = data.read();
    open.change(|application| {
        require(&open, application, application.file(&name)?.write_rights)?;
        let written = application.file_mut(&name)?.write(offset, &data);
        written.code_when(codes::SAR_INVALIDPARAMERR, |errors| &errors.file_offset)
    })
}
