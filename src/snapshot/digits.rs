//! Sixty-four bytes of a number array at a time.
//!
//! Nine tenths of a snapshot are decimal numbers between commas. [`Arithmetic::classify`] turns 64
//! bytes into three bit masks (digit, comma, line feed), so that the ends of all numbers in the
//! chunk are known at once and no number waits for the one before it; [`Arithmetic::convert`] then
//! makes numbers of all of them, four or eight at a time where the processor can ([`super::avx2`],
//! [`super::avx512`]).
//!
//! Time: about 16 vector instructions for 64 bytes, and for a number of up to 8 digits about 12
//! scalar instructions, and some 10 to find it. The multiplication trick is Mula's ("SWAR
//! parse eight digits", as in simdjson's number parsing paper, Langdale & Lemire 2019, section
//! 3.1.5; with vectors: Mula, "SIMD-ized conversion of decimal numbers", 2014).

/// What each of 64 bytes is. Bit `i` belongs to byte `i`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Classes {
    /// `0` to `9`.
    pub(crate) digits: u64,
    /// `,`.
    pub(crate) commas: u64,
    /// Line feed: what Node 18-22 put before a row.
    pub(crate) line_feeds: u64,
}

/// How many bytes [`classify`] looks at.
pub(crate) const CHUNK: usize = 64;

/// No chunk has more numbers that end in it.
pub(crate) const MOST_NUMBERS: usize = CHUNK / 2 + 1;

/// So many values may be written for a chunk: all that can be in it, in batches of up to eight.
pub(crate) const MOST_VALUES: usize = MOST_NUMBERS.next_multiple_of(8);

/// A chunk, and where in it numbers are.
#[derive(Clone, Copy)]
pub(crate) struct Numbers<'b> {
    /// Has [`CHUNK`] bytes before the chunk, and as many from its beginning on.
    pub(crate) bytes: &'b [u8],
    /// Where the chunk begins.
    pub(crate) at: usize,
    /// Where the numbers are.
    pub(crate) spans: Spans,
}

/// Where the numbers of a chunk are, as bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spans {
    /// The first digits.
    pub(crate) starts: u64,
    /// The first bytes behind a last digit.
    pub(crate) ends: u64,
    /// How many digits of the number that ends first are before the chunk; at most
    /// [`MAX_FAST_DIGITS`].
    pub(crate) carried: usize,
}

/// Where the numbers of a chunk end, and how long they are.
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    /// How many there are. What stands behind them is old.
    pub(crate) count: usize,
    /// Behind the last digit, counted from the first byte of the chunk: 0 to 63.
    pub(crate) ends: [u8; CHUNK],
    /// How many digits, 1 to [`MAX_FAST_DIGITS`].
    pub(crate) lengths: [u8; CHUNK],
}

impl Ends {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self { count: 0, ends: [0; CHUNK], lengths: [1; CHUNK] }
    }

    /// Looks them up one by one; `None` if one is too long.
    #[inline(always)]
    pub(super) fn locate(&mut self, spans: Spans) -> Option<()> {
        let Spans { mut starts, mut ends, carried } = spans;
        let mut count = 0;
        let mut longest = 0;
        // The first may have begun before the chunk: its start is then below 0.
        let mut start = 0_usize.wrapping_sub(carried);
        if carried == 0 {
            start = starts.trailing_zeros() as usize;
            starts &= starts.wrapping_sub(1);
        }
        while ends != 0 {
            let end = ends.trailing_zeros() as usize;
            ends &= ends - 1;
            let length = end.wrapping_sub(start);
            longest = longest.max(length);
            self.ends[count] = end as u8;
            self.lengths[count] = length as u8;
            count += 1;
            start = starts.trailing_zeros() as usize;
            starts &= starts.wrapping_sub(1);
        }
        self.count = count;
        (longest <= MAX_FAST_DIGITS).then_some(())
    }
}

/// How a kind of processor does it.
pub(crate) trait Arithmetic {
    /// What each of 64 bytes is.
    fn classify(chunk: &[u8; CHUNK]) -> Classes;

    /// The values of the numbers of a chunk, one after the other, and where they end. Of `values`,
    /// [`MOST_VALUES`] may be written to. `None` if a number has more than [`MAX_FAST_DIGITS`].
    fn convert(numbers: Numbers<'_>, found: &mut Ends, values: &mut [u64]) -> Option<()>;
}

/// Any processor: what the compiler may use everywhere.
pub(crate) struct Baseline;

impl Arithmetic for Baseline {
    #[inline(always)]
    fn classify(chunk: &[u8; CHUNK]) -> Classes {
        classify(chunk)
    }

    #[inline(always)]
    fn convert(numbers: Numbers<'_>, found: &mut Ends, values: &mut [u64]) -> Option<()> {
        found.locate(numbers.spans)?;
        convert_one_by_one(numbers.bytes, numbers.at, found, values);
        Some(())
    }
}

/// The values of the numbers of a chunk, one by one.
#[inline(always)]
pub(super) fn convert_one_by_one(bytes: &[u8], at: usize, found: &Ends, values: &mut [u64]) {
    let found = found.ends.iter().zip(&found.lengths).take(found.count);
    for (value, (&end, &length)) in values.iter_mut().zip(found) {
        *value = number_ending_at(bytes, at + usize::from(end), usize::from(length));
    }
}

/// Classifies 64 bytes.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn classify(chunk: &[u8; CHUNK]) -> Classes {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_set1_epi8,
        _mm_sub_epi8,
    };
    let mut classes = Classes { digits: 0, commas: 0, line_feeds: 0 };
    for quarter in 0..CHUNK / 16 {
        // SAFETY: SSE2 is part of every x86-64 processor. The load reads the 16 bytes from
        // `quarter * 16`, which end at or before byte 64 of `chunk`, and needs no alignment.
        let (digits, commas, line_feeds) = unsafe {
            let bytes = _mm_loadu_si128(chunk.as_ptr().add(quarter * 16).cast::<__m128i>());
            let value = _mm_sub_epi8(bytes, _mm_set1_epi8(b'0' as i8));
            let is_digit = _mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(9)), value);
            let is_comma = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b',' as i8));
            let is_line_feed = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\n' as i8));
            (
                _mm_movemask_epi8(is_digit) as u32,
                _mm_movemask_epi8(is_comma) as u32,
                _mm_movemask_epi8(is_line_feed) as u32,
            )
        };
        classes.digits |= u64::from(digits) << (quarter * 16);
        classes.commas |= u64::from(commas) << (quarter * 16);
        classes.line_feeds |= u64::from(line_feeds) << (quarter * 16);
    }
    classes
}

/// Classifies 64 bytes.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub(crate) fn classify(chunk: &[u8; CHUNK]) -> Classes {
    classify_portably(chunk)
}

/// [`classify`] without vector instructions, eight bytes at a time in a general register.
#[cfg(any(test, not(target_arch = "x86_64")))]
pub(crate) fn classify_portably(chunk: &[u8; CHUNK]) -> Classes {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // The high bit of each byte that is zero in `word`, exactly (no carry between bytes).
    let zeros = |word: u64| !(((word & !HIGH) + !HIGH) | word | !HIGH);
    // Gathers the high bits into the low byte.
    let gather = |high: u64| (high >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    let mut classes = Classes { digits: 0, commas: 0, line_feeds: 0 };
    for (at, bytes) in chunk.chunks_exact(8).enumerate() {
        let mut eight = [0; 8];
        eight.copy_from_slice(bytes);
        let word = u64::from_le_bytes(eight);
        // `0` to `9` are 0x30 to 0x39: the high half must be 3, and adding 6 must not change it.
        let high_half = (word & (ONES * 0xf0)) ^ (ONES * 0x30);
        let low_half = (((word & (ONES * 0x0f)) + ONES * 6) & (ONES * 0x10)) | high_half;
        let shift = at * 8;
        classes.digits |= gather(zeros(low_half)) << shift;
        classes.commas |= gather(zeros(word ^ (ONES * u64::from(b',')))) << shift;
        classes.line_feeds |= gather(zeros(word ^ (ONES * u64::from(b'\n')))) << shift;
    }
    classes
}

/// How many digits [`number_ending_at`] converts at most.
pub(crate) const MAX_FAST_DIGITS: usize = 16;

/// The value of the `digits` digits before `end`. `digits` is 1 to [`MAX_FAST_DIGITS`], and
/// `bytes` holds at least 16 bytes before `end`.
#[inline(always)]
pub(crate) fn number_ending_at(bytes: &[u8], end: usize, digits: usize) -> u64 {
    // More than half of all numbers: types, edge counts, flags. Which field of a row it is repeats
    // with the row, so the branch is foreseen.
    if digits == 1 {
        return u64::from(bytes[end - 1] & 0x0f);
    }
    let low = eight_digits(eight_before(bytes, end), digits.min(8));
    if digits <= 8 {
        return low;
    }
    eight_digits(eight_before(bytes, end - 8), digits - 8) * 100_000_000 + low
}

#[inline(always)]
pub(super) fn eight_before(bytes: &[u8], end: usize) -> u64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(&bytes[end - 8..end]);
    u64::from_le_bytes(eight)
}

/// The value of the last `digits` (1 to 8) bytes of a little-endian word of ASCII.
#[inline(always)]
fn eight_digits(word: u64, digits: usize) -> u64 {
    // What stands before the number goes away; the freed low bytes become zeros, which are leading
    // zeros of the number.
    let word = (word & 0x0f0f_0f0f_0f0f_0f0f) >> (64 - digits * 8) << (64 - digits * 8);
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8) & 0x00ff_00ff_00ff_00ff;
    let quads = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    quads.wrapping_mul(10_000).wrapping_add(quads >> 32) & 0xffff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "x86_64")]
    use crate::snapshot::{avx2::Avx2, avx512::Avx512};
    use proptest::prelude::*;

    /// [`Arithmetic::convert`] of some processor.
    type Convert = fn(Numbers<'_>, &mut Ends, &mut [u64]) -> Option<()>;

    fn naively(chunk: &[u8; CHUNK]) -> Classes {
        let mask = |test: &dyn Fn(u8) -> bool| {
            chunk.iter().enumerate().fold(0, |mask, (at, &byte)| mask | u64::from(test(byte)) << at)
        };
        Classes {
            digits: mask(&|byte| byte.is_ascii_digit()),
            commas: mask(&|byte| byte == b','),
            line_feeds: mask(&|byte| byte == b'\n'),
        }
    }

    #[test]
    fn every_byte_is_classified_right_in_every_position() {
        for byte in 0..=u8::MAX {
            for at in 0..CHUNK {
                let mut chunk = [b'x'; CHUNK];
                chunk[at] = byte;
                assert_eq!(classify(&chunk), naively(&chunk));
                assert_eq!(classify_portably(&chunk), naively(&chunk));
            }
        }
    }

    proptest! {
        #[test]
        fn both_classifiers_agree_with_the_naive_one(
            chunk in prop::collection::vec(prop::sample::select(b"0123456789,,,\n -]/:\xff".to_vec()), CHUNK)
        ) {
            let chunk: [u8; CHUNK] = chunk.try_into().unwrap();
            prop_assert_eq!(classify(&chunk), naively(&chunk));
            prop_assert_eq!(classify_portably(&chunk), naively(&chunk));
            #[cfg(target_arch = "x86_64")]
            if Avx2::is_there() {
                prop_assert_eq!(Avx2::classify(&chunk), naively(&chunk));
            }
            #[cfg(target_arch = "x86_64")]
            if Avx512::is_there() {
                prop_assert_eq!(Avx512::classify(&chunk), naively(&chunk));
            }
        }

        #[test]
        fn all_numbers_of_a_chunk_come_back(
            carried in 0..=MAX_FAST_DIGITS,
            numbers in prop::collection::vec(prop_oneof![0..10u64, 0..5000u64, 0..100_000_000u64, 0..10_000_000_000_000_000u64], 1..34),
        ) {
            let mut text = vec![b'/'; CHUNK];
            let mut spans = Spans { starts: 0, ends: 0, carried: 0 };
            let (mut expected, mut ends) = (Vec::new(), Vec::new());
            for number in &numbers {
                let digits = number.to_string();
                if expected.is_empty() {
                    // The first may have begun before the chunk, and even have ended right before it.
                    spans.carried = carried.min(digits.len());
                    text.truncate(CHUNK - spans.carried);
                }
                let start = text.len();
                if start + digits.len() >= 2 * CHUNK { break }
                text.extend_from_slice(digits.as_bytes());
                if start >= CHUNK {
                    spans.starts |= 1 << (start - CHUNK);
                }
                spans.ends |= 1 << (text.len() - CHUNK);
                expected.push(*number);
                ends.push((text.len() - CHUNK) as u8);
                text.push(b',');
            }
            text.resize(3 * CHUNK, b'7');
            let numbers = Numbers { bytes: &text, at: CHUNK, spans };
            let check = |convert: Convert| {
                let (mut found, mut values) = (Ends::new(), [0; MOST_VALUES]);
                convert(numbers, &mut found, &mut values).unwrap();
                let values = values[..found.count].to_vec();
                (values, found.ends[..found.count].to_vec())
            };
            prop_assert_eq!(check(Baseline::convert), (expected.clone(), ends.clone()));
            #[cfg(target_arch = "x86_64")]
            if Avx2::is_there() {
                prop_assert_eq!(check(Avx2::convert), (expected.clone(), ends.clone()));
            }
            #[cfg(target_arch = "x86_64")]
            if Avx512::is_there() {
                prop_assert_eq!(check(Avx512::convert), (expected, ends));
            }
        }

        #[test]
        fn a_number_that_is_too_long_is_none(before in 0..3usize, carried in 0..=MAX_FAST_DIGITS, digits in 1..30usize) {
            let mut text = vec![b'7'; 3 * CHUNK];
            let start = if carried > 0 { 0 } else { 2 * before + 1 };
            let end = start + digits;
            text[CHUNK + end] = b',';
            let mut spans = Spans { starts: 0, ends: 1 << end, carried };
            if carried == 0 {
                // Short ones before it.
                for number in 0..before {
                    spans.starts |= 1 << (2 * number);
                    spans.ends |= 1 << (2 * number + 1);
                }
                spans.starts |= 1 << start;
            }
            let is_some = carried + digits <= MAX_FAST_DIGITS;
            let numbers = Numbers { bytes: &text, at: CHUNK, spans };
            let is_found = |convert: Convert| {
                convert(numbers, &mut Ends::new(), &mut [0; MOST_VALUES]).is_some()
            };
            prop_assert_eq!(is_found(Baseline::convert), is_some);
            #[cfg(target_arch = "x86_64")]
            if Avx2::is_there() {
                prop_assert_eq!(is_found(Avx2::convert), is_some);
            }
            #[cfg(target_arch = "x86_64")]
            if Avx512::is_there() {
                prop_assert_eq!(is_found(Avx512::convert), is_some);
            }
        }

        #[test]
        fn a_number_comes_back_as_it_was_written(number in 0..10_000_000_000_000_000u64, short in 0..1000u64) {
            for number in [number, short, number >> 20] {
                let text = format!("################{number}");
                let digits = text.len() - 16;
                prop_assert_eq!(number_ending_at(text.as_bytes(), text.len(), digits), number);
            }
        }
    }
}
