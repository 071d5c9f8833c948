//! Numbers of a flat JSON array, as they stream by.

/// Puts digits together across the borders of chunks, and sees that there is one comma between two
/// numbers and nothing else.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    value: u64,
    expected: Expected,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Expected {
    /// The first number, or the end.
    #[default]
    Any,
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
    /// Takes bytes up to the end of the array and gives each number to `each`.
    pub(super) fn take<E>(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(u64) -> Result<(), E>,
    ) -> Result<Stop, E> {
        for (at, &byte) in bytes.iter().enumerate() {
            if byte.is_ascii_digit() {
                if self.expected == Expected::Comma || !self.push(byte) {
                    return Ok(Stop::Wrong(at));
                }
                self.expected = Expected::Digit;
                continue;
            }
            if self.expected == Expected::Digit {
                each(std::mem::take(&mut self.value))?;
                self.expected = Expected::Comma;
            }
            match (byte, self.expected) {
                (b' ' | b'\n' | b'\r' | b'\t', _) => {}
                (b',', Expected::Comma) => self.expected = Expected::Number,
                (b']', Expected::Any | Expected::Comma) => {
                    self.expected = Expected::Any;
                    return Ok(Stop::End(at + 1));
                }
                _ => return Ok(Stop::Wrong(at)),
            }
        }
        Ok(Stop::More(bytes.len()))
    }

    /// Adds a digit. False if the number would not fit 64 bits.
    fn push(&mut self, digit: u8) -> bool {
        let value = self.value.checked_mul(10).and_then(|v| v.checked_add(u64::from(digit - b'0')));
        self.value = value.unwrap_or_default();
        value.is_some()
    }
}

/// Appends a number, after a comma unless it is the first.
pub(super) fn write_number(value: u64, first: bool, out: &mut Vec<u8>) {
    if !first {
        out.push(b',');
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
        for piece in [&text[..cut], &text[cut..]] {
            let taken = numbers.take::<()>(piece, |value| {
                write_number(value, seen.is_empty(), &mut out);
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
