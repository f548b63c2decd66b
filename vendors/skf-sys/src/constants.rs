//! Numbers of GM/T 0016 and GM/T 0006: algorithms, rights, states. Vendors' deviations belong in profiles.

/// PIN types (clause 6.3).
pub const ADMIN_TYPE: u32 = 0;
/// The user's PIN.
pub const USER_TYPE: u32 = 1;

/// Rights to files and to their creation (clause 6.3): nobody.
pub const SECURE_NEVER_ACCOUNT: u32 = 0x00;
/// The administrator.
pub const SECURE_ADM_ACCOUNT: u32 = 0x01;
/// The user.
pub const SECURE_USER_ACCOUNT: u32 = 0x10;
/// Everyone.
pub const SECURE_ANYONE_ACCOUNT: u32 = 0xFF;

/// Device states of GetDevState: not there.
pub const DEV_ABSENT_STATE: u32 = 0;
/// There.
pub const DEV_PRESENT_STATE: u32 = 1;
/// Not known.
pub const DEV_UNKNOW_STATE: u32 = 2;

/// Events of WaitForDevEvent: a device came.
pub const EVENT_IN: u32 = 1;
/// A device went.
pub const EVENT_OUT: u32 = 2;

/// Container types: empty or not known.
pub const CONTAINER_UNKNOWN: u32 = 0;
/// RSA.
pub const CONTAINER_RSA: u32 = 1;
/// ECC (SM2).
pub const CONTAINER_ECC: u32 = 2;

/// Wait without end (LockDev).
pub const INFINITE: u32 = 0xFFFF_FFFF;

/// Symmetric families; a mode is added.
pub const SGD_SM1: u32 = 0x100;
/// SSF33.
pub const SGD_SSF33: u32 = 0x200;
/// SM4 (SMS4).
pub const SGD_SM4: u32 = 0x400;
/// Modes: ECB.
pub const SGD_ECB: u32 = 0x01;
/// CBC.
pub const SGD_CBC: u32 = 0x02;
/// CFB.
pub const SGD_CFB: u32 = 0x04;
/// OFB.
pub const SGD_OFB: u32 = 0x08;
/// CBC-MAC.
pub const SGD_MAC: u32 = 0x10;
/// SM1-ECB.
pub const SGD_SM1_ECB: u32 = SGD_SM1 | SGD_ECB;
/// SSF33-ECB.
pub const SGD_SSF33_ECB: u32 = SGD_SSF33 | SGD_ECB;
/// SM4-ECB.
pub const SGD_SM4_ECB: u32 = SGD_SM4 | SGD_ECB;
/// SM4-CBC.
pub const SGD_SM4_CBC: u32 = SGD_SM4 | SGD_CBC;
/// SM4-CFB.
pub const SGD_SM4_CFB: u32 = SGD_SM4 | SGD_CFB;
/// SM4-OFB.
pub const SGD_SM4_OFB: u32 = SGD_SM4 | SGD_OFB;
/// SM4-MAC.
pub const SGD_SM4_MAC: u32 = SGD_SM4 | SGD_MAC;

/// RSA.
pub const SGD_RSA: u32 = 0x0001_0000;

/// SM2 numbers exist in two families: what signs in one encrypts in neither, but agrees on keys in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sm2Ids {
    /// Signature, SGD_SM2_1.
    pub sign: u32,
    /// Key agreement, SGD_SM2_2.
    pub exchange: u32,
    /// Encryption, SGD_SM2_3.
    pub encrypt: u32,
}

/// Family A, of GM/T 0016: Longmai, Feitian and most headers.
pub const SM2_FAMILY_A: Sm2Ids = Sm2Ids { sign: 0x0002_0100, exchange: 0x0002_0200, encrypt: 0x0002_0400 };
/// Family B, of GM/T 0006-2012.
pub const SM2_FAMILY_B: Sm2Ids = Sm2Ids { sign: 0x0002_0200, exchange: 0x0002_0400, encrypt: 0x0002_0800 };

/// SM3.
pub const SGD_SM3: u32 = 1;
/// SHA-1.
pub const SGD_SHA1: u32 = 2;
/// SHA-256.
pub const SGD_SHA256: u32 = 4;
