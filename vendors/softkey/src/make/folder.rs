//! CAs that last: a folder with a file of key and certificate for each layout and algorithm. Whoever comes first makes the
//! file; two processes at once end up with the same CA. The keys are test keys and lie in clear, readable by the owner only.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use der::{
    Decode, Encode, Sequence,
    asn1::{BitString, ObjectIdentifier, OctetString},
    pem::{self, LineEnding},
};
use x509_cert::{Certificate, spki::AlgorithmIdentifierOwned};
use zeroize::Zeroizing;

use super::{Algorithm, Authority, Issuer, Layout, MakeError, RsaIssuer, Serial, Sm2Issuer};
use crate::crypto::{rsa, sm2};

const KEY_LABEL: &str = "PRIVATE KEY";
const CERTIFICATE_LABEL: &str = "CERTIFICATE";

/// PrivateKeyInfo of PKCS#8.
#[derive(Sequence)]
struct PrivateKeyInfo {
    version: u8,
    algorithm: AlgorithmIdentifierOwned,
    private_key: OctetString,
}

/// ECPrivateKey of RFC 5915; the curve stands in PrivateKeyInfo.
#[derive(Sequence)]
struct EcPrivateKey {
    version: u8,
    private_key: OctetString,
    #[asn1(context_specific = "0", optional = "true")]
    parameters: Option<ObjectIdentifier>,
    #[asn1(context_specific = "1", optional = "true")]
    public_key: Option<BitString>,
}

/// Where the CA's certificate alone lies, in PEM, once [`Authority::open_or_create`] has been called.
pub fn certificate_path(folder: &Path, layout: &Layout, algorithm: Algorithm) -> PathBuf {
    folder.join(format!("{}-{}.crt.pem", layout.name(), algorithm.name()))
}

fn key_path(folder: &Path, layout: &Layout, algorithm: Algorithm) -> PathBuf {
    folder.join(format!("{}-{}.ca.pem", layout.name(), algorithm.name()))
}

impl Authority {
    /// The CA of this layout and algorithm in a folder; a new one if there is none yet. The folder is made if it is missing.
    pub fn open_or_create(folder: &Path, layout: &'static Layout, algorithm: Algorithm) -> Result<Self, MakeError> {
        layout.accepts(algorithm)?;
        fs::create_dir_all(folder).map_err(file(folder))?;
        let path = key_path(folder, layout, algorithm);
        let authority = match open(&path, layout, algorithm)? {
            Some(authority) => authority,
            None => {
                create(&path, layout, algorithm)?;
                // not what was made here but what lies there: another process may have been first
                let missing = || content(&path, "it was removed while it was made");
                open(&path, layout, algorithm)?.ok_or_else(missing)?
            }
        };
        let public = certificate_path(folder, layout, algorithm);
        let text = to_pem(CERTIFICATE_LABEL, authority.certificate())?;
        if fs::read(&public).ok().as_deref() != Some(text.as_bytes()) {
            let new = temporary(&public)?;
            write_new(&new, text.as_bytes(), 0o644)?;
            fs::rename(&new, &public).map_err(file(&public))?;
        }
        Ok(authority)
    }
}

fn create(path: &Path, layout: &'static Layout, algorithm: Algorithm) -> Result<(), MakeError> {
    let (key, authority) = match algorithm {
        Algorithm::Sm2 => {
            let issuer = Sm2Issuer::generate()?;
            (sm2_to_der(issuer.key())?, Authority::new(layout, Box::new(issuer))?)
        }
        Algorithm::Rsa => {
            let issuer = RsaIssuer::generate()?;
            (rsa_to_der(issuer.key())?, Authority::new(layout, Box::new(issuer))?)
        }
    };
    let mut text = Zeroizing::new(to_pem(KEY_LABEL, &key)?);
    text.push_str(&to_pem(CERTIFICATE_LABEL, authority.certificate())?);
    let new = temporary(path)?;
    write_new(&new, text.as_bytes(), 0o600)?;
    // a link, because a rename would take the place of another's file
    let linked = fs::hard_link(&new, path);
    fs::remove_file(&new).map_err(file(&new))?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(file(path)(error)),
        _ => Ok(()),
    }
}

fn open(path: &Path, layout: &'static Layout, algorithm: Algorithm) -> Result<Option<Authority>, MakeError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(file(path)(error)),
    };
    let wrong = |reason: &str| content(path, reason);
    // two PEM blocks, the key first
    let at = text.find("-----BEGIN CERTIFICATE-----").ok_or_else(|| wrong("it has no certificate"))?;
    let (key, certificate) = text.split_at(at);
    let key = from_pem(KEY_LABEL, key).ok_or_else(|| wrong("it does not begin with a PRIVATE KEY in PEM"))?;
    let certificate = from_pem(CERTIFICATE_LABEL, certificate).ok_or_else(|| wrong("its certificate is not PEM"))?;
    let issuer = issuer_from_der(&key, algorithm).ok_or_else(|| wrong(&format!("its key is no {algorithm} key")))?;

    let parsed = Certificate::from_der(&certificate).map_err(|error| wrong(&format!("its certificate: {error}")))?;
    let tbs = parsed.tbs_certificate();
    if *tbs.subject_public_key_info() != issuer.public_key().to_spki()? {
        return Err(wrong("its certificate is not for its key"));
    }
    if *tbs.subject() != layout.issuer_name(algorithm)? {
        return Err(wrong(&format!("its certificate does not have the name of the CA of layout '{}'", layout.name())));
    }
    Authority::existing(layout, issuer, certificate.to_vec()).map(Some)
}

fn sm2_to_der(private: &sm2::PrivateKey) -> Result<Zeroizing<Vec<u8>>, MakeError> {
    let key = EcPrivateKey {
        version: 1,
        private_key: OctetString::new(private.to_bytes().as_slice())?,
        parameters: None,
        public_key: Some(BitString::from_bytes(&private.public().to_uncompressed())?),
    };
    to_pkcs8(Algorithm::Sm2, &Zeroizing::new(key.to_der()?))
}

fn rsa_to_der(private: &rsa::PrivateKey) -> Result<Zeroizing<Vec<u8>>, MakeError> {
    to_pkcs8(Algorithm::Rsa, &private.to_pkcs1_der()?)
}

fn to_pkcs8(algorithm: Algorithm, key: &[u8]) -> Result<Zeroizing<Vec<u8>>, MakeError> {
    let info = PrivateKeyInfo { version: 0, algorithm: algorithm.of_keys(), private_key: OctetString::new(key)? };
    Ok(Zeroizing::new(info.to_der()?))
}

fn issuer_from_der(der: &[u8], algorithm: Algorithm) -> Option<Box<dyn Issuer + Send + Sync>> {
    let info = PrivateKeyInfo::from_der(der).ok()?;
    if info.algorithm != algorithm.of_keys() {
        return None;
    }
    match algorithm {
        Algorithm::Sm2 => {
            let key = EcPrivateKey::from_der(info.private_key.as_bytes()).ok()?;
            let number: &[u8; 32] = key.private_key.as_bytes().try_into().ok()?;
            Some(Box::new(Sm2Issuer::new(sm2::PrivateKey::from_bytes(number).ok()?)))
        }
        Algorithm::Rsa => {
            let key = rsa::PrivateKey::from_pkcs1_der(info.private_key.as_bytes()).ok()?;
            Some(Box::new(RsaIssuer::new(key)))
        }
    }
}

fn to_pem(label: &str, der: &[u8]) -> Result<String, MakeError> {
    pem::encode_string(label, LineEnding::LF, der).map_err(|error| MakeError::Der(error.into()))
}

fn from_pem(label: &str, text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (found, der) = pem::decode_vec(text.as_bytes()).ok()?;
    (found == label).then(|| Zeroizing::new(der))
}

/// A name beside `path` that no other process uses.
fn temporary(path: &Path) -> Result<PathBuf, MakeError> {
    Ok(path.with_extension(format!("{}.new", Serial::random()?)))
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), MakeError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    restrict(&mut options, mode);
    let write = |mut out: File| out.write_all(bytes).and_then(|()| out.sync_all());
    options.open(path).and_then(write).map_err(file(path))
}

#[cfg(unix)]
fn restrict(options: &mut OpenOptions, mode: u32) {
    std::os::unix::fs::OpenOptionsExt::mode(options, mode);
}

/// Elsewhere a file has the rights of its folder.
#[cfg(not(unix))]
fn restrict(_options: &mut OpenOptions, _mode: u32) {}

fn file(path: &Path) -> impl FnOnce(io::Error) -> MakeError {
    let path = path.to_owned();
    move |source| MakeError::File { path, source }
}

fn content(path: &Path, reason: &str) -> MakeError {
    MakeError::Content { path: path.to_owned(), reason: reason.to_owned() }
}
