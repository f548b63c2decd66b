//! Functions of clause 7.6 that are not written yet: each answers SAR_NOTSUPPORTYETERR. Whoever writes one takes its line
//! from here as the signature; the file goes with the last.

use skf_sys::{EccPublicKeyBlob, RsaPublicKeyBlob, codes};

use super::call::{Call, Done};
use crate::crypto::block::Parameters;
use crate::handles::Handle;
use crate::sar::Sar;
use crate::views::{BLOCKCIPHERPARAM, CipherOut, In, Input, KeyBytes, Out, OutHandle, Output};

macro_rules! pending {
    ($($name:ident($($argument:ident: $view:ty),*);)*) => {$(
        #[doc = concat!(stringify!($name), ": not written yet.")]
        #[allow(clippy::too_many_arguments, reason = "the standard's own list")]
        pub fn $name(_call: &Call, $($argument: $view),*) -> Done {
            $(let _ = $argument;)*
            Err(Sar(codes::SAR_NOTSUPPORTYETERR).into())
        }
    )*};
}

pending! {
    SKF_RSAExportSessionKey(container: Handle, alg: u32, key: In<RsaPublicKeyBlob>, wrapped: Output, session_key: OutHandle);
    SKF_ECCExportSessionKey(container: Handle, alg: u32, key: In<EccPublicKeyBlob>, wrapped: CipherOut, session_key: OutHandle);
    SKF_GenerateAgreementDataWithECC(container: Handle, alg: u32, temporary: Out<EccPublicKeyBlob>, id: Input, agreement: OutHandle);
    SKF_GenerateAgreementDataAndKeyWithECC(container: Handle, alg: u32, peer: In<EccPublicKeyBlob>, peer_temporary: In<EccPublicKeyBlob>, temporary: Out<EccPublicKeyBlob>, id: Input, peer_id: Input, session_key: OutHandle);
    SKF_GenerateKeyWithECC(agreement: Handle, peer: In<EccPublicKeyBlob>, peer_temporary: In<EccPublicKeyBlob>, peer_id: Input, session_key: OutHandle);
    SKF_ImportSessionKey(container: Handle, alg: u32, wrapped: Input, session_key: OutHandle);
    SKF_SetSymmKey(device: Handle, key: KeyBytes, alg: u32, session_key: OutHandle);
    SKF_EncryptInit(session_key: Handle, parameter: Parameters);
    SKF_Encrypt(session_key: Handle, data: Input, encrypted: Output);
    SKF_EncryptUpdate(session_key: Handle, data: Input, encrypted: Output);
    SKF_EncryptFinal(session_key: Handle, encrypted: Output);
    SKF_DecryptInit(session_key: Handle, parameter: Parameters);
    SKF_Decrypt(session_key: Handle, encrypted: Input, data: Output);
    SKF_DecryptUpdate(session_key: Handle, encrypted: Input, data: Output);
    SKF_DecryptFinal(session_key: Handle, data: Output);
    SKF_DigestInit(device: Handle, alg: u32, key: In<EccPublicKeyBlob>, id: Input, hash: OutHandle);
    SKF_Digest(hash: Handle, data: Input, digest: Output);
    SKF_DigestUpdate(hash: Handle, data: Input);
    SKF_DigestFinal(hash: Handle, digest: Output);
    SKF_MacInit(session_key: Handle, parameter: In<BLOCKCIPHERPARAM>, mac: OutHandle);
    SKF_Mac(mac: Handle, data: Input, value: Output);
    SKF_MacUpdate(mac: Handle, data: Input);
    SKF_MacFinal(mac: Handle, value: Output);
    SKF_CloseHandle(handle: Handle);
}
