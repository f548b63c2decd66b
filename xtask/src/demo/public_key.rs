//! From what a token says about a public key to what the rest of the world reads: SubjectPublicKeyInfo (RFC 5280,
//! RFC 5480, RFC 8017 A.1) and ECDSA-Sig-Value (RFC 3279). No cryptography happens here.

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode, Encode, Sequence};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// The curve P-256, as CKA_EC_PARAMS wants it
pub const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

#[derive(Sequence)]
struct EcdsaSignature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// SubjectPublicKeyInfo of an RSA key from CKA_MODULUS and CKA_PUBLIC_EXPONENT (big-endian).
pub fn rsa(modulus: &[u8], exponent: &[u8]) -> der::Result<Vec<u8>> {
    let key = RsaPublicKey { modulus: UintRef::new(modulus)?, exponent: UintRef::new(exponent)? }.to_der()?;
    info(RSA_ENCRYPTION, AnyRef::NULL, &key)
}

/// SubjectPublicKeyInfo of an elliptic-curve key from CKA_EC_PARAMS and CKA_EC_POINT. The standard wraps the point in
/// an OCTET STRING; some libraries give it bare.
pub fn ec(parameters: &[u8], point: &[u8]) -> der::Result<Vec<u8>> {
    let point = <&OctetStringRef>::from_der(point).map_or(point, OctetStringRef::as_bytes);
    info(EC_PUBLIC_KEY, AnyRef::from_der(parameters)?, point)
}

/// ECDSA-Sig-Value from PKCS#11's r‖s of equal lengths.
pub fn ecdsa_signature(raw: &[u8]) -> der::Result<Vec<u8>> {
    let (r, s) = raw.split_at(raw.len() / 2);
    EcdsaSignature { r: UintRef::new(r)?, s: UintRef::new(s)? }.to_der()
}

fn info(oid: ObjectIdentifier, parameters: AnyRef<'_>, key: &[u8]) -> der::Result<Vec<u8>> {
    let algorithm = AlgorithmIdentifierRef { oid, parameters: Some(parameters) };
    SubjectPublicKeyInfoRef { algorithm, subject_public_key: BitStringRef::from_bytes(key)? }.to_der()
}

#[cfg(test)]
mod tests {
    use der::Encode;

    use super::{P256, ec, ecdsa_signature, rsa};

    #[test]
    fn an_rsa_key_is_encoded_as_rfc_8017_says() {
        let expected = [
            0x30, 0x1c, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03,
            0x0b, 0x00, 0x30, 0x08, 0x02, 0x02, 0x00, 0xc1, 0x02, 0x02, 0x01, 0x01,
        ];
        assert_eq!(rsa(&[0xc1], &[0x01, 0x01]).unwrap(), expected);
        assert_eq!(rsa(&[0, 0, 0xc1], &[0, 0x01, 0x01]).unwrap(), expected, "leading zeros do not count");
    }

    #[test]
    fn a_point_is_accepted_wrapped_and_bare() {
        let bare: Vec<u8> = std::iter::once(4).chain(0..64).collect();
        let wrapped: Vec<u8> = [4, 65].into_iter().chain(bare.iter().copied()).collect();
        let parameters = P256.to_der().unwrap();
        let encoded = ec(&parameters, &bare).unwrap();
        assert_eq!(encoded, ec(&parameters, &wrapped).unwrap());
        assert_eq!(encoded.len(), 91);
        assert!(encoded.ends_with(&bare));
    }

    #[test]
    fn a_signature_becomes_two_positive_integers() {
        assert_eq!(ecdsa_signature(&[0x00, 0x01, 0x80, 0x00]).unwrap(), [0x30, 8, 2, 1, 1, 2, 3, 0, 0x80, 0]);
    }
}
