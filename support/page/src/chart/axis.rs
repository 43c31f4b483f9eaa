//! Axes: from values to places, and what is written beside them.

/// How values are spread over an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scale {
    /// Evenly, from zero.
    Linear,
    /// By their logarithms; what is not above zero is left out.
    Log,
    /// Each value that occurs gets a place, all at the same distance.
    Steps,
    /// Shares of one, by how many nines they have: 0, 0.9, 0.99, ...
    Nines,
}

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Words {
    Plain,
    Nanoseconds,
}

/// An axis: its label with the unit, and how values lie on it.
#[derive(Clone, Debug)]
pub struct Axis {
    pub(super) label: String,
    scale: Scale,
    words: Words,
}

impl Axis {
    /// A linear axis that begins at zero. `label` names the unit.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), scale: Scale::Linear, words: Words::Plain }
    }

    /// By logarithms, for values above zero; others are not drawn.
    #[must_use]
    pub fn log(mut self) -> Self {
        self.scale = Scale::Log;
        self
    }

    /// One place for each value that occurs, as for numbers of threads.
    #[must_use]
    pub fn steps(mut self) -> Self {
        self.scale = Scale::Steps;
        self
    }

    /// For quantiles from 0 up to below 1: each further nine takes the same room.
    #[must_use]
    pub fn nines(mut self) -> Self {
        self.scale = Scale::Nines;
        self
    }

    /// Values are nanoseconds, written as ns, µs, ms or s.
    #[must_use]
    pub fn nanoseconds(mut self) -> Self {
        self.words = Words::Nanoseconds;
        self
    }

    /// Whether `value` has a place at all.
    pub(super) fn takes(&self, value: f64) -> bool {
        value.is_finite()
            && match self.scale {
                Scale::Log => value > 0.0,
                Scale::Nines => (0.0..1.0).contains(&value),
                Scale::Linear | Scale::Steps => true,
            }
    }

    /// Lays the axis out for `values`.
    pub(super) fn span(&self, values: impl Iterator<Item = f64>) -> Span<'_> {
        let mut values: Vec<f64> = values.filter(|value| self.takes(*value)).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let (least, most) = match values[..] {
            [] => (1.0, 1.0),
            [only] => (only, only),
            [least, .., most] => (least, most),
        };
        let (ends, ticks) = match self.scale {
            Scale::Linear => linear(least, most),
            Scale::Log => log(least, most),
            Scale::Steps => {
                let last = index(values.len().saturating_sub(1));
                // Half a step beside the first and the last.
                ((-0.5, last + 0.5), values.clone())
            }
            Scale::Nines => nines(most),
        };
        Span { axis: self, ends, ticks, values }
    }

    /// A value in words.
    pub(super) fn write(&self, value: f64) -> String {
        match (self.words, self.scale) {
            (Words::Nanoseconds, _) => nanoseconds(value),
            (Words::Plain, Scale::Nines) => percent(value),
            (Words::Plain, _) => number(value),
        }
    }
}

/// An axis with its ends and ticks.
#[derive(Clone, Debug)]
pub(super) struct Span<'a> {
    axis: &'a Axis,
    ends: (f64, f64),
    ticks: Vec<f64>,
    values: Vec<f64>,
}

impl Span<'_> {
    /// The place of a value that the axis takes, as a share of its length; on it, or at its ends.
    pub(super) fn place(&self, value: f64) -> f64 {
        let place = match self.axis.scale {
            Scale::Linear => value,
            Scale::Log => value.log10(),
            Scale::Steps => index(self.values.partition_point(|known| *known < value)),
            Scale::Nines => count_of_nines(value),
        };
        ((place - self.ends.0) / (self.ends.1 - self.ends.0)).clamp(0.0, 1.0)
    }

    /// Where ticks are, and what stands beside them.
    pub(super) fn ticks(&self) -> impl Iterator<Item = (f64, String)> {
        self.ticks.iter().map(|tick| (self.place(*tick), self.axis.write(*tick)))
    }
}

/// From zero, or from below it, to a round number; about five ticks.
fn linear(least: f64, most: f64) -> ((f64, f64), Vec<f64>) {
    let (least, most) = (least.min(0.0), most.max(0.0));
    let room = if most > least { most - least } else { 1.0 };
    let rough = room / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(rough);
    let first = (least / step).floor();
    let last = ((least + room) / step - 1e-9).ceil();
    let mut ticks = Vec::new();
    let mut tick = first;
    while tick <= last + 0.5 {
        ticks.push(tick * step);
        tick += 1.0;
    }
    ((first * step, last * step), ticks)
}

/// Whole powers of ten around the values; within a few powers, 2 and 5 as well.
fn log(least: f64, most: f64) -> ((f64, f64), Vec<f64>) {
    let low = (least.log10() + 1e-9).floor();
    let high = (most.log10() - 1e-9).ceil().max(low + 1.0);
    let powers = high - low;
    let factors: &[f64] = if powers <= 2.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    // Six or so powers have room for their numbers.
    let every = (powers / 6.0).ceil();
    let mut ticks = Vec::new();
    let mut power = low;
    while power <= high {
        for factor in factors {
            if factor.log10() + power <= high {
                ticks.push(factor * 10_f64.powf(power));
            }
        }
        power += every;
    }
    ((low, high), ticks)
}

/// From 0 to the last nine that occurs.
fn nines(most: f64) -> ((f64, f64), Vec<f64>) {
    let last = (count_of_nines(most) - 1e-9).ceil().clamp(1.0, 9.0);
    let mut ticks = Vec::new();
    let mut count = 0.0;
    while count <= last {
        ticks.push(1.0 - 10_f64.powf(-count));
        // Five of the long numbers have room.
        count += if last > 5.0 { 2.0 } else { 1.0 };
    }
    ((0.0, last), ticks)
}

fn count_of_nines(share: f64) -> f64 {
    -(1.0 - share).log10()
}

fn index(count: usize) -> f64 {
    count as f64
}

/// Up to three digits after the point, and no zeros at the end.
fn short(value: f64) -> String {
    let digits = match value.abs() {
        0.0 => 0,
        size if size < 0.01 => return format!("{value:.1e}"),
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A share of one in percent, with as many nines as an axis may have.
fn percent(share: f64) -> String {
    let text = format!("{:.7}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A number with k, M or G.
fn number(value: f64) -> String {
    let (divisor, unit) = match value.abs() {
        size if size >= 1e9 => (1e9, " G"),
        size if size >= 1e6 => (1e6, " M"),
        size if size >= 1e4 => (1e3, " k"),
        _ => (1.0, ""),
    };
    format!("{}{unit}", short(value / divisor))
}

/// A time with its unit.
fn nanoseconds(value: f64) -> String {
    let (divisor, unit) = match value.abs() {
        size if size >= 1e9 => (1e9, "s"),
        size if size >= 1e6 => (1e6, "ms"),
        size if size >= 1e3 => (1e3, "µs"),
        _ => (1.0, "ns"),
    };
    format!("{} {unit}", short(value / divisor))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(axis: &Axis, values: &[f64]) -> Vec<String> {
        axis.span(values.iter().copied()).ticks().map(|(_, words)| words).collect()
    }

    #[test]
    fn linear_axes_begin_at_zero_and_end_round() {
        let axis = Axis::new("x");
        assert_eq!(ticks(&axis, &[3.0, 97.0]), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(ticks(&axis, &[25_000.0]), ["0", "5000", "10 k", "15 k", "20 k", "25 k"]);
        assert_eq!(axis.span([100.0].into_iter()).place(50.0), 0.5);
        assert_eq!(ticks(&axis, &[0.0]).len(), 6, "all zero");
    }

    #[test]
    fn logarithmic_axes_go_by_powers_of_ten() {
        let axis = Axis::new("t").log().nanoseconds();
        assert_eq!(
            ticks(&axis, &[12.0, 4e6]),
            ["10 ns", "100 ns", "1 µs", "10 µs", "100 µs", "1 ms", "10 ms"]
        );
        assert_eq!(ticks(&axis, &[12.0, 40.0]), ["10 ns", "20 ns", "50 ns", "100 ns"]);
        assert!(!axis.takes(0.0) && !axis.takes(-1.0) && !axis.takes(f64::NAN));
    }

    #[test]
    fn steps_stand_at_the_values() {
        let axis = Axis::new("threads").steps();
        assert_eq!(ticks(&axis, &[4.0, 1.0, 2.0, 1.0]), ["1", "2", "4"]);
        let values = [1.0, 2.0, 64.0];
        let span = axis.span(values.into_iter());
        let places = values.map(|value| span.place(value));
        assert!((places[2] - places[1] - (places[1] - places[0])).abs() < 1e-9, "{places:?}");
    }

    #[test]
    fn each_nine_takes_the_same_room() {
        let axis = Axis::new("quantile").nines();
        assert_eq!(ticks(&axis, &[0.5, 0.999]), ["0 %", "90 %", "99 %", "99.9 %"]);
        let span = axis.span([0.99].into_iter());
        assert!((span.place(0.9) - 0.5).abs() < 1e-9);
        assert!(!axis.takes(1.0), "infinitely many nines");
        let many = ticks(&axis, &[0.999_999]);
        assert_eq!(many, ["0 %", "99 %", "99.99 %", "99.9999 %"], "never 100");
    }

    #[test]
    fn an_axis_without_values_has_ends() {
        for axis in
            [Axis::new("a"), Axis::new("b").log(), Axis::new("c").steps(), Axis::new("d").nines()]
        {
            let span = axis.span([].into_iter());
            assert!(span.ends.0 < span.ends.1, "{axis:?}");
        }
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(number(1_500_000.0), "1.5 M");
        assert_eq!(number(0.25), "0.25");
        assert_eq!(number(0.000_03), "3.0e-5");
        assert_eq!(nanoseconds(1_250.0), "1.25 µs");
    }
}
