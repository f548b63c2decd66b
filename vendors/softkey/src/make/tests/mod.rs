//! Tests of the room; OpenSSL is the judge of certificates. Here is what they share: holders, requests, and its commands.

mod chains;
mod contents;
mod envelopes;
mod folders;
mod hostile;
mod numbers;
mod openssl;

use std::{sync::LazyLock, time::SystemTime};

use super::*;
use crate::crypto::rsa;

pub const NAME: &str = "测试单位（一）有限公司";
pub const PERSON: &str = "张三";

pub fn uscc() -> Uscc {
    Uscc::complete("91650100MA0000001").unwrap()
}

pub fn id() -> IdNumber {
    IdNumber::complete("65010119900101001").unwrap()
}

pub fn holder(kind: Kind) -> Holder {
    match kind {
        Kind::Organisation => Holder::Organisation { name: NAME.into(), uscc: uscc() },
        Kind::LegalPerson => {
            Holder::LegalPerson { name: PERSON.into(), id: id(), organisation: NAME.into(), uscc: uscc() }
        }
        Kind::Person => Holder::Person { name: PERSON.into(), id: id() },
    }
}

/// The key that is certified.
pub fn key(algorithm: Algorithm) -> PublicKey {
    static KEY: LazyLock<PublicKey> = LazyLock::new(|| Sm2Issuer::generate().unwrap().public_key());
    match algorithm {
        Algorithm::Sm2 => KEY.clone(),
        Algorithm::Rsa => PublicKey::Rsa(rsa_key().public()),
    }
}

/// One RSA key for the whole run: finding one takes seconds in a debug build.
pub fn rsa_key() -> rsa::PrivateKey {
    static KEY: LazyLock<rsa::PrivateKey> = LazyLock::new(|| rsa::PrivateKey::generate(2048).unwrap());
    KEY.clone()
}

/// A CA; those of RSA have one key for the whole run, another one than the holders'.
pub fn authority(layout: &'static Layout, algorithm: Algorithm) -> Authority {
    static KEY: LazyLock<rsa::PrivateKey> = LazyLock::new(|| rsa::PrivateKey::generate(2048).unwrap());
    match algorithm {
        Algorithm::Sm2 => Authority::generate(layout, algorithm).unwrap(),
        Algorithm::Rsa => Authority::new(layout, Box::new(RsaIssuer::new(KEY.clone()))).unwrap(),
    }
}

/// A certificate with a random serial number, valid for two years.
pub fn issue(authority: &Authority, subject: &Subject, usage: Usage) -> Result<Vec<u8>, MakeError> {
    let period = Period::years(SystemTime::now(), 2).unwrap();
    let key = key(authority.algorithm());
    let serial = Serial::random().unwrap();
    authority.issue(&Request { subject, usage, key: &key, serial: &serial, period })
}
