//! Division by a number that stays the same, without dividing.

/// `n / divisor` for 32-bit `n` by one multiplication (Granlund & Montgomery 1994: with a 64-bit
/// reciprocal the quotient is exact for every 32-bit dividend).
#[derive(Clone, Copy)]
pub(super) struct Divisor {
    divisor: u64,
    reciprocal: u64,
}

impl Divisor {
    pub(super) fn new(divisor: usize) -> Self {
        let divisor = divisor.max(2) as u64;
        Self { divisor, reciprocal: u64::MAX / divisor + 1 }
    }

    /// The quotient if `n` is a multiple below 2^32 of the divisor.
    #[inline(always)]
    pub(super) fn exact(self, n: u64) -> Option<u64> {
        let quotient = ((u128::from(self.reciprocal) * u128::from(n)) >> 64) as u64;
        (n <= u64::from(u32::MAX) && quotient * self.divisor == n).then_some(quotient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn exact_division_agrees_with_the_processor(n: u32, divisor in 2..16usize) {
            let expected = (n as usize).is_multiple_of(divisor).then_some(u64::from(n) / divisor as u64);
            prop_assert_eq!(Divisor::new(divisor).exact(u64::from(n)), expected);
        }
    }

    #[test]
    fn no_number_past_32_bits_is_a_node() {
        assert_eq!(Divisor::new(5).exact(5 << 32), None);
    }
}
