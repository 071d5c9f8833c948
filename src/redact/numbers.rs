//! Numbers of a flat JSON array, as they stream by.

/// Puts digits together across the borders of chunks, and sees that there is one comma between two
/// numbers and nothing else.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    number: Number,
    expected: Expected,
    /// Whether numbers below zero belong there.
    may_be_negative: bool,
}

/// A number, and where it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Number {
    /// Without its sign.
    pub(super) value: u64,
    pub(super) is_negative: bool,
    /// Offset of its first digit.
    pub(super) start: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Expected {
    /// The first number, or the end.
    #[default]
    Any,
    /// The first digit, behind a sign.
    FirstDigit,
    /// Another digit, or what may follow a number.
    Digit,
    /// A comma, or the end.
    Comma,
    /// A number.
    Number,
}

/// Where [`Numbers::take`] stopped, and at how many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// All bytes are taken.
    More(usize),
    /// The closing bracket is the last of them.
    End(usize),
    /// Behind them is one that does not belong there.
    Wrong(usize),
}

impl Numbers {
    /// Prepares for the next array.
    pub(super) fn begin(&mut self, may_be_negative: bool) {
        *self = Self { may_be_negative, ..Self::default() };
    }

    /// Takes bytes, which begin at `offset`, up to the end of the array and gives each number to `each`.
    pub(super) fn take<E>(
        &mut self,
        bytes: &[u8],
        offset: u64,
        mut each: impl FnMut(Number) -> Result<(), E>,
    ) -> Result<Stop, E> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if byte.is_ascii_digit() {
                match self.expected {
                    Expected::Comma => return Ok(Stop::Wrong(at)),
                    Expected::Digit => {}
                    _ => self.number.start = offset + at as u64,
                }
                self.expected = Expected::Digit;
                let (digits, fits) = self.number.push_digits(&bytes[at..]);
                at += digits;
                if !fits {
                    return Ok(Stop::Wrong(at));
                }
                continue;
            }
            if self.expected == Expected::Digit {
                each(std::mem::take(&mut self.number))?;
                self.expected = Expected::Comma;
            }
            match (byte, self.expected) {
                (_, Expected::FirstDigit) => return Ok(Stop::Wrong(at)),
                (b'-', Expected::Any | Expected::Number) if self.may_be_negative => {
                    self.number.is_negative = true;
                    self.expected = Expected::FirstDigit;
                }
                (b' ' | b'\n' | b'\r' | b'\t', _) => {}
                (b',', Expected::Comma) => self.expected = Expected::Number,
                (b']', Expected::Any | Expected::Comma) => {
                    self.expected = Expected::Any;
                    return Ok(Stop::End(at + 1));
                }
                _ => return Ok(Stop::Wrong(at)),
            }
            at += 1;
        }
        Ok(Stop::More(bytes.len()))
    }
}

impl Number {
    /// Adds the digits that `bytes` begin with, as many as fit 64 bits. Answers how many that are, and whether
    /// it is all of them.
    fn push_digits(&mut self, bytes: &[u8]) -> (usize, bool) {
        let mut value = self.value;
        for (at, &byte) in bytes.iter().enumerate() {
            let longer = value.checked_mul(10);
            let longer =
                longer.and_then(|value| value.checked_add(u64::from(byte.wrapping_sub(b'0'))));
            if !byte.is_ascii_digit() || longer.is_none() {
                self.value = value;
                return (at, !byte.is_ascii_digit());
            }
            value = longer.unwrap_or_default();
        }
        self.value = value;
        (bytes.len(), true)
    }
}

/// Appends a number, after a comma unless it is the first.
pub(super) fn write_number(value: u64, is_negative: bool, first: bool, out: &mut Vec<u8>) {
    if !first {
        out.push(b',');
    }
    if is_negative {
        out.push(b'-');
    }
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that comes out of a text in two pieces.
    fn take(text: &[u8], cut: usize) -> (Vec<u64>, Vec<u8>, Stop) {
        let (mut numbers, mut seen, mut out) = (Numbers::default(), Vec::new(), Vec::new());
        let mut stop = Stop::More(0);
        for (piece, offset) in [(&text[..cut], 0), (&text[cut..], cut as u64)] {
            let taken = numbers.take::<()>(piece, offset, |Number { value, start, .. }| {
                assert!(text[start as usize..].starts_with(value.to_string().as_bytes()));
                write_number(value, false, seen.is_empty(), &mut out);
                seen.push(value);
                Ok(())
            });
            stop = taken.unwrap();
            if !matches!(stop, Stop::More(_)) {
                break;
            }
        }
        (seen, out, stop)
    }

    #[test]
    fn numbers_survive_any_cut() {
        let text = b"0,12\n,345, 18446744073709551615]rest";
        for cut in 0..text.len() {
            let (seen, out, stop) = take(text, cut);
            assert_eq!(seen, [0, 12, 345, u64::MAX]);
            assert_eq!(out, b"0,12,345,18446744073709551615");
            assert!(matches!(stop, Stop::End(_)));
        }
        assert_eq!(take(b" ]", 1).2, Stop::End(1));
    }

    #[test]
    fn a_sign_is_taken_where_numbers_may_be_negative() {
        for cut in 0..6 {
            let (mut numbers, mut seen) = (Numbers::default(), Vec::new());
            numbers.begin(true);
            for (piece, offset) in [(&b"-1,2]-"[..cut], 0), (&b"-1,2]-"[cut..], cut as u64)] {
                let mut each = |number: Number| {
                    seen.push((number.is_negative, number.value, number.start));
                    Ok::<_, ()>(())
                };
                if matches!(numbers.take(piece, offset, &mut each), Ok(Stop::End(_))) {
                    break;
                }
            }
            assert_eq!(seen, [(true, 1, 1), (false, 2, 3)], "cut at {cut}");
        }
        for (text, wrong_at) in [("--1]", 1), ("-]", 1), ("- 1]", 1), ("-,1]", 1), ("1-]", 1)] {
            let mut numbers = Numbers::default();
            numbers.begin(true);
            let stop = numbers.take::<()>(text.as_bytes(), 0, |_| Ok(()));
            assert_eq!(stop, Ok(Stop::Wrong(wrong_at)), "{text}");
        }
    }

    #[test]
    fn what_is_no_list_of_numbers_is_wrong_wherever_it_is_cut() {
        for (text, wrong_at) in [
            ("1,,2]", 2),
            (",1]", 0),
            ("1,]", 2),
            ("1 2]", 2),
            ("-1]", 0),
            ("1.5]", 1),
            ("1e3]", 1),
            ("1,\"2\"]", 2),
            ("1,[2]]", 2),
            ("18446744073709551616]", 19),
        ] {
            for cut in 0..text.len() {
                let stop = take(text.as_bytes(), cut).2;
                let begin = if cut > wrong_at { 0 } else { cut };
                assert_eq!(stop, Stop::Wrong(wrong_at - begin), "{text} cut at {cut}");
            }
        }
    }
}
