//! What a trace says: functions, mechanisms, attributes and answers by name, one line each.

use cryptoki_sys::*;
use ukeyhub_artefacts::isolated;

use crate::Log;
use crate::hosts::attributes::Attributes;
use crate::hosts::call;
use crate::hosts::libraries::Libraries;
use crate::hosts::{Module, plain_mechanism};

/// The lines that hold all of these words.
fn lines<'a>(text: &'a str, words: &[&str]) -> Vec<&'a str> {
    text.lines().filter(|line| words.iter().all(|word| line.contains(word))).collect()
}

#[test]
fn a_trace_names_functions_mechanisms_attributes_and_answers() {
    isolated(|| {
        let log = Log::new(&[]);
        let module = Module::load();
        module.initialize().unwrap();
        let session = module.open(module.only_slot()).unwrap();
        module.login(session, CKU_USER, "1234").unwrap();
        let private = Attributes::new().flag(CKA_SIGN, true).bytes(0x8000_1234, b"x");
        let public = Attributes::new().number(CKA_MODULUS_BITS, 2048);
        let (_, key) = module.generate_pair(session, CKM_RSA_PKCS_KEY_PAIR_GEN, &public, &private).unwrap();
        module.sign_init(session, CKM_SHA256_RSA_PKCS, key).unwrap();
        module.sign(session, b"data").unwrap();
        module.sign_init(session, CKM_VENDOR_DEFINED | 0x99, key).unwrap();
        assert!(module.sign_init(session, CKM_ECDSA, key).is_err());
        assert!(module.session_info(session ^ 1).is_err());
        let mut query = Attributes::new().bytes(CKA_LABEL, &[0; 8]).list();
        query[0].pValue = std::ptr::null_mut();
        _ = call!(module, C_GetAttributeValue, session, key, query.as_mut_ptr(), 1);
        module.finalize().unwrap();

        let text = log.text();
        let handle = session.to_string();
        for words in [
            &["C_Initialize"][..],
            &["C_OpenSession", "CKR_OK"],
            &["C_Login", "CKU_USER", &handle],
            &["C_Login", "CKR_OK"],
            &["C_GenerateKeyPair", "CKM_RSA_PKCS_KEY_PAIR_GEN", "CKA_MODULUS_BITS", "CKA_SIGN", "0x80001234"],
            &["C_SignInit", "CKM_SHA256_RSA_PKCS", &handle],
            &["C_SignInit", "0x80000099"],
            &["C_SignInit", "CKR_OPERATION_ACTIVE"],
            &["C_Sign", "CKR_OK"],
            &["C_GetSessionInfo", "CKR_SESSION_HANDLE_INVALID"],
            &["C_GetAttributeValue", "CKA_LABEL"],
            &["C_Finalize", "CKR_OK"],
        ] {
            assert!(!lines(&text, words).is_empty(), "no line with {words:?} in\n{text}");
        }
        let pid = format!(" {} ", std::process::id());
        for line in text.lines() {
            assert!(line.starts_with("20") && line.contains(&pid), "{line}");
        }
    });
}

/// Every function of the interface in force leaves its name and its answer.
#[test]
fn every_function_is_in_the_trace() {
    isolated(|| {
        let log = Log::new(&["version=3.2"]);
        let module = Module::load();
        module.initialize().unwrap();
        let session = module.open(module.only_slot()).unwrap();
        let mut mechanism = plain_mechanism(CKM_AES_GCM);
        _ = call!(module, C_MessageEncryptInit, session, &raw mut mechanism, 1);
        let (none, mut length) = (std::ptr::null_mut(), 0);
        let mechanism = &raw mut mechanism;
        _ = call!(module, C_WrapKeyAuthenticated, session, mechanism, 1, 1, none, 0, none, &raw mut length);
        _ = call!(module, C_SessionCancel, session, CKF_SIGN);
        // SAFETY: integers and byte arrays.
        let mut info: CK_INFO = unsafe { std::mem::zeroed() };
        call!(module, C_GetInfo, &raw mut info).unwrap();
        module.finalize().unwrap();
        let text = log.text();
        for name in ["C_MessageEncryptInit", "C_WrapKeyAuthenticated", "C_SessionCancel", "C_GetInfo"] {
            assert!(lines(&text, &[name, "answer="]).len() == 1, "{name} in\n{text}");
        }
        assert!(!lines(&text, &["C_MessageEncryptInit", "CKM_AES_GCM"]).is_empty());
    });
}

#[test]
fn levels_choose_what_is_said() {
    isolated(|| {
        let mut sizes = Vec::new();
        let log = Log::new(&[]);
        let module = Module::load();
        for level in ["error", "warn", "info", "debug", "trace"] {
            let before = std::fs::metadata(&log.path).map_or(0, |data| data.len());
            let missing = std::path::Path::new("/nonexistent/library.so");
            let line = format!("log-level = \"{level}\"");
            Libraries::new().line(&line).library("missing", missing).library("mock", &log.mock.path).use_here();
            module.initialize().unwrap();
            let session = module.open(module.only_slot()).unwrap();
            assert!(module.session_info(session ^ 1).is_err());
            module.finalize().unwrap();
            sizes.push(std::fs::metadata(&log.path).unwrap().len() - before);
        }
        assert_eq!(sizes[0], 0, "{sizes:?}");
        assert!(sizes[1] > 0 && sizes.is_sorted() && sizes[2] < sizes[3] && sizes[3] < sizes[4], "{sizes:?}");
    });
}

/// What a library or a host brings cannot begin a line of its own.
#[test]
fn one_event_is_one_line() {
    isolated(|| {
        let log = Log::new(&[]);
        let module = Module::load();
        let odd = std::path::Path::new("/nonexistent/odd\n2026-01-01 forged line\u{1b}[31m.so");
        let text = format!(
            "discover = false\nlog-level = \"trace\"\n[[library]]\nname = \"odd\"\npath = {:?}\n",
            odd.to_str().unwrap().replace('\u{1b}', "")
        );
        let file = ukeyhub_artefacts::config(&text);
        ukeyhub_artefacts::set_env("UKEYHUB_CONFIG", file.path());
        module.initialize().unwrap();
        module.finalize().unwrap();
        let text = log.text();
        assert!(text.contains("forged line"), "the reason is missing:\n{text}");
        let pid = format!(" {} ", std::process::id());
        assert!(text.lines().all(|line| line.contains(&pid)), "a line was forged:\n{text}");
    });
}
