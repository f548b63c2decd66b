//! Codes and numbers: examples, and properties of the check characters.

use proptest::prelude::*;

use super::super::*;

const DIGITS: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Codes of registered companies, not made by this program.
#[test]
fn codes_of_companies_pass() {
    for code in ["91110000600037341L", "91440300708461136T", "91330100799655058B", "9144030071526726XG"] {
        assert_eq!(code.parse::<Uscc>().unwrap().as_str(), code);
    }
    let code: Uscc = "9144030071526726xg".parse().unwrap();
    assert_eq!((code.organisation_code(), code.area()), ("71526726X", "4403"));
}

#[test]
fn faults_are_told_apart() {
    let fault = |code: &str| match code.parse::<Uscc>() {
        Err(MakeError::Identity { fault, .. }) => fault,
        other => panic!("{code}: {other:?}"),
    };
    assert_eq!(fault(""), IdentityFault::Length { found: 0, wanted: 18 });
    assert_eq!(fault("9144030071526726X"), IdentityFault::Length { found: 17, wanted: 18 });
    assert_eq!(fault("9144030071526726I9"), IdentityFault::Character { place: 17, found: 'I' });
    assert_eq!(fault("91A40300708461136T"), IdentityFault::Character { place: 3, found: 'A' });
    assert_eq!(fault("91440300708461136X"), IdentityFault::Check { wanted: 'T' });
    assert_eq!(fault("测1440300708461136T"), IdentityFault::Character { place: 1, found: '测' });
    assert_eq!(Uscc::check("91440300708461136"), Ok('T'));

    let fault = |number: &str| match number.parse::<IdNumber>() {
        Err(MakeError::Identity { fault, .. }) => fault,
        other => panic!("{number}: {other:?}"),
    };
    assert_eq!(fault("110105199913310021"), IdentityFault::Date);
    assert_eq!(fault("110105190002290021"), IdentityFault::Date);
    assert_eq!(fault("11010519491231002Y"), IdentityFault::Check { wanted: 'X' });
    assert_eq!(fault("X10105194912310021"), IdentityFault::Character { place: 1, found: 'X' });
}

/// The two examples of GB 11643-1999, appendix A.
#[test]
fn identity_cards_pass() {
    assert_eq!("11010519491231002x".parse::<IdNumber>().unwrap().as_str(), "11010519491231002X");
    assert_eq!("440524188001010014".parse::<IdNumber>().unwrap().area(), "4405");
}

prop_compose! {
    fn first_seventeen()(head in "[0-9A-HJ-NP-RTUWXY]{2}", area in "[0-9]{6}", body in "[0-9A-HJ-NP-RTUWXY]{9}") -> String {
        head + &area + &body
    }
}

proptest! {
    #[test]
    fn every_made_code_passes_and_every_changed_one_fails(first in first_seventeen(), at in 0_usize..18, to in 0_usize..31) {
        let code = Uscc::complete(&first).unwrap();
        prop_assert!(code.as_str().parse::<Uscc>().is_ok());
        prop_assert!(code.as_str().to_ascii_lowercase().parse::<Uscc>().is_ok());

        let mut changed: Vec<char> = code.as_str().chars().collect();
        let to = DIGITS.chars().nth(to).unwrap();
        prop_assume!(changed[at] != to);
        changed[at] = to;
        let changed: String = changed.into_iter().collect();
        // 31 is prime and no weight is a multiple of it: no single change goes unseen
        prop_assert!(changed.parse::<Uscc>().is_err(), "{changed}");
    }

    #[test]
    fn every_made_number_passes_and_every_changed_one_fails(
        area in "[1-9][0-9]{5}", year in 1900_u32..2100, month in 1_u32..13, day in 1_u32..29, order in 0_u32..1000,
        at in 0_usize..18, to in "[0-9X]",
    ) {
        let number = IdNumber::complete(&format!("{area}{year}{month:02}{day:02}{order:03}")).unwrap();
        prop_assert!(number.as_str().parse::<IdNumber>().is_ok());
        let mut changed = number.as_str().to_owned();
        prop_assume!(changed[at..=at] != to);
        changed.replace_range(at..=at, &to);
        prop_assert!(changed.parse::<IdNumber>().is_err(), "{changed}");
    }

    #[test]
    fn any_text_is_answered(text in ".{0,30}") {
        let _ = (text.parse::<Uscc>(), Uscc::complete(&text), text.parse::<IdNumber>(), IdNumber::complete(&text));
    }
}
