//! Numbers of a flat JSON array, as they stream by.

/// Puts digits together across the borders of chunks.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    value: u64,
    any: bool,
}

impl Numbers {
    /// Takes bytes up to the end of the array and gives each number to `each`. Returns how many
    /// bytes it took, and whether the closing bracket was the last of them.
    pub(super) fn take<E>(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(u64) -> Result<(), E>,
    ) -> Result<(usize, bool), E> {
        for (at, &byte) in bytes.iter().enumerate() {
            if byte.is_ascii_digit() {
                self.value = self.value.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
                self.any = true;
                continue;
            }
            if std::mem::take(&mut self.any) {
                each(std::mem::take(&mut self.value))?;
            }
            if byte == b']' {
                return Ok((at + 1, true));
            }
        }
        Ok((bytes.len(), false))
    }
}

/// Appends a number, after a comma unless it is the first.
pub(super) fn write_number(value: u64, first: bool, out: &mut Vec<u8>) {
    if !first {
        out.push(b',');
    }
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = value;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_any_cut() {
        let text = b"0,12\n,345, 18446744073709551615]rest";
        for cut in 0..text.len() {
            let (mut numbers, mut seen, mut out) = (Numbers::default(), Vec::new(), Vec::new());
            for piece in [&text[..cut], &text[cut..]] {
                let taken = numbers.take::<()>(piece, |value| {
                    write_number(value, seen.is_empty(), &mut out);
                    seen.push(value);
                    Ok(())
                });
                if taken.unwrap().1 {
                    break;
                }
            }
            assert_eq!(seen, [0, 12, 345, u64::MAX]);
            assert_eq!(out, b"0,12,345,18446744073709551615");
        }
    }
}
