//! A point in time that threads share, as coarse as the hand that changes a key. It must not be used to measure anything.

use std::sync::atomic::{AtomicU64, Ordering};

/// Nobody pulls one key and plugs another within this time.
const HAND: u64 = 200;

/// A point in time, in milliseconds of a clock that never goes back; 0 is "never".
#[derive(Default)]
pub struct Moment(AtomicU64);

impl Moment {
    /// Sets it to now.
    pub fn touch(&self) {
        self.0.store(now(), Ordering::Relaxed);
    }

    /// Sets it to never.
    pub fn forget(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Whether it is so recent that no hand can have changed a key since.
    pub fn is_fresh(&self) -> bool {
        let then = self.0.load(Ordering::Relaxed);
        then != 0 && now().wrapping_sub(then) < HAND
    }
}

/// The coarse clock: its few nanoseconds matter when a session is opened, its few milliseconds do not.
#[cfg(target_os = "linux")]
fn now() -> u64 {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::MonotonicCoarse);
    (time.tv_sec as u64) * 1000 + (time.tv_nsec as u64) / 1_000_000 + 1
}

#[cfg(not(target_os = "linux"))]
fn now() -> u64 {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_millis() as u64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_fresh_until_a_hand_could_have_moved() {
        let moment = Moment::default();
        assert!(!moment.is_fresh());
        moment.touch();
        assert!(moment.is_fresh());
        moment.0.store(now().saturating_sub(HAND).max(1), Ordering::Relaxed);
        assert!(!moment.is_fresh());
    }
}
