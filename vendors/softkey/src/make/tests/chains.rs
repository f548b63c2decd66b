//! Every layout, algorithm, kind and usage: OpenSSL parses the certificate, its chain verifies, its key usage is right.

use std::time::{Duration, SystemTime};

use super::{openssl::OpenSsl, *};

#[test]
fn every_certificate_of_every_layout_verifies() {
    for layout in layouts().unwrap() {
        for algorithm in layout.algorithms() {
            let openssl = OpenSsl::new();
            let authority = authority(layout, *algorithm);
            let root = openssl.pem("root", authority.certificate());
            for kind in Kind::ALL {
                for usage in [Usage::Sign, Usage::Encrypt] {
                    let der = issue(&authority, &Subject::first(holder(kind)), usage).unwrap();
                    let certificate = openssl.pem("holder", &der);
                    let verified = match algorithm {
                        Algorithm::Sm2 => openssl.verify_sm2(&root, &certificate, &[]),
                        Algorithm::Rsa => openssl.verify(&root, &certificate, &[]),
                    };
                    assert_eq!(verified, Ok(()), "{} {algorithm} {kind} {usage:?}", layout.name());
                    assert_eq!(openssl.name(&certificate, "-issuer"), openssl.name(&root, "-subject"));
                    check_usage(&openssl.show(&certificate, &["-ext", "keyUsage"]), usage);
                    let all = openssl.show(&certificate, &["-text"]);
                    let (signature, public) = match algorithm {
                        Algorithm::Sm2 => ("Signature Algorithm: SM2-with-SM3", "ASN1 OID: SM2"),
                        Algorithm::Rsa => ("Signature Algorithm: sha256WithRSAEncryption", "Public-Key: (2048 bit)"),
                    };
                    assert!(all.contains(signature) && all.contains(public), "{all}");
                }
            }
        }
    }
}

fn check_usage(text: &str, usage: Usage) {
    let wanted = match usage {
        Usage::Sign => "Digital Signature, Non Repudiation",
        Usage::Encrypt => "Key Encipherment, Data Encipherment, Key Agreement",
    };
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    assert_eq!(lines, ["X509v3 Key Usage: critical", wanted]);
}

#[test]
fn an_authority_says_that_it_is_one_and_that_it_is_a_test() {
    for layout in layouts().unwrap() {
        for algorithm in layout.algorithms() {
            let openssl = OpenSsl::new();
            let root = openssl.pem("root", authority(layout, *algorithm).certificate());
            let all = openssl.show(&root, &["-text"]);
            assert!(all.contains("CA:TRUE, pathlen:0") && all.contains("Certificate Sign, CRL Sign"), "{all}");
            let name = openssl.name(&root, "-subject");
            assert!(name.contains("TEST") && name.contains("ukeyhub"), "{name}");
            assert_eq!(openssl.verify_root(&root, *algorithm), Ok(()));
        }
    }
}

#[test]
fn a_changed_certificate_and_a_foreign_authority_do_not_verify() {
    let openssl = OpenSsl::new();
    let layout = layout("bjca-sm2").unwrap();
    let (one, two) = (authority(layout, Algorithm::Sm2), authority(layout, Algorithm::Sm2));
    let (one_pem, two_pem) = (openssl.pem("one", one.certificate()), openssl.pem("two", two.certificate()));
    let der = issue(&one, &Subject::first(holder(Kind::Organisation)), Usage::Sign).unwrap();
    let good = openssl.pem("good", &der);
    assert_eq!(openssl.verify_sm2(&one_pem, &good, &[]), Ok(()));
    assert!(openssl.verify_sm2(&two_pem, &good, &[]).is_err());
    assert!(openssl.verify(&one_pem, &good, &["-vfyopt", "distid:8765432187654321"]).is_err());

    let at = der.windows(6).position(|part| part == "测试".as_bytes()).unwrap();
    let mut changed = der.clone();
    changed[at + 2] ^= 1;
    let changed = openssl.pem("changed", &changed);
    assert!(openssl.verify_sm2(&one_pem, &changed, &[]).unwrap_err().contains("signature failure"));
}

#[test]
fn periods_are_what_openssl_reads() {
    let openssl = OpenSsl::new();
    let authority = authority(layout("gmt0015-generic").unwrap(), Algorithm::Sm2);
    let root = openssl.pem("root", authority.certificate());
    let now = SystemTime::now();
    let make = |name: &str, period| {
        let (subject, serial) = (Subject::first(holder(Kind::Person)), Serial::random().unwrap());
        let key = key(Algorithm::Sm2);
        let request = Request { subject: &subject, usage: Usage::Sign, key: &key, serial: &serial, period };
        openssl.pem(name, &authority.issue(&request).unwrap())
    };

    let expired = make("expired", Period::expired(now, 1).unwrap());
    assert!(openssl.verify_sm2(&root, &expired, &[]).unwrap_err().contains("certificate has expired"));
    assert_eq!(openssl.verify_sm2(&root, &expired, &["-no_check_time"]), Ok(()));

    let soon = make("soon", Period::expiring_in(now, 30).unwrap());
    assert_eq!(openssl.verify_sm2(&root, &soon, &[]), Ok(()));
    let at = |days: u64| {
        let time = now.duration_since(SystemTime::UNIX_EPOCH).unwrap() + Duration::from_secs(days * 86_400);
        time.as_secs().to_string()
    };
    assert_eq!(openssl.verify_sm2(&root, &soon, &["-attime", &at(29)]), Ok(()));
    assert!(openssl.verify_sm2(&root, &soon, &["-attime", &at(31)]).is_err());

    let from = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 999_999_999);
    let exact = make("exact", Period::new(from, from + Duration::from_secs(60)).unwrap());
    let dates = openssl.show(&exact, &["-dates"]);
    assert_eq!(dates, "notBefore=Nov 14 22:13:20 2023 GMT\nnotAfter=Nov 14 22:14:20 2023 GMT\n");
}

#[test]
fn periods_that_are_none_or_outlive_the_authority_are_refused() {
    let now = SystemTime::now();
    let second = Duration::from_secs(1);
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    for (from, to) in [
        (now, now - second),
        (at(0), now),
        (SystemTime::UNIX_EPOCH - second, now),
        (now, at(2_524_608_000)),
        (at(1_262_304_000) - second, now),
    ] {
        assert!(matches!(Period::new(from, to), Err(MakeError::Period(_))), "{from:?} {to:?}");
    }
    for days in [1, 30, 365, 400, 3650] {
        let period = Period::expiring_in(now, days).unwrap();
        assert!(period.from() <= now && period.to() > now + Duration::from_secs(86_400) * (days - 1), "{days}");
    }
    for absurd in [100_000, u32::MAX] {
        assert!(Period::years(now, absurd).is_err());
        assert!(Period::expired(now, absurd).is_err());
        assert!(Period::expiring_in(now, absurd).is_err());
    }
}

#[test]
fn serial_numbers_are_positive_and_short_enough() {
    assert_eq!(Serial::new(&[0, 0, 0x12, 0xAB]).unwrap().to_string(), "12AB");
    assert!(Serial::new(&[0x7F; 20]).is_ok() && Serial::new(&[0xFF; 19]).is_ok());
    for wrong in [&[][..], &[0], &[0; 30], &[0x80; 20], &[1; 21]] {
        assert!(matches!(Serial::new(wrong), Err(MakeError::Serial)), "{wrong:?}");
    }
    assert_ne!(Serial::random().unwrap(), Serial::random().unwrap());

    let openssl = OpenSsl::new();
    let authority = authority(layout("snca").unwrap(), Algorithm::Sm2);
    for bytes in [&[1][..], &[0x80, 0], &[0xFF; 19], &[0x7F; 20]] {
        let (subject, serial) = (Subject::first(holder(Kind::Person)), Serial::new(bytes).unwrap());
        let (key, period) = (key(Algorithm::Sm2), Period::years(SystemTime::now(), 1).unwrap());
        let request = Request { subject: &subject, usage: Usage::Sign, key: &key, serial: &serial, period };
        let certificate = openssl.pem("serial", &authority.issue(&request).unwrap());
        let digits = openssl.show(&certificate, &["-serial"]).trim().trim_start_matches("serial=").to_owned();
        assert_eq!(digits, serial.to_string());
    }
}
