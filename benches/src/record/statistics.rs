//! The few statistics of the record: medians and quartiles, which a disturbed round does not move. No mean is taken.

/// How numbers spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The smallest.
    pub least: f64,
    /// A quarter is below this.
    pub quarter: f64,
    /// Half is below this.
    pub median: f64,
    /// Three quarters are below this.
    pub three_quarters: f64,
}

impl Spread {
    /// Of at least one number; of none, all are "not a number".
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        let mut numbers: Vec<f64> = numbers.into_iter().collect();
        numbers.sort_by(f64::total_cmp);
        let at = |part: f64| quantile(&numbers, part);
        Self { least: at(0.0), quarter: at(0.25), median: at(0.5), three_quarters: at(0.75) }
    }
}

/// With linear interpolation between neighbours.
fn quantile(sorted: &[f64], part: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = part * last as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_neighbours() {
        let spread = Spread::of([4.0, 1.0, 3.0, 2.0]);
        assert_eq!(spread, Spread { least: 1.0, quarter: 1.75, median: 2.5, three_quarters: 3.25 });
    }

    #[test]
    fn one_number_is_everything_and_none_is_nothing() {
        assert_eq!(Spread::of([7.0]).three_quarters, 7.0);
        assert!(Spread::of([]).median.is_nan());
    }
}
