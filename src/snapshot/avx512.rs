//! [`super::digits`] with AVX-512: eight numbers at a time, and no number looked for one by one.
//!
//! The places of all ends, and of all starts, are the bits of a mask made into bytes: one instruction
//! (`vpcompressb`). The eight bytes before each of eight ends are gathered from the 128 bytes around
//! by one more (`vpermi2b`), which also puts zeros for what stands before a number.
//!
//! Time: for 64 bytes some 12 instructions, and 14 for each eight numbers in them. What AVX2
//! needs: see [`super::avx2`].

use std::arch::x86_64::{
    __m512i, _mm512_add_epi8, _mm512_add_epi64, _mm512_and_si512, _mm512_cmpeq_epi8_mask,
    _mm512_cmpge_epu8_mask, _mm512_cmple_epu8_mask, _mm512_loadu_si512, _mm512_madd_epi16,
    _mm512_maddubs_epi16, _mm512_mask_cmpgt_epu8_mask, _mm512_mask_mov_epi8,
    _mm512_mask_permutexvar_epi8, _mm512_maskz_compress_epi8, _mm512_maskz_permutex2var_epi8,
    _mm512_mul_epu32, _mm512_permutexvar_epi8, _mm512_set1_epi8, _mm512_set1_epi16,
    _mm512_set1_epi32, _mm512_set1_epi64, _mm512_srli_epi64, _mm512_storeu_si512, _mm512_sub_epi8,
};

use super::digits::{
    Arithmetic, CHUNK, Classes, Ends, MAX_FAST_DIGITS, MOST_VALUES, Numbers, Spans,
    number_ending_at,
};

/// Numbers are converted so many at a time.
const BATCH: usize = 8;

/// A processor with AVX-512 and its instructions for bytes (Intel from Ice Lake on, AMD from Zen 4 on).
/// Whoever uses it has to know that this one is, and to do so in a function that is compiled for it.
pub(crate) struct Avx512;

impl Avx512 {
    /// Whether this processor has what is used here, and what the compiler may use beside it.
    #[inline]
    pub(crate) fn is_there() -> bool {
        std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512bw")
            && std::arch::is_x86_feature_detected!("avx512vbmi")
            && std::arch::is_x86_feature_detected!("avx512vbmi2")
            && super::avx2::Avx2::is_there()
    }
}

/// 0, 1, 2... plus a number, modulo 256.
const fn ascending(from: u8) -> [u8; CHUNK] {
    let mut bytes = [0; CHUNK];
    let mut at = 0;
    while at < CHUNK {
        bytes[at] = (at as u8).wrapping_add(from);
        at += 1;
    }
    bytes
}

/// 0 eight times, 1 eight times...
const fn eight_times_each() -> [u8; CHUNK] {
    let mut bytes = [0; CHUNK];
    let mut at = 0;
    while at < CHUNK {
        bytes[at] = (at / BATCH) as u8;
        at += 1;
    }
    bytes
}

/// 0 to 7, again and again.
const fn in_its_eight() -> [u8; CHUNK] {
    let mut bytes = [0; CHUNK];
    let mut at = 0;
    while at < CHUNK {
        bytes[at] = (at % BATCH) as u8;
        at += 1;
    }
    bytes
}

const PLACES: [u8; CHUNK] = ascending(0);
const ONE_BEFORE: [u8; CHUNK] = ascending(u8::MAX);
const NUMBER: [u8; CHUNK] = eight_times_each();
const DIGIT: [u8; CHUNK] = in_its_eight();

impl Arithmetic for Avx512 {
    #[inline(always)]
    fn classify(chunk: &[u8; CHUNK]) -> Classes {
        // SAFETY: The processor has AVX-512, as whoever uses this type promises. The load is of the 64
        // bytes of `chunk`, and needs no alignment.
        unsafe {
            let bytes = load(chunk);
            let value = _mm512_sub_epi8(bytes, _mm512_set1_epi8(b'0' as i8));
            Classes {
                digits: _mm512_cmple_epu8_mask(value, _mm512_set1_epi8(9)),
                commas: _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b',' as i8)),
                line_feeds: _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b'\n' as i8)),
            }
        }
    }

    #[inline(always)]
    fn convert(numbers: Numbers<'_>, found: &mut Ends, values: &mut [u64]) -> Option<()> {
        let Numbers { bytes, at, spans } = numbers;
        let before: &[u8; CHUNK] = bytes.get(at - CHUNK..at)?.try_into().ok()?;
        let chunk: &[u8; CHUNK] = bytes.get(at..at + CHUNK)?.try_into().ok()?;
        let values: &mut [u64; MOST_VALUES] = values.get_mut(..MOST_VALUES)?.try_into().ok()?;
        let Spans { starts, ends, carried } = spans;
        let count = ends.count_ones() as usize;
        found.count = count;
        let there = if count == 64 { u64::MAX } else { (1 << count) - 1 };
        // SAFETY: The processor has AVX-512 with VBMI and VBMI2, as whoever uses this type promises.
        // Each load is of the 64 bytes of an array, each store to 64 bytes of one, and none needs
        // alignment. Where an index of a permutation comes from data, its lowest bits count, and all
        // they can say is within the registers.
        let mut long = unsafe {
            let places = load(&PLACES);
            let ends = _mm512_maskz_compress_epi8(ends, places);
            let starts = _mm512_maskz_compress_epi8(starts, places);
            // What began before the chunk comes first.
            let is_carried = if carried > 0 { u64::MAX } else { 0 };
            let starts =
                _mm512_mask_permutexvar_epi8(starts, is_carried, load(&ONE_BEFORE), starts);
            let first = _mm512_set1_epi8((carried as i8).wrapping_neg());
            let starts = _mm512_mask_mov_epi8(starts, is_carried & 1, first);
            let lengths = _mm512_sub_epi8(ends, starts);
            let longest = _mm512_set1_epi8(MAX_FAST_DIGITS as i8);
            if _mm512_mask_cmpgt_epu8_mask(there, lengths, longest) != 0 {
                return None;
            }
            store(&mut found.ends, ends);
            store(&mut found.lengths, lengths);
            let (before, chunk) = (load(before), load(chunk));
            for (batch, values) in values.chunks_exact_mut(BATCH).enumerate() {
                if batch * BATCH >= count {
                    break;
                }
                let number =
                    _mm512_add_epi8(load(&NUMBER), _mm512_set1_epi8((batch * BATCH) as i8));
                let end = _mm512_permutexvar_epi8(number, ends);
                let length = _mm512_permutexvar_epi8(number, lengths);
                let eight = eight(before, chunk, end, length);
                _mm512_storeu_si512(values.as_mut_ptr().cast::<__m512i>(), eight);
            }
            _mm512_mask_cmpgt_epu8_mask(there, lengths, _mm512_set1_epi8(8))
        };
        while long != 0 {
            let number = long.trailing_zeros() as usize;
            long &= long - 1;
            let end = at + usize::from(found.ends[number]);
            values[number] = number_ending_at(bytes, end, usize::from(found.lengths[number]));
        }
        Some(())
    }
}

/// The values of eight numbers of at most 8 digits in `chunk`, which comes behind `before`. Each of the
/// eight bytes of a number has its end and its length.
///
/// # Safety
///
/// The processor has to have AVX-512 with VBMI.
#[inline(always)]
unsafe fn eight(before: __m512i, chunk: __m512i, end: __m512i, length: __m512i) -> __m512i {
    // SAFETY: As the caller promises; nothing but registers is touched.
    unsafe {
        let digit = load(&DIGIT);
        // Of the eight bytes before the end, the last ones are the number's.
        let is_digit = _mm512_cmpge_epu8_mask(_mm512_add_epi8(digit, length), _mm512_set1_epi8(8));
        let place = _mm512_add_epi8(_mm512_add_epi8(end, digit), _mm512_set1_epi8(CHUNK as i8 - 8));
        let digits = _mm512_maskz_permutex2var_epi8(is_digit, before, place, chunk);
        let digits = _mm512_and_si512(digits, _mm512_set1_epi8(0x0f));
        // Weights of the first and the second of each two: 10 and 1, 100 and 1, 10000 and 1.
        let pairs = _mm512_maddubs_epi16(digits, _mm512_set1_epi16(0x010a));
        let quads = _mm512_madd_epi16(pairs, _mm512_set1_epi32(0x0001_0064));
        let high = _mm512_mul_epu32(quads, _mm512_set1_epi64(10_000));
        _mm512_add_epi64(high, _mm512_srli_epi64::<32>(quads))
    }
}

/// # Safety
///
/// The processor has to have AVX-512.
#[inline(always)]
unsafe fn load(bytes: &[u8; CHUNK]) -> __m512i {
    // SAFETY: As the caller promises; the array has 64 bytes, and no alignment is needed.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast::<__m512i>()) }
}

/// # Safety
///
/// The processor has to have AVX-512.
#[inline(always)]
unsafe fn store(bytes: &mut [u8; CHUNK], value: __m512i) {
    // SAFETY: As the caller promises; the array has 64 bytes, and no alignment is needed.
    unsafe { _mm512_storeu_si512(bytes.as_mut_ptr().cast::<__m512i>(), value) }
}
