//! The table of functions of GM/T 0016-2012 (clauses 7.1 to 7.6): 78, in the order of the standard, and those vendors add for
//! decryption with a private key. A consumer is a macro that turns rows into items; the table holds no logic.
//!
//! A row: `SKF_Name(argument: TYPE, …);` All functions answer ULONG and use the system's convention (stdcall on 32-bit Windows).
//! A consumer has in scope: ULONG, the types of `types`, and DEVINFO, ECCCIPHERBLOB, ENVELOPEDKEYBLOB, BLOCKCIPHERPARAM of its width.

/// Hands the table to `$consumer!`, as `standard { rows } additional { rows }`.
#[macro_export]
macro_rules! skf_functions {
    ($consumer:ident) => { $consumer! {
    standard {
        SKF_WaitForDevEvent(name: *mut CHAR, name_len: *mut ULONG, event: *mut ULONG);
        SKF_CancelWaitForDevEvent();
        SKF_EnumDev(present: BOOL, list: *mut CHAR, size: *mut ULONG);
        SKF_ConnectDev(name: *const CHAR, device: *mut DEVHANDLE);
        SKF_DisConnectDev(device: DEVHANDLE);
        SKF_GetDevState(name: *const CHAR, state: *mut ULONG);
        SKF_SetLabel(device: DEVHANDLE, label: *const CHAR);
        SKF_GetDevInfo(device: DEVHANDLE, info: *mut DEVINFO);
        SKF_LockDev(device: DEVHANDLE, timeout: ULONG);
        SKF_UnlockDev(device: DEVHANDLE);
        SKF_Transmit(device: DEVHANDLE, command: *const BYTE, command_len: ULONG, data: *mut BYTE, data_len: *mut ULONG);
        SKF_ChangeDevAuthKey(device: DEVHANDLE, key: *const BYTE, key_len: ULONG);
        SKF_DevAuth(device: DEVHANDLE, data: *const BYTE, data_len: ULONG);
        SKF_ChangePIN(application: HAPPLICATION, pin_type: ULONG, old: *const CHAR, new: *const CHAR, retries: *mut ULONG);
        SKF_GetPINInfo(application: HAPPLICATION, pin_type: ULONG, max: *mut ULONG, remaining: *mut ULONG, is_default: *mut BOOL);
        SKF_VerifyPIN(application: HAPPLICATION, pin_type: ULONG, pin: *const CHAR, retries: *mut ULONG);
        SKF_UnblockPIN(application: HAPPLICATION, admin: *const CHAR, new: *const CHAR, retries: *mut ULONG);
        SKF_ClearSecureState(application: HAPPLICATION);
        SKF_CreateApplication(device: DEVHANDLE, name: *const CHAR, admin: *const CHAR, admin_retries: ULONG, user: *const CHAR, user_retries: ULONG, file_rights: ULONG, application: *mut HAPPLICATION);
        SKF_EnumApplication(device: DEVHANDLE, list: *mut CHAR, size: *mut ULONG);
        SKF_DeleteApplication(device: DEVHANDLE, name: *const CHAR);
        SKF_OpenApplication(device: DEVHANDLE, name: *const CHAR, application: *mut HAPPLICATION);
        SKF_CloseApplication(application: HAPPLICATION);
        SKF_CreateFile(application: HAPPLICATION, name: *const CHAR, size: ULONG, read_rights: ULONG, write_rights: ULONG);
        SKF_DeleteFile(application: HAPPLICATION, name: *const CHAR);
        SKF_EnumFiles(application: HAPPLICATION, list: *mut CHAR, size: *mut ULONG);
        SKF_GetFileInfo(application: HAPPLICATION, name: *const CHAR, info: *mut FileAttribute);
        SKF_ReadFile(application: HAPPLICATION, name: *const CHAR, offset: ULONG, size: ULONG, out: *mut BYTE, out_len: *mut ULONG);
        SKF_WriteFile(application: HAPPLICATION, name: *const CHAR, offset: ULONG, data: *const BYTE, size: ULONG);
        SKF_CreateContainer(application: HAPPLICATION, name: *const CHAR, container: *mut HCONTAINER);
        SKF_DeleteContainer(application: HAPPLICATION, name: *const CHAR);
        SKF_OpenContainer(application: HAPPLICATION, name: *const CHAR, container: *mut HCONTAINER);
        SKF_CloseContainer(container: HCONTAINER);
        SKF_EnumContainer(application: HAPPLICATION, list: *mut CHAR, size: *mut ULONG);
        SKF_GetContainerType(container: HCONTAINER, kind: *mut ULONG);
        SKF_ImportCertificate(container: HCONTAINER, sign: BOOL, certificate: *const BYTE, certificate_len: ULONG);
        SKF_ExportCertificate(container: HCONTAINER, sign: BOOL, certificate: *mut BYTE, certificate_len: *mut ULONG);
        SKF_GenRandom(device: DEVHANDLE, random: *mut BYTE, random_len: ULONG);
        SKF_GenExtRSAKey(device: DEVHANDLE, bits: ULONG, key: *mut RsaPrivateKeyBlob);
        SKF_GenRSAKeyPair(container: HCONTAINER, bits: ULONG, key: *mut RsaPublicKeyBlob);
        SKF_ImportRSAKeyPair(container: HCONTAINER, alg: ULONG, wrapped: *const BYTE, wrapped_len: ULONG, encrypted: *const BYTE, encrypted_len: ULONG);
        SKF_RSASignData(container: HCONTAINER, data: *const BYTE, data_len: ULONG, signature: *mut BYTE, signature_len: *mut ULONG);
        SKF_RSAVerify(device: DEVHANDLE, key: *const RsaPublicKeyBlob, data: *const BYTE, data_len: ULONG, signature: *const BYTE, signature_len: ULONG);
        SKF_RSAExportSessionKey(container: HCONTAINER, alg: ULONG, key: *const RsaPublicKeyBlob, wrapped: *mut BYTE, wrapped_len: *mut ULONG, session_key: *mut HANDLE);
        SKF_ExtRSAPubKeyOperation(device: DEVHANDLE, key: *const RsaPublicKeyBlob, input: *const BYTE, input_len: ULONG, output: *mut BYTE, output_len: *mut ULONG);
        SKF_ExtRSAPriKeyOperation(device: DEVHANDLE, key: *const RsaPrivateKeyBlob, input: *const BYTE, input_len: ULONG, output: *mut BYTE, output_len: *mut ULONG);
        SKF_GenECCKeyPair(container: HCONTAINER, alg: ULONG, key: *mut EccPublicKeyBlob);
        SKF_ImportECCKeyPair(container: HCONTAINER, enveloped: *const ENVELOPEDKEYBLOB);
        SKF_ECCSignData(container: HCONTAINER, digest: *const BYTE, digest_len: ULONG, signature: *mut EccSignatureBlob);
        SKF_ECCVerify(device: DEVHANDLE, key: *const EccPublicKeyBlob, digest: *const BYTE, digest_len: ULONG, signature: *const EccSignatureBlob);
        SKF_ECCExportSessionKey(container: HCONTAINER, alg: ULONG, key: *const EccPublicKeyBlob, wrapped: *mut ECCCIPHERBLOB, session_key: *mut HANDLE);
        SKF_ExtECCEncrypt(device: DEVHANDLE, key: *const EccPublicKeyBlob, plain: *const BYTE, plain_len: ULONG, cipher: *mut ECCCIPHERBLOB);
        SKF_ExtECCDecrypt(device: DEVHANDLE, key: *const EccPrivateKeyBlob, cipher: *const ECCCIPHERBLOB, plain: *mut BYTE, plain_len: *mut ULONG);
        SKF_ExtECCSign(device: DEVHANDLE, key: *const EccPrivateKeyBlob, digest: *const BYTE, digest_len: ULONG, signature: *mut EccSignatureBlob);
        SKF_ExtECCVerify(device: DEVHANDLE, key: *const EccPublicKeyBlob, digest: *const BYTE, digest_len: ULONG, signature: *const EccSignatureBlob);
        SKF_GenerateAgreementDataWithECC(container: HCONTAINER, alg: ULONG, temporary: *mut EccPublicKeyBlob, id: *const BYTE, id_len: ULONG, agreement: *mut HANDLE);
        SKF_GenerateAgreementDataAndKeyWithECC(container: HCONTAINER, alg: ULONG, peer: *const EccPublicKeyBlob, peer_temporary: *const EccPublicKeyBlob, temporary: *mut EccPublicKeyBlob, id: *const BYTE, id_len: ULONG, peer_id: *const BYTE, peer_id_len: ULONG, session_key: *mut HANDLE);
        SKF_GenerateKeyWithECC(agreement: HANDLE, peer: *const EccPublicKeyBlob, peer_temporary: *const EccPublicKeyBlob, peer_id: *const BYTE, peer_id_len: ULONG, session_key: *mut HANDLE);
        SKF_ExportPublicKey(container: HCONTAINER, sign: BOOL, blob: *mut BYTE, blob_len: *mut ULONG);
        SKF_ImportSessionKey(container: HCONTAINER, alg: ULONG, wrapped: *const BYTE, wrapped_len: ULONG, session_key: *mut HANDLE);
        SKF_SetSymmKey(device: DEVHANDLE, key: *const BYTE, alg: ULONG, session_key: *mut HANDLE);
        SKF_EncryptInit(session_key: HANDLE, parameter: BLOCKCIPHERPARAM);
        SKF_Encrypt(session_key: HANDLE, data: *const BYTE, data_len: ULONG, encrypted: *mut BYTE, encrypted_len: *mut ULONG);
        SKF_EncryptUpdate(session_key: HANDLE, data: *const BYTE, data_len: ULONG, encrypted: *mut BYTE, encrypted_len: *mut ULONG);
        SKF_EncryptFinal(session_key: HANDLE, encrypted: *mut BYTE, encrypted_len: *mut ULONG);
        SKF_DecryptInit(session_key: HANDLE, parameter: BLOCKCIPHERPARAM);
        SKF_Decrypt(session_key: HANDLE, encrypted: *const BYTE, encrypted_len: ULONG, data: *mut BYTE, data_len: *mut ULONG);
        SKF_DecryptUpdate(session_key: HANDLE, encrypted: *const BYTE, encrypted_len: ULONG, data: *mut BYTE, data_len: *mut ULONG);
        SKF_DecryptFinal(session_key: HANDLE, data: *mut BYTE, data_len: *mut ULONG);
        SKF_DigestInit(device: DEVHANDLE, alg: ULONG, key: *const EccPublicKeyBlob, id: *const BYTE, id_len: ULONG, hash: *mut HANDLE);
        SKF_Digest(hash: HANDLE, data: *const BYTE, data_len: ULONG, digest: *mut BYTE, digest_len: *mut ULONG);
        SKF_DigestUpdate(hash: HANDLE, data: *const BYTE, data_len: ULONG);
        SKF_DigestFinal(hash: HANDLE, digest: *mut BYTE, digest_len: *mut ULONG);
        SKF_MacInit(session_key: HANDLE, parameter: *const BLOCKCIPHERPARAM, mac: *mut HANDLE);
        SKF_Mac(mac: HANDLE, data: *const BYTE, data_len: ULONG, value: *mut BYTE, value_len: *mut ULONG);
        SKF_MacUpdate(mac: HANDLE, data: *const BYTE, data_len: ULONG);
        SKF_MacFinal(mac: HANDLE, value: *mut BYTE, value_len: *mut ULONG);
        SKF_CloseHandle(handle: HANDLE);
    }
    additional {
        SKF_PrvKeyDecrypt(container: HCONTAINER, kind: ULONG, cipher: *const ECCCIPHERBLOB, plain: *mut BYTE, plain_len: *mut ULONG);
        SKF_ECCPrvKeyDecrypt(container: HCONTAINER, cipher: *const ECCCIPHERBLOB, plain: *mut BYTE, plain_len: *mut ULONG);
        SKF_ECCDecrypt(container: HCONTAINER, cipher: *const ECCCIPHERBLOB, plain: *mut BYTE, plain_len: *mut ULONG);
        SKF_RSAPrvKeyDecrypt(container: HCONTAINER, cipher: *const BYTE, cipher_len: ULONG, plain: *mut BYTE, plain_len: *mut ULONG);
        SKF_PriRsaDecrypt(container: HCONTAINER, kind: ULONG, cipher: *const BYTE, cipher_len: ULONG, plain: *mut BYTE, plain_len: *mut ULONG);
        SKF_RSADecrypt(container: HCONTAINER, cipher: *const BYTE, cipher_len: ULONG, plain: *mut BYTE, plain_len: *mut ULONG);
    }
    } };
}

macro_rules! names {
    (standard { $($standard:ident($($a:tt)*);)* } additional { $($additional:ident($($b:tt)*);)* }) => {
        /// The functions of the standard, in its order.
        pub static STANDARD: &[&str] = &[$(stringify!($standard)),*];
        /// Functions that vendors add for private decryption (their argument shapes differ: see the profiles).
        pub static ADDITIONAL: &[&str] = &[$(stringify!($additional)),*];
    };
}
skf_functions!(names);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_has_78_functions() {
        let mut names: Vec<_> = STANDARD.iter().chain(ADDITIONAL).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!((STANDARD.len(), names.len()), (78, 78 + ADDITIONAL.len()));
    }
}
