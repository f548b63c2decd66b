//! Lines, counting, and each kind of fault; those that end a process do so in a child.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::*;

fn faults(text: &str) -> Faults {
    Faults::from_variable(Some(text.into()))
}

fn answers(faults: &Faults, function: &str, calls: usize) -> Vec<Option<u32>> {
    (0..calls).map(|_| faults.before(function).answer).collect()
}

#[test]
fn a_line_is_for_its_call_of_its_function() {
    let named = faults(
        "at=2 call=SKF_ECCSignData do=return:0x0A000001 # once\n\nat=3+ call=SKF_GenRandom do=return:SAR_PIN_LOCKED",
    );
    assert_eq!(answers(&named, "SKF_ECCSignData", 3), [None, Some(0x0A00_0001), None]);
    assert_eq!(answers(&named, "SKF_GenRandom", 4), [None, None, Some(0x0A00_0025), Some(0x0A00_0025)]);
    assert_eq!(answers(&named, "SKF_EnumDev", 4), [None; 4]);
    let both = faults("at=* call=* do=return:0x00000001; at=1 call=SKF_EnumDev do=return:0x00000002");
    assert_eq!((answers(&both, "SKF_EnumDev", 1), answers(&both, "SKF_Mac", 1)), (vec![Some(1)], vec![Some(1)]));
}

#[test]
fn threads_share_one_count() {
    let faults = faults("at=50 call=SKF_Mac do=return:0x00000001");
    let hits = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..4).map(|_| scope.spawn(|| answers(&faults, "SKF_Mac", 25).iter().flatten().count())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
    });
    assert_eq!(hits, 1);
}

#[test]
fn deeds_before_and_after_the_work_are_kept_apart() {
    let faults = faults(
        "at=1 call=SKF_Mac do=remove-key; at=2 call=SKF_Mac when=after do=return:SAR_FAIL; at=2 call=SKF_Mac when=after do=remove-key",
    );
    let first = faults.before("SKF_Mac");
    assert!(first.remove_key && first.answer.is_none());
    assert_eq!(first.after(), Outcome::default());
    let second = faults.before("SKF_Mac");
    assert!(!second.remove_key && second.answer.is_none());
    let outcome = second.after();
    assert!(outcome.remove_key && outcome.answer == Some(0x0A00_0001) && !outcome.changes_outputs());
}

#[test]
fn delays_are_on_their_side_of_the_work() {
    let faults = faults("at=1 call=SKF_Mac do=delay:60; at=2 call=SKF_Mac when=after do=delay:60");
    let timed = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed() >= Duration::from_millis(60)
    };
    let mut action = Action::default();
    assert!(timed(&mut || action = faults.before("SKF_Mac")) && !timed(&mut || _ = action.after()));
    assert!(!timed(&mut || action = faults.before("SKF_Mac")) && timed(&mut || _ = action.after()));
}

#[test]
fn outputs_are_spoilt_only_when_asked_and_the_same_in_each_run() {
    let spoilt = |text: &str| {
        let action = faults(text).before("SKF_Mac");
        let mut output = [0xA5; 16];
        action.after().spoil(&mut output);
        output
    };
    assert_eq!(spoilt("at=2 call=SKF_Mac do=garbage"), [0xA5; 16]);
    let garbage = spoilt("at=1 call=SKF_Mac do=garbage");
    assert_ne!(garbage, [0xA5; 16]);
    assert_eq!(garbage, spoilt("at=1 call=SKF_Mac do=garbage"));
    let lengths = |change: &str, length| {
        let outcome = faults(&format!("at=1 call=SKF_Mac do=length:{change}")).before("SKF_Mac").after();
        assert!(outcome.changes_outputs());
        outcome.length(length)
    };
    assert_eq!((lengths("+7", 16), lengths("-7", 16), lengths("-7", 3), lengths("=7", 16)), (23, 9, 0, 7));
    assert_eq!(lengths("+1", u32::MAX), 0);
    assert_eq!(Outcome::default().length(16), 16);
}

#[test]
fn what_is_wrong_is_named_and_every_call_says_so() {
    let cases = [
        ("\nat=1 call=SKF_EnumDevs do=hang", "2: \"SKF_EnumDevs\" is no function"),
        ("at=1 call=SKF_Mac do=hang;at=0 call=SKF_Mac do=hang", "2: at=\"0\""),
        ("at=1 call=SKF_Mac do=explode", "1: do=\"explode\""),
        ("at=1 call=SKF_Mac do=crash:quietly", "1: do=\"crash:quietly\""),
        ("at=1 call=SKF_Mac do=return:SAR_NO", "1: \"SAR_NO\" is neither"),
        ("at=1 call=SKF_Mac do=delay:-1", "1: do=\"delay:-1\""),
        ("at=1 call=SKF_Mac do=length:7", "1: do=\"length:7\""),
        ("at=1 call=SKF_Mac do=length:++7", "1: do=\"length:++7\""),
        ("at=1 call=SKF_Mac do=length:-é", "1: do=\"length:-é\""),
        ("at=1 call=SKF_Mac when=before do=garbage", "1: garbage and length"),
        ("at=1 call=SKF_Mac when=now do=hang", "1: when=\"now\""),
        ("at=1 at=2 call=SKF_Mac do=hang", "1: double key \"at\""),
        ("at=1 call=SKF_Mac", "1: key \"do\" is missing"),
        ("call=SKF_Mac do=hang", "1: key \"at\" is missing"),
        ("at=1 do=hang", "1: key \"call\" is missing"),
        ("at=1 call=SKF_Mac do=hang now", "1: \"now\" is not key=value"),
        ("at=1 call=SKF_Mac do=hang by=me", "1: unknown key \"by\""),
    ];
    for (text, expected) in cases {
        let faults = faults(text);
        let said = faults.broken().unwrap().to_string();
        assert!(said.starts_with(&format!("{VARIABLE}:{expected}")), "{text:?}: {said}");
        assert_eq!(answers(&faults, "SKF_EnumDev", 2), [Some(BROKEN); 2]);
    }
}

#[test]
fn lines_come_from_a_file_too() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(answers(&Faults::of_key(folder.path()), "SKF_Mac", 1), [None]);
    let file = folder.path().join(FILE);
    fs::write(&file, "# a comment\r\nat=1 call=SKF_Mac do=return:0x00000007\r\n").unwrap();
    assert_eq!(answers(&Faults::of_key(folder.path()), "SKF_Mac", 2), [Some(7), None]);
    assert_eq!(answers(&faults(&format!("@{}", file.display())), "SKF_Mac", 1), [Some(7)]);
    fs::write(&file, b"at=1 call=\xFF").unwrap();
    assert_eq!(answers(&Faults::of_key(folder.path()), "SKF_Mac", 1), [Some(BROKEN)]);
    let absent = faults("@/nowhere/at/all");
    assert!(absent.broken().unwrap().to_string().contains("/nowhere/at/all"), "a named file must exist");
    assert!(Faults::from_variable(None).broken().is_none());
}

/// This test again in a process of its own, where the variable makes it the victim.
fn child(text: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let name = "faults::tests::crashes_and_hangs_are_real";
    command.args([name, "--exact", "--nocapture"]).env(VARIABLE, text).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

#[test]
fn crashes_and_hangs_are_real() {
    if std::env::var_os(VARIABLE).is_some() {
        let faults = Faults::from_environment();
        writeln!(std::io::stderr(), "answer {:?}", faults.before("SKF_Mac").answer).unwrap();
        return;
    }
    let ended = child("at=1 call=SKF_Mac do=return:0x00000009").output().unwrap();
    assert!(String::from_utf8_lossy(&ended.stderr).contains("answer Some(9)"));
    for (deed, signals) in [("null", &[11, 7][..]), ("abort", &[6]), ("stack", &[6, 11])] {
        let ended = child(&format!("at=1 call=SKF_Mac do=crash:{deed}")).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(!ended.status.success() && !said.contains("answer"), "{deed}: {said}");
        #[cfg(unix)]
        {
            use std::os::unix::process::ExitStatusExt as _;
            let signal = ended.status.signal();
            assert!(signal.is_some_and(|signal| signals.contains(&signal)), "{deed}: {signal:?} {said}");
        }
        #[cfg(not(unix))]
        let _ = signals;
    }
    let mut hanging = child("at=1 call=SKF_Mac do=hang").spawn().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert!(hanging.try_wait().unwrap().is_none(), "it should hang");
    hanging.kill().unwrap();
    hanging.wait().unwrap();
}

#[test]
fn a_broken_line_is_said_on_standard_error() {
    let ended = child("at=1 call=SKF_Mac do=explode").output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("faults on request: UKEYHUB_SOFTKEY_FAULTS:1: do=\"explode\""), "{said}");
    assert!(said.contains(&format!("answer Some({BROKEN})")), "{said}");
}
