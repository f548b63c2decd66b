//! Names of the standard's numbers, for logs and reports. It must not decide anything: an unknown number is
//! shown in hexadecimal, never refused.

mod attributes;
mod mechanisms;
mod return_values;

use std::fmt;

use cryptoki_sys::CK_ULONG;

pub use attributes::ATTRIBUTES;
pub use mechanisms::MECHANISMS;
pub use return_values::RETURN_VALUES;

/// A table of numbers and names, sorted by number.
pub struct Names(&'static [(CK_ULONG, &'static str)]);

impl Names {
    /// The name of a number, if the standard has one.
    pub fn get(&self, number: CK_ULONG) -> Option<&'static str> {
        self.0.binary_search_by_key(&number, |row| row.0).ok().map(|at| self.0[at].1)
    }

    /// The number as people read it: its name, or hexadecimal.
    pub fn show(&self, number: CK_ULONG) -> Shown {
        Shown { number, name: self.get(number) }
    }
}

/// A number with its name, if it has one.
#[derive(Clone, Copy)]
pub struct Shown {
    number: CK_ULONG,
    name: Option<&'static str>,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:08x}", self.number),
        }
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A table whose names are the identifiers of cryptoki-sys, so that name and number cannot drift apart.
macro_rules! names {
    ($($name:ident),* $(,)?) => { Names(&[$(($name, stringify!($name))),*]) };
}
use names;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_and_without_doubles() {
        for table in [&MECHANISMS, &RETURN_VALUES, &ATTRIBUTES] {
            assert!(table.0.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }
}
