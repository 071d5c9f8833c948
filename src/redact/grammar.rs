//! Whether what stands between the texts and rows of a document is JSON.
//!
//! A redacted copy has to be as good as the file was: damage that is copied would show only where the copy is
//! read, in another place and perhaps when the file is gone. So each bracket, comma, colon, number and word is
//! held against what may come next, as it streams by.
//!
//! Time: constant for each byte. Memory: a bit for each bracket that is open, as a tree of traces nests
//! thousands deep and a damaged file may nest millions.

use crate::error::{Error, Result};
use crate::snapshot::unexpected;

/// Follows a document. Texts are read by others, who tell when one has ended.
#[derive(Debug)]
pub(super) struct Grammar {
    expected: Expected,
    scalar: Scalar,
    open: Brackets,
}

/// What may come next, besides white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
    Nothing,
}

/// The number or word that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scalar {
    None,
    Word(&'static [u8]),
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigit,
}

impl Default for Grammar {
    fn default() -> Self {
        Self { expected: Expected::Value, scalar: Scalar::None, open: Brackets::default() }
    }
}

impl Grammar {
    /// How many brackets are open.
    pub(super) fn depth(&self) -> u64 {
        self.open.depth
    }

    /// Takes the next byte outside of texts, which stands at `offset`. A quote begins a text.
    ///
    /// # Errors
    ///
    /// `ERR_INVALID_SNAPSHOT` if no document goes on like that.
    #[inline]
    pub(super) fn take(&mut self, byte: u8, offset: u64) -> Result<()> {
        if self.scalar != Scalar::None {
            if let Some(scalar) = self.scalar.then(byte) {
                self.scalar = scalar;
                return Ok(());
            }
            if !self.scalar.may_end() {
                return Err(unexpected(offset, byte, "the rest of a value", "the snapshot"));
            }
            self.end_value();
        }
        if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
            return Ok(());
        }
        match (byte, self.expected) {
            (b',', Expected::CommaOrEnd) => self.expected = self.open.after_comma(),
            (b':', Expected::Colon) => self.expected = Expected::Value,
            (b'"', Expected::Key | Expected::KeyOrEnd) => self.expected = Expected::Colon,
            (b'"', Expected::Value | Expected::ValueOrEnd) => self.end_value(),
            (b'[' | b'{', Expected::Value | Expected::ValueOrEnd) => self.open(byte),
            (b']', Expected::ValueOrEnd | Expected::CommaOrEnd) if self.open.is_array() => {
                self.close();
            }
            (b'}', Expected::KeyOrEnd | Expected::CommaOrEnd) if self.open.is_object() => {
                self.close();
            }
            (_, Expected::Value | Expected::ValueOrEnd) if Scalar::starting(byte).is_some() => {
                self.scalar = Scalar::starting(byte).unwrap_or(Scalar::None);
            }
            _ => return Err(self.refuse(byte, offset)),
        }
        Ok(())
    }

    /// Takes the end of an array whose items somebody else has read.
    pub(super) fn end_array(&mut self) {
        self.close();
    }

    fn open(&mut self, byte: u8) {
        self.open.push(byte == b'{');
        self.expected = if byte == b'{' { Expected::KeyOrEnd } else { Expected::ValueOrEnd };
    }

    fn close(&mut self) {
        self.open.pop();
        self.end_value();
    }

    fn end_value(&mut self) {
        self.scalar = Scalar::None;
        self.expected = if self.open.depth == 0 { Expected::Nothing } else { Expected::CommaOrEnd };
    }

    #[cold]
    fn refuse(&self, byte: u8, offset: u64) -> Error {
        if self.open.depth == 0 && matches!(byte, b']' | b'}') {
            return Error::invalid(offset, "a bracket closes nothing");
        }
        let wanted = match self.expected {
            Expected::Value => "a value",
            Expected::ValueOrEnd => "a value or ']'",
            Expected::Key => "'\"'",
            Expected::KeyOrEnd => "'\"' or '}'",
            Expected::Colon => "':'",
            Expected::CommaOrEnd if self.open.is_object() => "',' or '}'",
            Expected::CommaOrEnd => "',' or ']'",
            Expected::Nothing => "nothing",
        };
        unexpected(offset, byte, wanted, "the snapshot")
    }
}

impl Scalar {
    /// What begins with this byte.
    fn starting(byte: u8) -> Option<Self> {
        Some(match byte {
            b'-' => Self::Minus,
            b'0' => Self::Zero,
            b'1'..=b'9' => Self::Integer,
            b't' => Self::Word(b"rue"),
            b'f' => Self::Word(b"alse"),
            b'n' => Self::Word(b"ull"),
            _ => return None,
        })
    }

    /// What it is with one more byte, if that belongs to it.
    fn then(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Word([first, rest @ ..]), _) if *first == byte => Self::Word(rest),
            (Self::Minus, b'0') => Self::Zero,
            (Self::Minus, b'1'..=b'9') | (Self::Integer, b'0'..=b'9') => Self::Integer,
            (Self::Zero | Self::Integer, b'.') => Self::Point,
            (Self::Point | Self::Fraction, b'0'..=b'9') => Self::Fraction,
            (Self::Zero | Self::Integer | Self::Fraction, b'e' | b'E') => Self::Exponent,
            (Self::Exponent, b'+' | b'-') => Self::ExponentSign,
            (Self::Exponent | Self::ExponentSign | Self::ExponentDigit, b'0'..=b'9') => {
                Self::ExponentDigit
            }
            _ => return None,
        })
    }

    fn may_end(self) -> bool {
        matches!(
            self,
            Self::Word([]) | Self::Zero | Self::Integer | Self::Fraction | Self::ExponentDigit
        )
    }
}

/// The brackets that are open: a bit each, set where it is that of an object.
#[derive(Debug, Default)]
struct Brackets {
    depth: u64,
    /// Those below the innermost 64.
    outer: Vec<u64>,
    /// The innermost, the last one lowest.
    inner: u64,
}

impl Brackets {
    fn push(&mut self, is_object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.inner);
        }
        self.inner = self.inner << 1 | u64::from(is_object);
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.inner >>= 1;
        self.depth = self.depth.saturating_sub(1);
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.inner = self.outer.pop().unwrap_or(0);
        }
    }

    fn is_object(&self) -> bool {
        self.depth > 0 && self.inner & 1 == 1
    }

    fn is_array(&self) -> bool {
        self.depth > 0 && self.inner & 1 == 0
    }

    fn after_comma(&self) -> Expected {
        if self.is_object() { Expected::Key } else { Expected::Value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a document is wrong. `None` if it is not.
    fn wrong_at(document: &str) -> Option<u64> {
        let (mut grammar, mut in_text) = (Grammar::default(), false);
        for (at, byte) in document.bytes().enumerate() {
            if in_text {
                in_text = byte != b'"';
            } else if let Err(error) = grammar.take(byte, at as u64) {
                return error.offset();
            } else {
                in_text = byte == b'"';
            }
        }
        assert_eq!(grammar.depth(), 0, "{document}");
        None
    }

    #[test]
    fn json_is_taken() {
        for document in [
            r#"{"a":[1,-2.5e+3,0,-0,0.25,1E9,true,false,null,"t",{},[]],"b":{"c":[[{"d":1}]]}}"#,
            " { \"a\" : [ 1 , 2 ] } \n",
            "[]",
            "12",
        ] {
            assert_eq!(wrong_at(document), None, "{document}");
        }
        let deep = 1000;
        let nested = format!("{}{}", r#"[{"a":"#.repeat(deep), "1");
        assert_eq!(wrong_at(&format!("{nested}{}", "}]".repeat(deep))), None);
    }

    #[test]
    fn what_is_no_json_is_refused_at_the_byte_from_which_on_it_is_none() {
        for (document, at) in [
            ("[1,,2]", 3),
            ("[,1]", 1),
            ("[1,]", 3),
            ("[1 2]", 3),
            ("[1}", 2),
            (r#"{"a":1]"#, 6),
            (r#"{"a" 1}"#, 5),
            (r#"{"a":}"#, 5),
            (r#"{"a":1,}"#, 7),
            ("{1:2}", 1),
            (r#"{"a":1 "b":2}"#, 7),
            (r#"["a":1]"#, 4),
            ("[01]", 2),
            ("[-]", 2),
            ("[1.]", 3),
            ("[.5]", 1),
            ("[1e]", 3),
            ("[+1]", 1),
            ("[tru]", 4),
            ("[nulll]", 5),
            ("[1-2]", 2),
            ("[eee]", 1),
            ("[]]", 2),
            ("]", 0),
            ("{}{}", 2),
            ("[\u{1}]", 1),
        ] {
            assert_eq!(wrong_at(document), Some(at), "{document}");
        }
        let deep = "[".repeat(200) + r#"{"":"# + &"[".repeat(200) + &"]".repeat(200);
        assert_eq!(wrong_at(&format!("{deep}]")), Some(604), "the one at depth 201 is an object");
    }
}
