//! Message signing and verifying over a library that has only the plain forms: the same signatures, by the rules of
//! PKCS#11 3.0, 5.14 and 5.16.

use std::ptr;

use cryptoki_sys::*;
use ukeyhub_artefacts::isolated;
use ukeyhub_vendors::error::Outcome;

use crate::hosts::attributes::{Attributes, rsa_pair};
use crate::hosts::call;
use crate::hosts::mock::Mock;
use crate::hosts::{Module, libraries, plain_mechanism, refused};

struct Signer<'a> {
    module: &'a Module,
    session: CK_SESSION_HANDLE,
    public: CK_OBJECT_HANDLE,
    private: CK_OBJECT_HANDLE,
    mechanism: CK_MECHANISM_TYPE,
}

impl<'a> Signer<'a> {
    fn new(
        module: &'a Module,
        slot: CK_SLOT_ID,
        mechanism: CK_MECHANISM_TYPE,
        pair: &(Attributes, Attributes),
    ) -> Self {
        let session = module.open(slot).unwrap();
        module.login(session, CKU_USER, "1234").unwrap();
        let generate = CKM_RSA_PKCS_KEY_PAIR_GEN;
        let (public, private) = module.generate_pair(session, generate, &pair.0, &pair.1).unwrap();
        Self { module, session, public, private, mechanism }
    }

    fn plain(&self, data: &[u8]) -> Vec<u8> {
        self.module.sign_init(self.session, self.mechanism, self.private).unwrap();
        self.module.sign(self.session, data).unwrap()
    }

    fn init(&self) -> Outcome {
        let mut mechanism = plain_mechanism(self.mechanism);
        call!(self.module, C_MessageSignInit, self.session, &raw mut mechanism, self.private)
    }

    fn init_verify(&self) -> Outcome {
        let mut mechanism = plain_mechanism(self.mechanism);
        call!(self.module, C_MessageVerifyInit, self.session, &raw mut mechanism, self.public)
    }

    /// One C_SignMessage with this room; `None` asks for the length.
    fn message(&self, data: &[u8], room: Option<usize>) -> (Outcome, Vec<u8>, CK_ULONG) {
        let mut data = data.to_vec();
        let mut signature = vec![0; room.unwrap_or(0)];
        let mut length = signature.len() as CK_ULONG;
        let place = if room.is_some() { signature.as_mut_ptr() } else { ptr::null_mut() };
        let (from, size) = (data.as_mut_ptr(), data.len() as CK_ULONG);
        let answer =
            call!(self.module, C_SignMessage, self.session, ptr::null_mut(), 0, from, size, place, &raw mut length);
        (answer, signature, length)
    }

    fn next(&self, part: &[u8], room: Option<&mut [u8]>) -> (Outcome, CK_ULONG) {
        let mut part = part.to_vec();
        let (from, size) = (part.as_mut_ptr(), part.len() as CK_ULONG);
        let mut length = 0;
        let (place, length_place) = match room {
            None => (ptr::null_mut(), ptr::null_mut()),
            Some(room) => {
                length = room.len() as CK_ULONG;
                (if room.is_empty() { ptr::null_mut() } else { room.as_mut_ptr() }, &raw mut length)
            }
        };
        let answer =
            call!(self.module, C_SignMessageNext, self.session, ptr::null_mut(), 0, from, size, place, length_place);
        (answer, length)
    }

    fn verify(&self, data: &[u8], signature: &[u8]) -> Outcome {
        let (mut data, mut signature) = (data.to_vec(), signature.to_vec());
        let (from, size) = (data.as_mut_ptr(), data.len() as CK_ULONG);
        let (proof, length) = (signature.as_mut_ptr(), signature.len() as CK_ULONG);
        call!(self.module, C_VerifyMessage, self.session, ptr::null_mut(), 0, from, size, proof, length)
    }

    fn begin(&self) -> Outcome {
        call!(self.module, C_SignMessageBegin, self.session, ptr::null_mut(), 0)
    }

    fn end(&self) -> Outcome {
        call!(self.module, C_MessageSignFinal, self.session)
    }
}

/// Everything a host can do with message signatures, with a deterministic mechanism.
fn messages(signer: &Signer<'_>) {
    let length = signer.plain(b"x").len();
    assert_eq!(signer.message(b"early", Some(512)).0, refused(CKR_OPERATION_NOT_INITIALIZED));
    assert_eq!(signer.begin(), refused(CKR_OPERATION_NOT_INITIALIZED));
    assert_eq!(signer.end(), refused(CKR_OPERATION_NOT_INITIALIZED));

    let wanted: Vec<Vec<u8>> = [&b"one"[..], b"two", b""].iter().map(|data| signer.plain(data)).collect();
    signer.init().unwrap();
    assert_eq!(signer.init(), refused(CKR_OPERATION_ACTIVE));
    for (data, wanted) in [&b"one"[..], b"two", b""].iter().zip(&wanted) {
        // The length, a buffer that is too small, the signature.
        let (answer, _, needed) = signer.message(data, None);
        assert_eq!((answer, needed as usize), (Ok(()), length));
        let (answer, _, needed) = signer.message(data, Some(length - 1));
        assert_eq!((answer, needed as usize), (refused(CKR_BUFFER_TOO_SMALL), length));
        let (answer, signature, made) = signer.message(data, Some(length));
        assert_eq!((answer, made as usize), (Ok(()), length));
        assert_eq!(&signature, wanted, "not the signature of C_Sign");
    }
    signer.end().unwrap();
    assert_eq!(signer.message(b"late", Some(512)).0, refused(CKR_OPERATION_NOT_INITIALIZED));

    // Several parts.
    let wanted = signer.plain(b"one part, two parts");
    signer.init().unwrap();
    for _ in 0..2 {
        signer.begin().unwrap();
        assert_eq!(signer.begin(), refused(CKR_OPERATION_ACTIVE));
        assert_eq!(signer.next(b"one part", None).0, Ok(()));
        let mut room = vec![0; length];
        let (answer, needed) = signer.next(b", two parts", Some(&mut []));
        assert_eq!((answer, needed as usize), (Ok(()), length));
        let (answer, needed) = signer.next(b", two parts", Some(&mut room[..length - 1]));
        assert_eq!((answer, needed as usize), (refused(CKR_BUFFER_TOO_SMALL), length));
        let (answer, made) = signer.next(b", two parts", Some(&mut room));
        assert_eq!((answer, made as usize), (Ok(()), length));
        assert_eq!(room, wanted, "parts give another signature");
        assert_eq!(signer.next(b"more", None).0, refused(CKR_OPERATION_NOT_INITIALIZED));
    }
    // A single message after those of parts.
    assert_eq!(signer.message(b"one part, two parts", Some(length)).1, wanted);
    signer.end().unwrap();
    verifications(signer);
}

fn verifications(signer: &Signer<'_>) {
    let signature = signer.plain(b"one part, two parts");
    let mut wrong = signature.clone();
    wrong[3] ^= 1;
    signer.init_verify().unwrap();
    assert_eq!(signer.verify(b"one part, two parts", &signature), Ok(()));
    assert_eq!(signer.verify(b"one part, two parts", &wrong), refused(CKR_SIGNATURE_INVALID));
    assert_eq!(signer.verify(b"another", &signature), refused(CKR_SIGNATURE_INVALID));
    assert_eq!(signer.verify(b"one part, two parts", &signature), Ok(()), "a wrong signature ended the operation");
    let next = |part: &[u8], proof: Option<&[u8]>| {
        let (mut part, mut proof) = (part.to_vec(), proof.map(<[u8]>::to_vec));
        let length = proof.as_ref().map_or(0, Vec::len) as CK_ULONG;
        let proof = proof.as_mut().map_or(ptr::null_mut(), |proof| proof.as_mut_ptr());
        let (from, size) = (part.as_mut_ptr(), part.len() as CK_ULONG);
        call!(signer.module, C_VerifyMessageNext, signer.session, ptr::null_mut(), 0, from, size, proof, length)
    };
    for (proof, wanted) in [(&signature, Ok(())), (&wrong, refused(CKR_SIGNATURE_INVALID)), (&signature, Ok(()))] {
        call!(signer.module, C_VerifyMessageBegin, signer.session, ptr::null_mut(), 0).unwrap();
        assert_eq!(next(b"one part", None), Ok(()));
        assert_eq!(next(b", two parts", Some(proof)), wanted);
        assert_eq!(next(b"more", None), refused(CKR_OPERATION_NOT_INITIALIZED));
    }
    assert_eq!(call!(signer.module, C_MessageVerifyFinal, signer.session), Ok(()));
    assert_eq!(signer.verify(b"x", &signature), refused(CKR_OPERATION_NOT_INITIALIZED));
}

fn over_the_mock(test: impl FnOnce(&Module, &Mock, Signer<'_>)) {
    let mock = libraries::one_mock(&[]);
    let module = Module::load();
    module.initialize().unwrap();
    let none = Attributes::new();
    let signer = Signer::new(&module, module.only_slot(), CKM_SHA256_RSA_PKCS, &(none.clone(), none));
    test(&module, &mock, signer);
    module.finalize().unwrap();
}

#[test]
fn messages_are_signed_like_plain_data() {
    isolated(|| over_the_mock(|_, _, signer| messages(&signer)));
}

#[test]
fn messages_are_signed_like_plain_data_over_softhsm() {
    isolated(|| {
        let _store = libraries::one_softhsm();
        let module = Module::load();
        module.initialize().unwrap();
        let signer = Signer::new(&module, module.slots(true)[0], CKM_SHA256_RSA_PKCS, &rsa_pair());
        messages(&signer);
        module.finalize().unwrap();
    });
}

/// Sign and verify run beside each other, and a plain operation of the other kind too.
#[test]
fn signing_and_verifying_messages_do_not_disturb_each_other() {
    isolated(|| {
        over_the_mock(|_, _, signer| {
            let signature = signer.plain(b"data");
            signer.init().unwrap();
            signer.init_verify().unwrap();
            for _ in 0..3 {
                assert_eq!(signer.message(b"data", Some(signature.len())).1, signature);
                assert_eq!(signer.verify(b"data", &signature), Ok(()));
            }
            signer.end().unwrap();
            assert_eq!(signer.verify(b"data", &signature), Ok(()));
        });
    });
}

/// No signature is made that nobody asked for, and an operation that began with the key is not thrown away silently.
#[test]
fn ending_message_signing_makes_no_signature() {
    isolated(|| {
        over_the_mock(|_, mock, signer| {
            mock.tell("reset-counts");
            signer.init().unwrap();
            assert_eq!(signer.end(), Ok(()));
            signer.init().unwrap();
            signer.begin().unwrap();
            assert_eq!(signer.next(b"part", None).0, Ok(()));
            let answer = call!(signer.module, C_SessionCancel, signer.session, CKF_MESSAGE_SIGN);
            assert_eq!(answer, refused(CKR_OPERATION_CANCEL_FAILED));
            assert_eq!([mock.calls("C_Sign"), mock.calls("C_SignFinal")], [0, 0]);
        });
    });
}

/// A parameter that cannot be kept is refused when the operation begins, not misused later.
#[test]
fn a_parameter_with_pointers_cannot_be_kept() {
    isolated(|| {
        over_the_mock(|module, mock, signer| {
            let mut odd = [7u8; 40];
            let mut mechanism = CK_MECHANISM {
                mechanism: CKM_VENDOR_DEFINED | 1,
                pParameter: odd.as_mut_ptr().cast(),
                ulParameterLen: odd.len() as CK_ULONG,
            };
            let answer = call!(module, C_MessageSignInit, signer.session, &raw mut mechanism, signer.private);
            assert_eq!(answer, refused(CKR_MECHANISM_PARAM_INVALID));

            // The parameters of PSS hold no pointer; they reach the plain operation.
            let mut pss = CK_RSA_PKCS_PSS_PARAMS { hashAlg: CKM_SHA256, mgf: CKG_MGF1_SHA256, sLen: 32 };
            let length = size_of::<CK_RSA_PKCS_PSS_PARAMS>();
            let mut mechanism = CK_MECHANISM {
                mechanism: CKM_SHA256_RSA_PKCS_PSS,
                pParameter: (&raw mut pss).cast(),
                ulParameterLen: length as CK_ULONG,
            };
            call!(module, C_MessageSignInit, signer.session, &raw mut mechanism, signer.private).unwrap();
            // The host's own memory may change meanwhile.
            pss = CK_RSA_PKCS_PSS_PARAMS { hashAlg: 0, mgf: 0, sLen: 0 };
            assert_eq!(signer.message(b"data", Some(512)).0, Ok(()));
            let (kind, parameter) = mock.last();
            assert_eq!((kind, parameter.len()), (CKM_SHA256_RSA_PKCS_PSS, length));
            assert_eq!(parameter[..size_of::<CK_ULONG>()], CKM_SHA256.to_ne_bytes());
            assert_eq!({ pss.sLen }, 0);
        });
    });
}
