//! Number arrays, row by row.
//!
//! [`scan_rows`] reads a window of `1,2,3,4,...` and hands each complete row to a [`RowSink`]. The
//! fast path understands what V8 writes: digits, one comma between two numbers, and perhaps one
//! line feed before the comma. At the first byte that is anything else it gives up, and the strict
//! path reads the same rows again: it accepts any JSON white space and a minus sign, and knows the
//! offset of what is wrong.
//!
//! Node 24 and 26 print array indices from 2^31 on as negative numbers. The sign is dropped, as
//! DevTools drops it.
//!
//! Time: linear in bytes; see `digits.rs`. Memory: none.

use super::digits::{
    Arithmetic, Baseline, CHUNK, Ends, MAX_FAST_DIGITS, MOST_VALUES, Numbers, Spans,
};
#[cfg(target_arch = "x86_64")]
use super::{avx2::Avx2, avx512::Avx512};
use crate::error::{Error, Result};

/// No row of the format has more fields (nodes have 5 to 7).
pub(crate) const MAX_FIELDS: usize = 16;

/// The bytes that [`scan_rows`] needs before the first and behind the last byte of a window.
pub(crate) const PADDING: usize = CHUNK;

/// Receives rows.
pub(crate) trait RowSink {
    /// Takes row number `row`, counted from the first one of this scan. Only the first `fields`
    /// numbers mean something. The error is a sentence about this row; the scanner adds the offset.
    fn row(&mut self, row: usize, numbers: &[u64; MAX_FIELDS]) -> std::result::Result<(), String>;

    /// Forgets all rows of this scan: they come again.
    fn restart(&mut self);
}

/// A piece of a number array.
pub(crate) struct Window<'a> {
    /// The bytes, with [`PADDING`] bytes on either side that are not part of it.
    pub(crate) padded: &'a [u8],
    /// Where the piece begins in `padded`: at the first byte of the array, or behind a whole row.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
    /// Offset in the file of the first byte of `padded`.
    pub(crate) offset: u64,
    /// Whether a row has gone before, so that a comma must come first.
    pub(crate) after_row: bool,
    /// Numbers in a row.
    pub(crate) fields: usize,
    /// What errors call the array.
    pub(crate) name: &'static str,
}

/// How far a scan came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// How many rows were complete.
    pub(crate) rows: usize,
    /// Behind the last digit of the last complete row, or where the window started.
    pub(crate) end_of_rows: usize,
    /// Where the byte is that ends the array, if it is in the window.
    pub(crate) terminator: Option<usize>,
}

/// Reads all complete rows of a window. A row of which the end is not in the window is left for
/// the next one.
///
/// # Errors
///
/// `ERR_INVALID_SNAPSHOT` with the offset of the offending byte, or of the row the sink refused.
pub(crate) fn scan_rows(window: &Window<'_>, sink: &mut impl RowSink) -> Result<Scanned> {
    debug_assert!(window.fields > 0 && window.fields <= MAX_FIELDS);
    debug_assert!(window.start >= PADDING && window.end + PADDING <= window.padded.len());
    match scan_fast(window, sink) {
        Some(scanned) => Ok(scanned),
        None => {
            sink.restart();
            scan_strictly(window, sink)
        }
    }
}

/// The fast path. `None`: something is not as V8 writes it, or the sink refused a row.
fn scan_fast(window: &Window<'_>, sink: &mut impl RowSink) -> Option<Scanned> {
    #[cfg(target_arch = "x86_64")]
    if Avx512::is_there() {
        // SAFETY: The processor has just said that it has all that the function is compiled for.
        return unsafe { scan_with_avx512(window, sink) };
    }
    #[cfg(target_arch = "x86_64")]
    if Avx2::is_there() {
        // SAFETY: As above.
        return unsafe { scan_with_avx2(window, sink) };
    }
    scan_with::<Baseline>(window, sink)
}

/// [`scan_with`], compiled for processors with AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2,avx2,bmi1,bmi2,lzcnt,popcnt")]
fn scan_with_avx512(window: &Window<'_>, sink: &mut impl RowSink) -> Option<Scanned> {
    scan_with::<Avx512>(window, sink)
}

/// [`scan_with`], compiled for processors with AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
fn scan_with_avx2(window: &Window<'_>, sink: &mut impl RowSink) -> Option<Scanned> {
    scan_with::<Avx2>(window, sink)
}

#[inline(always)]
fn scan_with<A: Arithmetic>(window: &Window<'_>, sink: &mut impl RowSink) -> Option<Scanned> {
    let bytes = window.padded;
    let mut at = first_digit(window)?;
    let mut numbers = RowNumbers::new(window.fields);
    let mut scanned = Scanned { rows: 0, end_of_rows: window.start, terminator: None };
    // Whether the byte before this chunk was a digit, or a line feed behind a number (0 or 1).
    let mut digit_carry = 0;
    let mut line_feed_carry = 0;
    // Where the number began that goes on in this chunk.
    let mut number_start = at;
    let mut found = Ends::new();
    while at < window.end {
        let chunk: &[u8; CHUNK] = bytes[at..at + CHUNK].try_into().ok()?;
        let classes = A::classify(chunk);
        let other = !(classes.digits | classes.commas | classes.line_feeds);
        // What counts ends with the window, or at the first byte of another kind.
        let in_window = low_bits(window.end - at);
        let stop = (other & in_window).trailing_zeros();
        let counted = if stop < 64 { low_bits(stop as usize) } else { in_window };

        let behind_digit = (classes.digits << 1) | digit_carry;
        let starts = classes.digits & !behind_digit;
        let ends = !classes.digits & behind_digit;
        let behind_line_feed = ((classes.line_feeds & ends) << 1) | line_feed_carry;
        let odd = (classes.commas & !(ends | behind_line_feed))
            | (classes.line_feeds & !ends)
            | (behind_line_feed & !classes.commas);
        if odd & counted != 0 {
            return None;
        }
        let carried = if digit_carry == 0 { 0 } else { at - number_start };
        if carried > MAX_FAST_DIGITS {
            return None;
        }
        // A number may end right at the byte that ends the array.
        let ends_here = ends & if stop < 64 { counted | 1 << stop } else { counted };
        let spans = Spans { starts, ends: ends_here, carried };
        A::convert(Numbers { bytes, at, spans }, &mut found, numbers.behind_the_rest())?;
        numbers.hand_over(at, &found, &mut scanned, sink)?;
        if stop < 64 {
            let terminator = at + stop as usize;
            if matches!(bytes[terminator], b' ' | b'\r' | b'\t') {
                // Nothing ends here: more rows may follow.
                return None;
            }
            scanned.terminator = Some(terminator);
            // A cut row, or a comma with nothing behind it: the strict path says where.
            let last = bytes[..terminator].iter().rposition(|&byte| byte != b'\n')?;
            return (numbers.rest == 0 && bytes[last] != b',').then_some(scanned);
        }
        digit_carry = classes.digits >> 63;
        if starts != 0 {
            number_start = at + 63 - starts.leading_zeros() as usize;
        }
        line_feed_carry = (classes.line_feeds & ends) >> 63;
        at += CHUNK;
    }
    Some(scanned)
}

/// Numbers on their way into rows: those of a row that is not complete, and those of a chunk.
struct RowNumbers {
    fields: usize,
    /// How many numbers wait for the rest of their row.
    rest: usize,
    /// A row more than there can be, because a sink is shown [`MAX_FIELDS`] numbers.
    numbers: [u64; 2 * MAX_FIELDS + MOST_VALUES],
}

impl RowNumbers {
    #[inline(always)]
    fn new(fields: usize) -> Self {
        Self { fields, rest: 0, numbers: [0; 2 * MAX_FIELDS + MOST_VALUES] }
    }

    /// Where the numbers of the next chunk belong.
    #[inline(always)]
    fn behind_the_rest(&mut self) -> &mut [u64] {
        &mut self.numbers[self.rest..]
    }

    /// Gives the complete rows to the sink. `found` are the numbers that have come, in the chunk
    /// that begins at `at`.
    #[inline(always)]
    fn hand_over(
        &mut self,
        at: usize,
        found: &Ends,
        scanned: &mut Scanned,
        sink: &mut impl RowSink,
    ) -> Option<()> {
        let count = self.rest + found.count;
        let mut start = 0;
        while start + self.fields <= count {
            let numbers: &[u64; MAX_FIELDS] =
                self.numbers[start..start + MAX_FIELDS].try_into().ok()?;
            sink.row(scanned.rows, numbers).ok()?;
            scanned.rows += 1;
            start += self.fields;
        }
        if start > 0 {
            // The last number of a row that is complete only now is one of those that came now.
            scanned.end_of_rows = at + usize::from(found.ends[start - 1 - self.rest]);
            self.numbers.copy_within(start..start + MAX_FIELDS, 0);
        }
        self.rest = count - start;
        Some(())
    }
}

/// Where the first number of the window begins, if nothing odd comes before it.
fn first_digit(window: &Window<'_>) -> Option<usize> {
    let mut at = window.start;
    if window.after_row {
        while window.padded[at] == b'\n' && at < window.end {
            at += 1;
        }
        if window.padded[at] != b',' {
            return None;
        }
        at += 1;
    }
    (at < window.end && window.padded[at].is_ascii_digit()).then_some(at)
}

/// The lowest `count` bits, all of them from 64 on.
#[inline(always)]
fn low_bits(count: usize) -> u64 {
    if count >= 64 { u64::MAX } else { (1 << count) - 1 }
}

/// The strict path: any JSON white space, minus signs, and an exact offset for whatever is wrong.
fn scan_strictly(window: &Window<'_>, sink: &mut impl RowSink) -> Result<Scanned> {
    let bytes = &window.padded[..window.end];
    let mut scanned = Scanned { rows: 0, end_of_rows: window.start, terminator: None };
    let mut numbers = [0; MAX_FIELDS];
    let mut field = 0;
    let mut row_start = window.start;
    let mut comma_is_due = window.after_row;
    let mut behind_comma = false;
    let mut at = window.start;
    loop {
        while at < bytes.len() && matches!(bytes[at], b' ' | b'\n' | b'\r' | b'\t') {
            at += 1;
        }
        let Some(&byte) = bytes.get(at) else { return Ok(scanned) };
        if comma_is_due && byte == b',' {
            (comma_is_due, behind_comma) = (false, true);
            at += 1;
            continue;
        }
        if !comma_is_due && byte == b'-' {
            match bytes.get(at + 1) {
                None => return Ok(scanned),
                Some(next) if next.is_ascii_digit() => {
                    at += 1;
                    continue;
                }
                Some(_) => {}
            }
        }
        if comma_is_due || !byte.is_ascii_digit() {
            if behind_comma {
                return Err(window.invalid(at, &window.no_number(byte)));
            }
            if field != 0 {
                return Err(window.invalid(at, &window.cut_row(field, byte)));
            }
            scanned.terminator = Some(at);
            return Ok(scanned);
        }
        if field == 0 {
            row_start = at;
        }
        let Some((number, end)) = strict_number(window, at)? else { return Ok(scanned) };
        numbers[field] = number;
        at = end;
        (comma_is_due, behind_comma) = (true, false);
        field += 1;
        if field == window.fields {
            sink.row(scanned.rows, &numbers)
                .map_err(|sentence| window.invalid(row_start, &sentence))?;
            scanned.rows += 1;
            scanned.end_of_rows = at;
            field = 0;
        }
    }
}

/// The number that begins at `start`, and where it ends. `None` if that is not in the window.
fn strict_number(window: &Window<'_>, start: usize) -> Result<Option<(u64, usize)>> {
    let mut number = 0_u64;
    for (at, &byte) in window.padded[..window.end].iter().enumerate().skip(start) {
        if !byte.is_ascii_digit() {
            return Ok(Some((number, at)));
        }
        number = number
            .checked_mul(10)
            .and_then(|number| number.checked_add(u64::from(byte - b'0')))
            .ok_or_else(|| window.invalid(start, "has a number that does not fit 64 bits"))?;
    }
    Ok(None)
}

impl Window<'_> {
    fn invalid(&self, at: usize, what: &str) -> Error {
        Error::invalid(self.offset.wrapping_add(at as u64), format!("`{}` {what}", self.name))
    }

    fn cut_row(&self, field: usize, byte: u8) -> String {
        format!(
            "ends in the middle of a row: {field} of {} numbers, then {}",
            self.fields,
            printable(byte)
        )
    }

    fn no_number(&self, byte: u8) -> String {
        format!("has {} where a number should be", printable(byte))
    }
}

/// A byte as an error message shows it.
pub(crate) fn printable(byte: u8) -> String {
    if byte.is_ascii_graphic() {
        format!("'{}'", char::from(byte))
    } else {
        format!("the byte 0x{byte:02x}")
    }
}

/// The same as [`scan_rows`] without the sink: how many numbers end in `bytes[start..end]`, where
/// `bytes[end]` may be anything. Only for splitting an array between threads.
pub(crate) fn count_numbers(bytes: &[u8], start: usize, end: usize) -> usize {
    #[cfg(target_arch = "x86_64")]
    if Avx2::is_there() {
        // SAFETY: The processor has just said that it has all that the function is compiled for.
        return unsafe { count_with_avx2(bytes, start, end) };
    }
    count_with::<Baseline>(bytes, start, end)
}

/// [`count_with`], compiled for processors with AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn count_with_avx2(bytes: &[u8], start: usize, end: usize) -> usize {
    count_with::<Avx2>(bytes, start, end)
}

#[inline(always)]
fn count_with<A: Arithmetic>(bytes: &[u8], start: usize, end: usize) -> usize {
    let is_digit = |at: usize| bytes[at].is_ascii_digit();
    let mut count = 0;
    let mut carry = u64::from(start > 0 && is_digit(start - 1));
    let mut at = start;
    while at < end {
        let Some(chunk) = bytes.get(at..at + CHUNK) else {
            return count
                + (at..end).filter(|&at| !is_digit(at) && at > 0 && is_digit(at - 1)).count();
        };
        let Ok(chunk) = chunk.try_into() else { return count };
        let digits = A::classify(chunk).digits;
        let ends = !digits & ((digits << 1) | carry) & low_bits(end - at);
        count += ends.count_ones() as usize;
        carry = digits >> 63;
        at += CHUNK;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Default, Debug, PartialEq)]
    struct Rows(Vec<Vec<u64>>, usize);

    impl RowSink for Rows {
        fn row(
            &mut self,
            row: usize,
            numbers: &[u64; MAX_FIELDS],
        ) -> std::result::Result<(), String> {
            assert_eq!(self.0.len(), row);
            self.0.push(numbers[..self.1].to_vec());
            if numbers[0] == 666 { Err("has a row that nobody wants".into()) } else { Ok(()) }
        }

        fn restart(&mut self) {
            self.0.clear();
        }
    }

    type Outcome = std::result::Result<(Scanned, Vec<Vec<u64>>), String>;

    fn scan(
        text: &[u8],
        fields: usize,
        after_row: bool,
        scan: impl Fn(&Window<'_>, &mut Rows) -> Option<Result<Scanned>>,
    ) -> Option<Outcome> {
        let mut padded = vec![b'7'; PADDING];
        padded.extend_from_slice(text);
        padded.extend_from_slice(&[b'7'; PADDING]);
        let end = padded.len() - PADDING;
        let offset = 0_u64.wrapping_sub(PADDING as u64);
        let window =
            Window { padded: &padded, start: PADDING, end, offset, after_row, fields, name: "x" };
        let mut rows = Rows(vec![], fields);
        let scanned = scan(&window, &mut rows)?;
        Some(match scanned {
            Ok(scanned) => {
                rows.0.truncate(scanned.rows);
                let relative = |at: usize| at - PADDING;
                let scanned = Scanned {
                    end_of_rows: relative(scanned.end_of_rows),
                    terminator: scanned.terminator.map(relative),
                    ..scanned
                };
                Ok((scanned, rows.0))
            }
            Err(error) => Err(error.to_string()),
        })
    }

    fn strictly(text: &[u8], fields: usize, after_row: bool) -> Outcome {
        scan(text, fields, after_row, |window, rows| Some(scan_strictly(window, rows))).unwrap()
    }

    fn check(
        text: &str,
        fields: usize,
        rows: &[&[u64]],
        end_of_rows: usize,
        terminator: Option<usize>,
    ) {
        let outcome =
            scan(text.as_bytes(), fields, false, |window, rows| Some(scan_rows(window, rows)));
        let expected = Scanned { rows: rows.len(), end_of_rows, terminator };
        let rows = rows.iter().map(|row| row.to_vec()).collect();
        assert_eq!(outcome, Some(Ok((expected, rows))), "{text}");
        assert_eq!(strictly(text.as_bytes(), fields, false), outcome.unwrap(), "{text}");
    }

    fn check_error(text: &str, fields: usize, message: &str) {
        let outcome =
            scan(text.as_bytes(), fields, false, |window, rows| Some(scan_rows(window, rows)));
        let error = outcome.unwrap().unwrap_err();
        assert!(error.contains(message), "{text}: {error}");
    }

    #[test]
    fn rows_are_read_as_v8_writes_them() {
        check("1,2,3,4]", 2, &[&[1, 2], &[3, 4]], 7, Some(7));
        check("1,2\n,3,4\n]", 2, &[&[1, 2], &[3, 4]], 8, Some(9));
        check("]", 2, &[], 0, Some(0));
        check("1,2,3", 2, &[&[1, 2]], 3, None);
        check("1,2,3,", 2, &[&[1, 2]], 3, None);
        check("1,22", 2, &[], 0, None);
        check("1,-294967296,3,4]", 2, &[&[1, 294_967_296], &[3, 4]], 16, Some(16));
        check("-1,2,-", 2, &[&[1, 2]], 4, None);
        check(" 1 , 2 ,\r\n 3 , 4 ]", 2, &[&[1, 2], &[3, 4]], 16, Some(17));
        check("1,2\r\n,3,4\r\n]", 2, &[&[1, 2], &[3, 4]], 9, Some(11));
        check(
            "18446744073709551615,4294967301]",
            1,
            &[&[u64::MAX], &[4_294_967_301]],
            31,
            Some(31),
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_offset() {
        check_error(
            "1,2,3]",
            2,
            "ends in the middle of a row: 1 of 2 numbers, then ']' (at byte 5)",
        );
        check_error("1,,2]", 2, "has ',' where a number should be (at byte 2)");
        // What ends an array is for the caller to judge: only `]` may.
        check(",1]", 1, &[], 0, Some(0));
        check_error("1,2,]", 2, "has ']' where a number should be (at byte 4)");
        check_error("1,--2]", 2, "has '-' where a number should be (at byte 2)");
        check_error("1,2,666,1]", 2, "has a row that nobody wants (at byte 4)");
        check_error("1,18446744073709551616]", 2, "does not fit 64 bits (at byte 2)");
    }

    proptest! {
        #[test]
        fn the_fast_path_agrees_with_the_strict_one(
            numbers in prop::collection::vec(prop_oneof![0..10u64, 0..5000u64, any::<u32>().prop_map(u64::from), any::<u64>()], 0..200),
            fields in 1..8usize,
            line_feeds in any::<bool>(),
            cut in 0..4000usize,
            after_row in any::<bool>(),
            damage in prop::option::of((0..2000usize, any::<u8>())),
        ) {
            let mut text = String::new();
            for (at, number) in numbers.iter().enumerate() {
                if at > 0 || after_row {
                    if line_feeds && at % fields == 0 { text.push('\n'); }
                    text.push(',');
                }
                text += &number.to_string();
            }
            text += "\n],";
            let mut text = text.into_bytes();
            text.truncate(cut.max(1));
            if let Some((at, byte)) = damage && at < text.len() {
                text[at] = byte;
            }
            let strict = strictly(&text, fields, after_row);
            let fast = |window: &Window<'_>, rows: &mut Rows| scan_fast(window, rows).map(Ok);
            let portable = |window: &Window<'_>, rows: &mut Rows| scan_with::<Baseline>(window, rows).map(Ok);
            let fast = scan(&text, fields, after_row, fast);
            prop_assert_eq!(&fast, &scan(&text, fields, after_row, portable));
            if let Some(fast) = fast {
                prop_assert_eq!(fast, strict);
            }
        }

        #[test]
        fn numbers_are_counted_right(text in "[0-9,\n]{0,300}", cut in 0..300usize) {
            let bytes = text.as_bytes();
            let cut = cut.min(bytes.len());
            let naive = (0..cut).filter(|&at| !bytes[at].is_ascii_digit() && at > 0 && bytes[at - 1].is_ascii_digit()).count();
            prop_assert_eq!(count_numbers(bytes, 0, cut), naive);
        }
    }
}
