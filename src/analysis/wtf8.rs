//! WTF-8 texts as JavaScript sees them: as sequences of UTF-16 units.
//!
//! WTF-8 is UTF-8 that may also hold lone surrogates (<https://simonsapin.github.io/wtf-8/>).
//! Lengths, order and the escapes of `JSON.stringify` are defined on UTF-16 units, and differ from
//! those on bytes: U+FF5E comes before U+10000 in bytes and after it in units.

use std::cmp::Ordering;

/// A text for people: halves of surrogate pairs are replaced.
pub fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// How many UTF-16 units a text has.
pub fn utf16_len(text: &[u8]) -> usize {
    // A character of four bytes is two units, any other is one.
    text.iter().map(|&byte| usize::from(byte & 0xC0 != 0x80) + usize::from(byte >= 0xF0)).sum()
}

/// Compares two texts by their UTF-16 units, as `<` does in JavaScript.
pub fn cmp_utf16(left: &[u8], right: &[u8]) -> Ordering {
    let same = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    match (left.get(same), right.get(same)) {
        // From U+D000 on, the order of bytes is not that of units. Both bytes begin a character:
        // the bytes that continue one are lower.
        (Some(0xED..), Some(0xED..)) => utf16_units(&left[same..]).cmp(utf16_units(&right[same..])),
        (left, right) => left.cmp(&right),
    }
}

/// The UTF-16 units of a text.
pub fn utf16_units(text: &[u8]) -> impl Iterator<Item = u16> + '_ {
    code_points(text).flat_map(|code_point| {
        let (first, second) = match code_point.checked_sub(0x1_0000) {
            None => (code_point as u16, None),
            Some(rest) => (0xD800 + (rest >> 10) as u16, Some(0xDC00 + (rest & 0x3FF) as u16)),
        };
        std::iter::once(first).chain(second)
    })
}

/// The code points of a text, lone surrogates included.
fn code_points(text: &[u8]) -> impl Iterator<Item = u32> + '_ {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (&lead, _) = rest.split_first()?;
        let (length, bits) = match lead {
            0xF0.. => (4, lead & 0x07),
            0xE0.. => (3, lead & 0x0F),
            0xC0.. => (2, lead & 0x1F),
            _ => (1, lead),
        };
        let length = length.min(rest.len());
        let (character, after) = rest.split_at(length);
        rest = after;
        let tail = character[1..].iter();
        Some(tail.fold(u32::from(bits), |sum, &byte| sum << 6 | u32::from(byte & 0x3F)))
    })
}

/// Appends a text as `JSON.stringify` writes a string: quoted, with `"`, `\` and controls escaped,
/// and lone surrogates as `\udxxx` in lower case.
pub fn push_json(text: &[u8], json: &mut Vec<u8>) {
    json.push(b'"');
    let mut plain = 0;
    let mut at = 0;
    while at < text.len() {
        let is_surrogate = text[at] == 0xED && text.get(at + 1).is_some_and(|&next| next >= 0xA0);
        let length = if is_surrogate { 3.min(text.len() - at) } else { 1 };
        let escape = match text[at] {
            b'"' => Some("\\\"".to_owned()),
            b'\\' => Some("\\\\".to_owned()),
            0x08 => Some("\\b".to_owned()),
            0x0C => Some("\\f".to_owned()),
            b'\n' => Some("\\n".to_owned()),
            b'\r' => Some("\\r".to_owned()),
            b'\t' => Some("\\t".to_owned()),
            control @ 0..0x20 => Some(format!("\\u{control:04x}")),
            _ if is_surrogate => {
                code_points(&text[at..at + length]).next().map(|unit| format!("\\u{unit:04x}"))
            }
            _ => None,
        };
        if let Some(escape) = escape {
            json.extend_from_slice(&text[plain..at]);
            json.extend_from_slice(escape.as_bytes());
            plain = at + length;
        }
        at += length;
    }
    json.extend_from_slice(&text[plain..]);
    json.push(b'"');
}

/// The number that JavaScript's `parseInt(text, 10)` reads, if any: white space, a sign and digits
/// in front, anything after.
pub fn parse_int(text: &[u8]) -> Option<f64> {
    let text = trim_start(text);
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let value: f64 = std::str::from_utf8(&digits[..end]).ok()?.parse().ok()?;
    Some(if negative { -value } else { value })
}

/// The text without the white space and line ends that JavaScript strips.
fn trim_start(text: &[u8]) -> &[u8] {
    let mut rest = text;
    while let Some(code_point) = code_points(rest).next() {
        let is_space = matches!(
            code_point,
            0x09..=0x0D | 0x20 | 0xA0 | 0x1680 | 0x2000..=0x200A
                | 0x2028 | 0x2029 | 0x202F | 0x205F | 0x3000 | 0xFEFF
        );
        if !is_space {
            break;
        }
        let length = 1 + rest[1..].iter().take_while(|&&byte| byte & 0xC0 == 0x80).count();
        rest = &rest[length..];
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The WTF-8 form of any sequence of units.
    fn wtf8(units: &[u16]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for unit in char::decode_utf16(units.iter().copied()) {
            match unit {
                Ok(character) => {
                    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                Err(lone) => {
                    let unit = lone.unpaired_surrogate();
                    let tail = |shift: u16| 0x80 | (unit >> shift & 0x3F) as u8;
                    bytes.extend_from_slice(&[0xE0 | (unit >> 12) as u8, tail(6), tail(0)]);
                }
            }
        }
        bytes
    }

    fn units() -> impl Strategy<Value = Vec<u16>> {
        let unit = prop_oneof![
            0u16..0x80,
            0x80u16..0x900,
            0xD7F0u16..0xE010,
            0xFF50u16..=0xFFFF,
            Just(0x2028)
        ];
        prop::collection::vec(unit, 0..8)
    }

    proptest! {
        #[test]
        fn units_come_back(units in units()) {
            let text = wtf8(&units);
            prop_assert_eq!(utf16_len(&text), units.len());
            prop_assert_eq!(utf16_units(&text).collect::<Vec<_>>(), units);
        }

        #[test]
        fn order_is_that_of_units(left in units(), right in units()) {
            prop_assert_eq!(cmp_utf16(&wtf8(&left), &wtf8(&right)), left.cmp(&right));
        }

        #[test]
        fn json_is_what_serde_reads_back(text in "[\\x00-\\x20\"\\\\a-c\u{e9}\u{1F600}]{0,12}") {
            let mut json = Vec::new();
            push_json(text.as_bytes(), &mut json);
            prop_assert_eq!(serde_json::from_slice::<String>(&json).unwrap(), text);
        }
    }

    #[test]
    fn json_escapes_lone_surrogates_in_lower_case() {
        let mut json = Vec::new();
        push_json(&wtf8(&[0x61, 0xDABC, 0x1F, 0x7F]), &mut json);
        assert_eq!(json, b"\"a\\udabc\\u001f\x7f\"");
    }

    #[test]
    fn parse_int_is_that_of_javascript() {
        let cases =
            [("12", 12.0), ("1x", 1.0), (" \u{a0}\t-7.9", -7.0), ("+3", 3.0), ("0x1f", 0.0)];
        for (text, value) in cases {
            assert_eq!(parse_int(text.as_bytes()), Some(value), "{text}");
        }
        for text in ["", "x", "-", "- 1", ".5"] {
            assert_eq!(parse_int(text.as_bytes()), None, "{text}");
        }
    }
}
