//! What the flags of slots and tokens are called: every one for programs, those that matter in words for people.
//! It must not leave out a flag that the standard names.

use cryptoki_sys::*;

use crate::messages::TokenState;

/// The flags of CK_SLOT_INFO (PKCS#11 3.0, 3.3), for programs.
const SLOT: &[(CK_FLAGS, &str)] =
    &[(CKF_TOKEN_PRESENT, "token-present"), (CKF_REMOVABLE_DEVICE, "removable-device"), (CKF_HW_SLOT, "hw-slot")];

/// The flags of CK_TOKEN_INFO (PKCS#11 3.2, 3.3), for programs.
const TOKEN: &[(CK_FLAGS, &str)] = &[
    (CKF_RNG, "rng"),
    (CKF_WRITE_PROTECTED, "write-protected"),
    (CKF_LOGIN_REQUIRED, "login-required"),
    (CKF_USER_PIN_INITIALIZED, "user-pin-initialized"),
    (CKF_RESTORE_KEY_NOT_NEEDED, "restore-key-not-needed"),
    (CKF_CLOCK_ON_TOKEN, "clock-on-token"),
    (CKF_PROTECTED_AUTHENTICATION_PATH, "protected-authentication-path"),
    (CKF_DUAL_CRYPTO_OPERATIONS, "dual-crypto-operations"),
    (CKF_TOKEN_INITIALIZED, "token-initialized"),
    (CKF_SECONDARY_AUTHENTICATION, "secondary-authentication"),
    (CKF_USER_PIN_COUNT_LOW, "user-pin-count-low"),
    (CKF_USER_PIN_FINAL_TRY, "user-pin-final-try"),
    (CKF_USER_PIN_LOCKED, "user-pin-locked"),
    (CKF_USER_PIN_TO_BE_CHANGED, "user-pin-to-be-changed"),
    (CKF_SO_PIN_COUNT_LOW, "so-pin-count-low"),
    (CKF_SO_PIN_FINAL_TRY, "so-pin-final-try"),
    (CKF_SO_PIN_LOCKED, "so-pin-locked"),
    (CKF_SO_PIN_TO_BE_CHANGED, "so-pin-to-be-changed"),
    (CKF_ERROR_STATE, "error-state"),
    (CKF_SEED_RANDOM_REQUIRED, "seed-random-required"),
    (CKF_ASYNC_SESSION_SUPPORTED, "async-session-supported"),
];

/// The names of a slot's flags, for programs. A flag without a name is left to the number beside them.
pub fn of_slot(flags: CK_FLAGS) -> Vec<&'static str> {
    named(SLOT, flags)
}

/// The names of a token's flags, for programs. A flag without a name is left to the number beside them.
pub fn of_token(flags: CK_FLAGS) -> Vec<&'static str> {
    named(TOKEN, flags)
}

fn named(table: &[(CK_FLAGS, &'static str)], flags: CK_FLAGS) -> Vec<&'static str> {
    table.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, name)| *name).collect()
}

/// What people should know of a token, the most ordinary first. Of several warnings about one PIN the worst is said;
/// before a token is initialised its PINs mean nothing.
pub fn in_words(flags: CK_FLAGS, words: &TokenState) -> Vec<&'static str> {
    let is = |flag: CK_FLAGS| flags & flag != 0;
    let only_if = |flag, text| is(flag).then_some(text);
    let pins = if is(CKF_TOKEN_INITIALIZED) { about_pins(flags, words) } else { Vec::new() };
    let first = if is(CKF_TOKEN_INITIALIZED) { words.initialised } else { words.not_initialised };
    let others = [only_if(CKF_WRITE_PROTECTED, words.write_protected), only_if(CKF_ERROR_STATE, words.error_state)];
    std::iter::once(first).chain(pins).chain(others.into_iter().flatten()).collect()
}

fn about_pins(flags: CK_FLAGS, words: &TokenState) -> Vec<&'static str> {
    let worst = |warnings: &[(CK_FLAGS, &'static str)]| {
        warnings.iter().find(|(flag, _)| flags & flag != 0).map(|(_, warning)| *warning)
    };
    [
        worst(&[(CKF_USER_PIN_INITIALIZED, words.pin_set)]).or(Some(words.no_pin)),
        worst(&[(CKF_LOGIN_REQUIRED, words.login_required)]),
        worst(&[(CKF_PROTECTED_AUTHENTICATION_PATH, words.protected_path)]),
        worst(&[
            (CKF_USER_PIN_LOCKED, words.pin_locked),
            (CKF_USER_PIN_FINAL_TRY, words.pin_final_try),
            (CKF_USER_PIN_COUNT_LOW, words.pin_count_low),
        ]),
        worst(&[(CKF_USER_PIN_TO_BE_CHANGED, words.pin_to_be_changed)]),
        worst(&[
            (CKF_SO_PIN_LOCKED, words.so_pin_locked),
            (CKF_SO_PIN_FINAL_TRY, words.so_pin_final_try),
            (CKF_SO_PIN_COUNT_LOW, words.so_pin_count_low),
        ]),
        worst(&[(CKF_SO_PIN_TO_BE_CHANGED, words.so_pin_to_be_changed)]),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::{EN, ZH};

    #[test]
    fn an_ordinary_token_in_words() {
        let flags = CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED | CKF_LOGIN_REQUIRED | CKF_RNG;
        assert_eq!(in_words(flags, &EN.state), ["initialised", "PIN set", "login required"]);
        let empty = CKF_LOGIN_REQUIRED | CKF_SO_PIN_LOCKED | CKF_WRITE_PROTECTED;
        assert_eq!(in_words(empty, &EN.state), ["not initialised", "write protected"]);
        assert_eq!(in_words(CKF_TOKEN_INITIALIZED, &EN.state), ["initialised", "no PIN set"]);
    }

    #[test]
    fn the_worst_warning_about_a_pin_is_said() {
        let low = CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED | CKF_USER_PIN_COUNT_LOW;
        assert_eq!(in_words(low, &ZH.state).last(), Some(&"PIN 码曾输错"));
        assert_eq!(in_words(low | CKF_USER_PIN_FINAL_TRY, &ZH.state).last(), Some(&"PIN 码剩余验证次数 1 次"));
        let locked = low | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED;
        assert_eq!(in_words(locked, &ZH.state), ["已初始化", "已设置 PIN 码", "PIN 码已锁定"]);
    }

    #[test]
    fn every_flag_has_one_name() {
        for table in [SLOT, TOKEN] {
            for (at, (flag, name)) in table.iter().enumerate() {
                assert_eq!(flag.count_ones(), 1, "{name}");
                assert!(table[..at].iter().all(|(other, known)| other != flag && known != name), "{name}");
            }
        }
        assert_eq!(of_token(CKF_RNG | CKF_TOKEN_INITIALIZED), ["rng", "token-initialized"]);
        assert_eq!(of_slot(CKF_HW_SLOT | 1 << 30), ["hw-slot"]);
    }
}
