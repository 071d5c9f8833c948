//! How many different indices there are in long arrays.

use std::ops::Range;

use super::numerals::Different;

/// The part of a long array or table in which its references are, and what share of the slots there
/// hold one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) slots: Range<f64>,
    pub(super) density: f64,
}

/// From this density on, a span counts as full.
const FULL: f64 = 0.999;

/// Of the indices from `start` on, those at which at least one of `spans` is likely to hold a
/// reference: arrays are dense, and tables hold their entries at random. Without the share `in_use` of
/// the numbers that are there as strings.
pub(super) fn covered(spans: &[Span], start: f64, strings: &Different, in_use: f64) -> f64 {
    let mut borders: Vec<(f64, &Span, bool)> = Vec::with_capacity(spans.len() * 2);
    for span in spans.iter().filter(|span| span.density > 0.0) {
        borders.push((span.slots.start.max(start), span, true));
        borders.push((span.slots.end.max(start), span, false));
    }
    borders.sort_by(|a, b| a.0.total_cmp(&b.0));
    // The logarithm of the share of slots that no span fills, and how many fill all.
    let (mut covered, mut at, mut empty, mut full) = (0.0, start, 0.0_f64, 0_usize);
    for (border, span, begins) in borders {
        let share = if full > 0 { 1.0 } else { 1.0 - empty.min(0.0).exp() };
        covered += ((border - at) - strings.between(at, border) * in_use) * share;
        at = border;
        match (span.density >= FULL, begins) {
            (true, true) => full += 1,
            (true, false) => full -= 1,
            (false, true) => empty += (1.0 - span.density).ln(),
            (false, false) => empty -= (1.0 - span.density).ln(),
        }
    }
    covered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_overlap_count_once() {
        let count = |spans: &[(Range<f64>, f64)], start| {
            let spans: Vec<_> =
                (spans.iter().cloned()).map(|(slots, density)| Span { slots, density }).collect();
            covered(&spans, start, &Different::default(), 1.0).round()
        };
        assert_eq!(count(&[], 0.0), 0.0);
        assert_eq!(count(&[(0.0..1e3, 1.0)], 0.0), 1000.0);
        assert_eq!(count(&[(0.0..1e3, 1.0), (0.0..600.0, 1.0)], 100.0), 900.0);
        assert_eq!(count(&[(0.0..1e3, 0.5)], 200.0), 400.0);
        assert_eq!(count(&[(0.0..1e3, 0.5), (0.0..600.0, 1.0)], 0.0), 800.0);
        assert_eq!(count(&[(0.0..1e3, 0.5), (0.0..1e3, 0.5)], 0.0), 750.0);
        assert_eq!(count(&[(500.0..1e3, 0.5), (0.0..100.0, 0.1)], 300.0), 250.0);
        assert_eq!(count(&[(0.0..10.0, 0.5), (0.0..1e3, 0.5)], 2000.0), 0.0);
    }

    #[test]
    fn indices_that_are_there_as_strings_are_taken_out_where_they_are() {
        let strings = Different::of(&[150.0, 151.0, 250.0, 900.0]);
        let count = |slots: Range<f64>, density, in_use| {
            covered(&[Span { slots, density }], 100.0, &strings, in_use)
        };
        assert_eq!(count(0.0..300.0, 1.0, 1.0), 197.0);
        assert_eq!(count(0.0..300.0, 1.0, 0.5), 198.5);
        assert_eq!(count(0.0..300.0, 0.5, 1.0).round(), 99.0);
        assert_eq!(count(200.0..300.0, 1.0, 1.0), 99.0);
        assert_eq!(count(0.0..90.0, 1.0, 1.0), 0.0);
    }
}
