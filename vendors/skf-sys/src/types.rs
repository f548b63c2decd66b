//! Structures of GM/T 0016 (clause 6.4), byte-packed, generic over the width of ULONG: 32 bits in most libraries, 64 in some
//! Linux builds. Values shorter than their field stand at its end, zeros first. It must not interpret any field.

use std::ffi::c_void;

/// 8-bit character of a name; the encoding is not stated by the standard.
pub type CHAR = u8;
/// Byte.
pub type BYTE = u8;
/// Truth value, 32 bits: TRUE is 1.
pub type BOOL = i32;
/// UINT32, wherever a structure names that type: 32 bits in every library.
pub type UINT32 = u32;
/// A device, DEVHANDLE.
pub type DEVHANDLE = *mut c_void;
/// An application, HAPPLICATION.
pub type HAPPLICATION = *mut c_void;
/// A container, HCONTAINER.
pub type HCONTAINER = *mut c_void;
/// A session key, hash, MAC or agreement, HANDLE.
pub type HANDLE = *mut c_void;

/// Longest RSA modulus in bytes.
pub const MAX_RSA_MODULUS_LEN: usize = 256;
/// Length of the RSA exponent field.
pub const MAX_RSA_EXPONENT_LEN: usize = 4;
/// Length of a coordinate field: 512 bits.
pub const ECC_MAX_COORDINATE_LEN: usize = 64;
/// Length of the IV field.
pub const MAX_IV_LEN: usize = 32;
/// Length of a file name field.
pub const MAX_FILE_NAME_LEN: usize = 32;

macro_rules! structures {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* })*) => {$(
        $(#[$doc])*
        #[repr(C, packed)]
        #[derive(Clone, Copy)]
        pub struct $name { $($(#[$field_doc])* pub $field: $kind,)* }
    )*};
}

structures! {
    /// VERSION: 2 bytes.
    Version {
        /// Major.
        major: BYTE,
        /// Minor.
        minor: BYTE,
    }
    /// RSAPUBLICKEYBLOB: 268 bytes.
    RsaPublicKeyBlob {
        /// SGD_RSA.
        alg_id: UINT32,
        /// Length of the modulus in bits.
        bit_len: UINT32,
        /// Modulus, right-aligned.
        modulus: [BYTE; MAX_RSA_MODULUS_LEN],
        /// Exponent, big-endian.
        public_exponent: [BYTE; MAX_RSA_EXPONENT_LEN],
    }
    /// RSAPRIVATEKEYBLOB: 1,164 bytes.
    RsaPrivateKeyBlob {
        /// SGD_RSA.
        alg_id: UINT32,
        /// Length of the modulus in bits.
        bit_len: UINT32,
        /// Modulus n.
        modulus: [BYTE; MAX_RSA_MODULUS_LEN],
        /// Public exponent e.
        public_exponent: [BYTE; MAX_RSA_EXPONENT_LEN],
        /// Private exponent d.
        private_exponent: [BYTE; MAX_RSA_MODULUS_LEN],
        /// Prime p.
        prime1: [BYTE; MAX_RSA_MODULUS_LEN / 2],
        /// Prime q.
        prime2: [BYTE; MAX_RSA_MODULUS_LEN / 2],
        /// d mod (p - 1).
        prime1_exponent: [BYTE; MAX_RSA_MODULUS_LEN / 2],
        /// d mod (q - 1).
        prime2_exponent: [BYTE; MAX_RSA_MODULUS_LEN / 2],
        /// q^-1 mod p.
        coefficient: [BYTE; MAX_RSA_MODULUS_LEN / 2],
    }
    /// ECCPUBLICKEYBLOB: 132 bytes.
    EccPublicKeyBlob {
        /// 256.
        bit_len: UINT32,
        /// X, in the last 32 bytes.
        x_coordinate: [BYTE; ECC_MAX_COORDINATE_LEN],
        /// Y, in the last 32 bytes.
        y_coordinate: [BYTE; ECC_MAX_COORDINATE_LEN],
    }
    /// ECCPRIVATEKEYBLOB: 68 bytes.
    EccPrivateKeyBlob {
        /// 256.
        bit_len: UINT32,
        /// The private key, in the last 32 bytes.
        private_key: [BYTE; ECC_MAX_COORDINATE_LEN],
    }
    /// ECCSIGNATUREBLOB: 128 bytes.
    EccSignatureBlob {
        /// r, in the last 32 bytes.
        r: [BYTE; ECC_MAX_COORDINATE_LEN],
        /// s, in the last 32 bytes.
        s: [BYTE; ECC_MAX_COORDINATE_LEN],
    }
    /// FILEATTRIBUTE: 44 bytes.
    FileAttribute {
        /// Name, NUL-terminated if shorter than the field.
        file_name: [CHAR; MAX_FILE_NAME_LEN],
        /// Size in bytes.
        file_size: UINT32,
        /// Who may read.
        read_rights: UINT32,
        /// Who may write.
        write_rights: UINT32,
    }
}

macro_rules! wide_structures {
    ($($(#[$doc:meta])* $name:ident<$u:ident> { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* })*) => {$(
        $(#[$doc])*
        #[repr(C, packed)]
        #[derive(Clone, Copy)]
        pub struct $name<$u: Copy> { $($(#[$field_doc])* pub $field: $kind,)* }
    )*};
}

wide_structures! {
    /// DEVINFO: 294 bytes, 326 with a 64-bit ULONG. The first 198 bytes are the same in both.
    DevInfo<U> {
        /// Version of this structure, 1.0.
        version: Version,
        /// Maker.
        manufacturer: [CHAR; 64],
        /// Issuer.
        issuer: [CHAR; 64],
        /// Label.
        label: [CHAR; 32],
        /// Serial number.
        serial_number: [CHAR; 32],
        /// Hardware version.
        hw_version: Version,
        /// Firmware version.
        firmware_version: Version,
        /// Symmetric algorithms.
        alg_sym_cap: U,
        /// Asymmetric algorithms.
        alg_asym_cap: U,
        /// Hash algorithms.
        alg_hash_cap: U,
        /// Algorithm of device authentication.
        dev_auth_alg_id: U,
        /// Bytes in all.
        total_space: U,
        /// Bytes free.
        free_space: U,
        /// Longest input of an ECC operation.
        max_ecc_buffer_size: U,
        /// Longest input of a block operation.
        max_buffer_size: U,
        /// Reserved.
        reserved: [BYTE; 64],
    }
    /// ECCCIPHERBLOB as declared, with one byte of data: 165 bytes, 169 with a 64-bit ULONG. The real length is
    /// that less one, plus `cipher_len`.
    EccCipherBlob<U> {
        /// X of C1.
        x_coordinate: [BYTE; ECC_MAX_COORDINATE_LEN],
        /// Y of C1.
        y_coordinate: [BYTE; ECC_MAX_COORDINATE_LEN],
        /// C3.
        hash: [BYTE; 32],
        /// Length of C2.
        cipher_len: U,
        /// First byte of C2.
        cipher: [BYTE; 1],
    }
    /// ENVELOPEDKEYBLOB as declared: 373 bytes, 389 with a 64-bit ULONG; longer by the wrapped key.
    EnvelopedKeyBlob<U> {
        /// 1.
        version: U,
        /// Symmetric algorithm, ECB only.
        symm_alg_id: U,
        /// Length of the key in bits.
        bits: U,
        /// The private key under the symmetric key, in the last 32 bytes or the whole field.
        encrypted_pri_key: [BYTE; 64],
        /// The public key.
        pub_key: EccPublicKeyBlob,
        /// The symmetric key, encrypted with the signing public key.
        ecc_cipher_blob: EccCipherBlob<U>,
    }
    /// BLOCKCIPHERPARAM: 44 bytes, 56 with a 64-bit ULONG. Passed by value to EncryptInit and DecryptInit.
    BlockCipherParam<U> {
        /// IV.
        iv: [BYTE; MAX_IV_LEN],
        /// Length of the IV.
        iv_len: U,
        /// 0 none, 1 PKCS#5.
        padding_type: U,
        /// Feedback length in bits (CFB, OFB).
        feed_bit_len: U,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_standard_in_both_widths() {
        assert_eq!(size_of::<Version>(), 2);
        assert_eq!((size_of::<DevInfo<u32>>(), size_of::<DevInfo<u64>>()), (294, 326));
        assert_eq!(size_of::<RsaPublicKeyBlob>(), 268);
        assert_eq!(size_of::<RsaPrivateKeyBlob>(), 1164);
        assert_eq!(size_of::<EccPublicKeyBlob>(), 132);
        assert_eq!(size_of::<EccPrivateKeyBlob>(), 68);
        assert_eq!(size_of::<EccSignatureBlob>(), 128);
        assert_eq!((size_of::<EccCipherBlob<u32>>(), size_of::<EccCipherBlob<u64>>()), (165, 169));
        assert_eq!((size_of::<EnvelopedKeyBlob<u32>>(), size_of::<EnvelopedKeyBlob<u64>>()), (373, 389));
        assert_eq!((size_of::<BlockCipherParam<u32>>(), size_of::<BlockCipherParam<u64>>()), (44, 56));
        assert_eq!(size_of::<FileAttribute>(), 44);
    }
}
