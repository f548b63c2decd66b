//! The algorithms of the software key: SM2, SM3, SM4, RSA, SHA and the layouts of their GM/T 0016 structures. Pure: no files,
//! no PINs, no C, and no state but what a caller holds. Errors are the return codes that GM/T 0016 would give.

#![forbid(unsafe_code)]

pub mod blob;
pub mod block;
pub mod encryption;
pub mod exchange;
pub mod hash;
pub mod random;
pub mod rsa;
pub mod sm2;

#[cfg(test)]
mod tests;
