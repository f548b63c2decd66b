//! What stands in the certificates of each layout, read by OpenSSL and compared with what the facts about the CAs say.

use std::path::Path;

use super::{openssl::*, *};

/// A signing certificate, and OpenSSL to read it.
fn make(name: &str, algorithm: Algorithm, subject: &Subject) -> (OpenSsl, std::path::PathBuf) {
    let openssl = OpenSsl::new();
    let authority = authority(layout(name).unwrap(), algorithm);
    let certificate = openssl.pem("holder", &issue(&authority, subject, Usage::Sign).unwrap());
    (openssl, certificate)
}

fn subject_of(name: &str, algorithm: Algorithm, kind: Kind) -> String {
    let (openssl, certificate) = make(name, algorithm, &Subject::first(holder(kind)));
    openssl.name(&certificate, "-subject")
}

/// The content of an extension's OCTET STRING, by `openssl asn1parse`.
fn extension(openssl: &OpenSsl, certificate: &Path, oid: &str) -> Option<Vec<u8>> {
    let parsed = openssl.ok(&["asn1parse", "-in", text(certificate)]);
    let mut lines = parsed.lines().skip_while(|line| !line.ends_with(&format!("OBJECT            :{oid}")));
    lines.next()?;
    let (_, content) = lines.next()?.split_once("OCTET STRING      ")?;
    // bytes that are all printable are shown as they are
    if let Some(text) = content.strip_prefix(':') {
        return Some(text.as_bytes().to_vec());
    }
    let dump = content.strip_prefix("[HEX DUMP]:")?;
    (0..dump.len()).step_by(2).map(|at| u8::from_str_radix(&dump[at..at + 2], 16).ok()).collect()
}

fn utf8(text: &str) -> Vec<u8> {
    [&[0x0C, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
}

fn printable(text: &str) -> Vec<u8> {
    [&[0x13, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
}

#[test]
fn cfca_joins_its_name_with_at_signs() {
    let (uscc, id) = (uscc(), id());
    assert_eq!(
        subject_of("cfca-classic", Algorithm::Sm2, Kind::Organisation),
        format!("C=CN, O=TEST CFCA SM2 OCA1 (ukeyhub), OU=TEST, OU=Organizational-1, CN=041@N{uscc}@{NAME}@00000001")
    );
    assert_eq!(
        subject_of("cfca-classic", Algorithm::Rsa, Kind::Person),
        format!("C=CN, O=TEST CFCA RSA OCA1 (ukeyhub), OU=TEST, OU=Individual-1, CN=041@0{id}@{PERSON}@00000001")
    );
    let newer = subject_of("cfca-newer", Algorithm::Sm2, Kind::Organisation);
    assert!(newer.ends_with(&format!("CN=051@{NAME}@N{uscc}@1")), "{newer}");
    let xiangsheng = subject_of("xiangsheng", Algorithm::Sm2, Kind::Organisation);
    assert!(xiangsheng.ends_with(&format!("CN=CFCA@{NAME}@N{uscc}@1")), "{xiangsheng}");
}

#[test]
fn bjca_has_its_numbers_in_extensions() {
    let (uscc, id) = (uscc(), id());
    let (openssl, certificate) = make("bjca-sm2", Algorithm::Sm2, &Subject::first(holder(Kind::Organisation)));
    assert_eq!(openssl.name(&certificate, "-subject"), format!("C=CN, O={NAME}, OU=TEST, CN={NAME}"));
    assert_eq!(
        openssl.name(&certificate, "-issuer"),
        "C=CN, O=BJCA (ukeyhub TEST), OU=BJCA (ukeyhub TEST), CN=TEST Beijing SM2 CA (ukeyhub)"
    );
    let value = |oid| extension(&openssl, &certificate, oid);
    assert_eq!(value("1.2.156.112562.2.1.1.1"), Some(printable("JJMA0000001")));
    assert_eq!(value("1.2.156.112562.2.1.1.23"), Some(utf8(uscc.as_str())));
    assert_eq!(value("1.2.156.112562.2.1.1.24"), Some(utf8(&format!("1@0000JJ0{uscc}"))));
    assert_eq!(value("1.2.156.10260.4.1.4"), None);

    let (openssl, certificate) = make("bjca-rsa", Algorithm::Rsa, &Subject::first(holder(Kind::LegalPerson)));
    assert_eq!(openssl.name(&certificate, "-subject"), format!("C=CN, O={NAME}, OU=TEST, CN={PERSON}"));
    assert_eq!(extension(&openssl, &certificate, "2.16.840.1.113732.2"), Some(printable(&format!("SF{id}"))));
    assert_eq!(extension(&openssl, &certificate, "1.2.86.11.7.4"), Some(utf8(uscc.as_str())));
}

#[test]
fn xjca_writes_bmp_strings_a_number_for_the_province_and_a_bare_extension() {
    let id = id();
    let subject = Subject { holder: holder(Kind::Person), number: 1, email: Some("test@example.invalid".into()) };
    let (openssl, certificate) = make("xjca", Algorithm::Rsa, &subject);
    assert_eq!(
        openssl.name(&certificate, "-subject"),
        format!("C=CN, ST={id}, L=6501, O=新疆CA, OU=CA中心, emailAddress=test@example.invalid, CN={PERSON}")
    );
    assert_eq!(
        openssl.name(&certificate, "-issuer"),
        "C=CN, ST=新疆维吾尔自治区, L=乌鲁木齐, O=xjca (ukeyhub TEST), OU=xjca (ukeyhub TEST), CN=TEST xjca RSA (ukeyhub)"
    );
    let parsed = openssl.ok(&["asn1parse", "-in", text(&certificate)]);
    assert_eq!(parsed.matches("BMPSTRING").count(), 5);
    assert_eq!(parsed.matches("IA5STRING").count(), 1);
    assert_eq!(parsed.matches("PRINTABLESTRING").count(), 2);
    assert_eq!(extension(&openssl, &certificate, "1.2.86.21.1.1"), Some(format!("1@6017SF0{id}").into_bytes()));
    let purposes = openssl.show(&certificate, &["-ext", "extendedKeyUsage"]);
    assert!(purposes.contains("TLS Web Client Authentication, Time Stamping"), "{purposes}");

    let subject = subject_of("xjca", Algorithm::Sm2, Kind::Organisation);
    assert_eq!(subject, format!("C=CN, ST={}, L=6501, O=新疆CA, OU=CA中心, CN={NAME}", uscc()));
}

#[test]
fn scca_has_prefixed_units_and_the_issuer_names_its_algorithm() {
    let uscc = uscc();
    let mut subject = Subject::first(holder(Kind::Organisation));
    let (openssl, certificate) = make("scca", Algorithm::Sm2, &subject);
    assert_eq!(
        openssl.name(&certificate, "-subject"),
        format!("C=CN, OU=ID3:Organizational, OU=NO.1:{uscc}, serialNumber={uscc}, CN={NAME}")
    );
    assert!(openssl.name(&certificate, "-issuer").contains("OU=SM2 Certificate System, CN=TEST SCEGB CA (ukeyhub)"));

    subject.number = 3;
    let (openssl, certificate) = make("scca", Algorithm::Rsa, &subject);
    assert!(openssl.name(&certificate, "-subject").contains("OU=NO.3:3, serialNumber="));
    assert!(openssl.name(&certificate, "-issuer").contains("OU=RSA Certificate System"));

    assert_eq!(
        subject_of("scca", Algorithm::Sm2, Kind::LegalPerson),
        format!("C=CN, OU=ID3:Personal, OU=NO.2:{NAME}, OU=ID4:{uscc}, serialNumber={}, CN={PERSON}", id())
    );
    assert_eq!(
        subject_of("scca", Algorithm::Sm2, Kind::Person),
        format!("C=CN, OU=ID3:Personal, serialNumber={}, CN={PERSON}", id())
    );
}

#[test]
fn the_standard_profile_and_those_written_after_it() {
    let (uscc, id) = (uscc(), id());
    for name in ["gmt0015-generic", "nmgca", "snca"] {
        let (openssl, certificate) = make(name, Algorithm::Sm2, &Subject::first(holder(Kind::LegalPerson)));
        assert_eq!(extension(&openssl, &certificate, "1.2.156.10260.4.1.1"), Some(printable(id.as_str())), "{name}");
        assert_eq!(extension(&openssl, &certificate, "1.2.156.10260.4.1.4"), Some(utf8(uscc.as_str())), "{name}");
    }
    assert_eq!(
        subject_of("nmgca", Algorithm::Sm2, Kind::Organisation),
        format!("C=CN, ST=内蒙古自治区, L=呼和浩特市, O={NAME}, CN={NAME}_1")
    );
}

/// What keeps a table from saying less than its users think.
#[test]
fn the_table_is_whole() {
    let names: Vec<_> = layouts().unwrap().iter().map(Layout::name).collect();
    let wanted = [
        "cfca-classic",
        "cfca-newer",
        "xiangsheng",
        "bjca-sm2",
        "bjca-rsa",
        "xjca",
        "nmgca",
        "scca",
        "gmt0015-generic",
        "snca",
    ];
    assert_eq!(names, wanted);
    for layout in layouts().unwrap() {
        assert!(!layout.algorithms().is_empty() && !layout.source().1.is_empty() && !layout.title().is_empty());
        let rows = layout.subject_rows().map(|(row, _, source)| (row.value(), source));
        let rows = rows.chain(layout.issuer_rows().map(|(row, _, source)| (row.value(), source)));
        let rows = rows.chain(layout.extension_rows().map(|(row, _, source)| (row.value(), source)));
        rows.for_each(|(value, source)| assert!(!value.is_empty() && !source.is_empty(), "{}", layout.name()));
        for kind in Kind::ALL {
            let names = layout.subject_rows().filter(|(row, ..)| row.kind() == "CN" && row.is_for(kind)).count();
            assert_eq!(names, 1, "{}: CN of {kind}", layout.name());
            // one OID twice in a certificate is not allowed (RFC 5280, 4.2)
            let mut oids: Vec<_> =
                layout.extension_rows().filter(|(row, ..)| row.is_for(kind)).map(|(row, ..)| row.oid()).collect();
            let all = oids.len();
            oids.sort_unstable();
            oids.dedup();
            assert_eq!(oids.len(), all, "{}: extensions of {kind}", layout.name());
        }
    }
    assert!(matches!(layout("none"), Err(MakeError::UnknownLayout(_))));
}
