//! Templates as hosts build them. The values live as long as the template.

use cryptoki_sys::*;

/// Attributes in the order in which they were given.
#[derive(Clone, Default)]
pub struct Attributes(Vec<(CK_ATTRIBUTE_TYPE, Vec<u8>)>);

impl Attributes {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn bytes(mut self, kind: CK_ATTRIBUTE_TYPE, value: &[u8]) -> Self {
        self.0.push((kind, value.to_vec()));
        self
    }

    pub fn number(self, kind: CK_ATTRIBUTE_TYPE, value: CK_ULONG) -> Self {
        self.bytes(kind, &value.to_ne_bytes())
    }

    pub fn flag(self, kind: CK_ATTRIBUTE_TYPE, value: bool) -> Self {
        self.bytes(kind, &[u8::from(value)])
    }

    /// The C form; it points into `self`.
    pub fn list(&self) -> Vec<CK_ATTRIBUTE> {
        let attribute = |(kind, value): &(CK_ATTRIBUTE_TYPE, Vec<u8>)| CK_ATTRIBUTE {
            type_: *kind,
            pValue: value.as_ptr().cast_mut().cast(),
            ulValueLen: value.len() as CK_ULONG,
        };
        self.0.iter().map(attribute).collect()
    }
}

/// What SoftHSM needs for an elliptic-curve pair on P-256.
pub fn p256_pair() -> (Attributes, Attributes) {
    const P256: [u8; 10] = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
    let public = Attributes::new().bytes(CKA_EC_PARAMS, &P256).flag(CKA_VERIFY, true);
    let private = Attributes::new().flag(CKA_SIGN, true).flag(CKA_PRIVATE, true);
    (public, private)
}

/// What SoftHSM needs for an RSA pair of 1024 bits: short, so that tests are fast.
pub fn rsa_pair() -> (Attributes, Attributes) {
    let public =
        Attributes::new().number(CKA_MODULUS_BITS, 1024).bytes(CKA_PUBLIC_EXPONENT, &[1, 0, 1]).flag(CKA_VERIFY, true);
    let private = Attributes::new().flag(CKA_SIGN, true).flag(CKA_PRIVATE, true);
    (public, private)
}
