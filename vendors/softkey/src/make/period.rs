//! How long a certificate is valid, and the spans that tests ask for: expired, and expiring in some days.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use x509_cert::time::{Time, Validity};

use super::MakeError;

const DAY: Duration = Duration::from_secs(86_400);
/// A year of 365 days.
const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// From when until when, both inclusive and in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    from: SystemTime,
    to: SystemTime,
}

impl Period {
    /// The span that every CA of this room is valid for: 2010-01-01 to 2049-12-31, UTC.
    pub(super) fn of_authorities() -> Self {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        Self { from: at(1_262_304_000), to: at(2_524_607_999) }
    }

    /// A span. An error if it ends before it begins, or is not within the validity of a CA (2010 to 2049).
    pub fn new(from: SystemTime, to: SystemTime) -> Result<Self, MakeError> {
        let (period, outer) = (Self { from: whole(from)?, to: whole(to)? }, Self::of_authorities());
        if period.to < period.from {
            return Err(MakeError::Period("it ends before it begins"));
        }
        if period.from < outer.from || period.to > outer.to {
            return Err(MakeError::Period("the test CAs are valid from 2010-01-01 to 2049-12-31 only"));
        }
        Ok(period)
    }

    /// A usual span: it began an hour before `now`, so that clocks may differ, and lasts so many years of 365 days.
    pub fn years(now: SystemTime, years: u32) -> Result<Self, MakeError> {
        let begin = earlier(now, Duration::from_secs(3600))?;
        Self::new(begin, later(begin, YEAR.checked_mul(years))?)
    }

    /// A year that ended so many days before `now`.
    pub fn expired(now: SystemTime, days: u32) -> Result<Self, MakeError> {
        let end = earlier(now, DAY.checked_mul(days).ok_or(TOO_FAR)?)?;
        Self::new(earlier(end, YEAR)?, end)
    }

    /// A year that ends in so many days after `now`; a span that begins at `now` if it is longer than a year.
    pub fn expiring_in(now: SystemTime, days: u32) -> Result<Self, MakeError> {
        let end = later(now, DAY.checked_mul(days))?;
        Self::new(earlier(end, YEAR)?.min(now), end)
    }

    /// The first second.
    pub const fn from(&self) -> SystemTime {
        self.from
    }

    /// The last second.
    pub const fn to(&self) -> SystemTime {
        self.to
    }

    pub(super) fn to_validity(self) -> Result<Validity, MakeError> {
        Ok(Validity::new(Time::try_from(self.from)?, Time::try_from(self.to)?))
    }
}

const TOO_FAR: MakeError = MakeError::Period("no date is that far away");

fn earlier(time: SystemTime, span: Duration) -> Result<SystemTime, MakeError> {
    time.checked_sub(span).ok_or(TOO_FAR)
}

fn later(time: SystemTime, span: Option<Duration>) -> Result<SystemTime, MakeError> {
    span.and_then(|span| time.checked_add(span)).ok_or(TOO_FAR)
}

/// The second that a time lies in: certificates have no fractions.
fn whole(time: SystemTime) -> Result<SystemTime, MakeError> {
    let since = time.duration_since(UNIX_EPOCH).map_err(|_| TOO_FAR)?;
    Ok(UNIX_EPOCH + Duration::from_secs(since.as_secs()))
}
