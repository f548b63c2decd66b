//! The isolation itself: another process, its failures seen, its limit kept, its environment clean.
// A function beside the tests fails by panicking, where clippy.toml does not reach.
#![allow(clippy::panic)]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use ukeyhub_artefacts::{Isolation, is_isolated, isolated, isolated_with_env, set_env};

/// The message of the parent's panic; in the child the panic goes on.
fn failure_of(run: impl FnOnce()) -> String {
    match catch_unwind(AssertUnwindSafe(run)) {
        Err(payload) if is_isolated() => resume_unwind(payload),
        Err(payload) => payload.downcast_ref::<String>().cloned().unwrap_or_default(),
        Ok(()) if is_isolated() => String::new(),
        Ok(()) => panic!("a body that must fail has passed"),
    }
}

#[test]
fn a_body_runs_in_another_process() {
    let here = std::process::id().to_string();
    isolated_with_env(&[("TEST_PARENT", &here)], || {
        assert!(is_isolated());
        assert_ne!(std::env::var("TEST_PARENT").unwrap(), std::process::id().to_string());
    });
}

mod below {
    #[test]
    fn a_module_path_is_part_of_the_name() {
        super::isolated(|| {
            assert_eq!(std::env::var("UKEYHUB_ISOLATED").unwrap(), "below::a_module_path_is_part_of_the_name")
        });
    }
}

#[test]
fn a_failing_body_fails_the_test() {
    let message = failure_of(|| isolated(|| panic!("on purpose")));
    if !is_isolated() {
        assert!(message.contains("did not reach its end"), "{message}");
    }
}

#[test]
fn a_body_that_leaves_early_fails_the_test() {
    let message = failure_of(|| isolated(|| std::process::exit(0)));
    assert!(message.contains("did not reach its end"), "{message}");
}

#[test]
fn a_body_that_hangs_is_killed() {
    let hang = || std::thread::sleep(Duration::from_secs(600));
    let message = failure_of(|| Isolation::new().limit(Duration::from_millis(300)).run(hang));
    assert!(message.contains("took longer"), "{message}");
}

#[test]
fn an_expected_end_is_reported() {
    let status = Isolation::new().status(|| std::process::exit(7));
    assert_eq!(status.and_then(|status| status.code()), Some(7));
}

#[test]
fn a_body_may_set_variables_of_its_own_process() {
    isolated(|| {
        set_env("TEST_OWN", "x");
        assert_eq!(std::env::var("TEST_OWN").unwrap(), "x");
    });
    assert!(is_isolated() || std::env::var_os("TEST_OWN").is_none());
}

#[test]
fn only_the_named_variables_of_ours_reach_the_child() {
    isolated_with_env(&[("UKEYHUB_CONFIG", "/nowhere")], || {
        let ours: Vec<String> = std::env::vars()
            .map(|(name, _)| name)
            .filter(|name| name.starts_with("UKEYHUB_") && name != "UKEYHUB_ARTEFACTS")
            .collect();
        assert_eq!(ours.len(), 3, "{ours:?}");
        assert!(ours.iter().any(|name| name == "UKEYHUB_CONFIG"));
    });
}
