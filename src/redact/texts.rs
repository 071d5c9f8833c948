//! Texts: tokens for values, and labels with the values in them replaced.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The key of the tokens. Equal strings get equal tokens under one salt, and nobody without it can
/// find a string by trying.
#[derive(Clone)]
pub struct Salt(Hmac<Sha256>);

/// Texts that V8 itself gives to nodes whose names are otherwise values, and the one key of a
/// dictionary that everybody has.
const KNOWN: [&[u8]; 6] =
    [b"(concatenated string)", b"(sliced string)", b"symbol", b"bigint", b"__proto__", b""];

/// The names of properties rarely have so many numbers in them; hexadecimal digits have.
const MIN_NUMBERS: usize = 3;

/// Hexadecimal digits of a token: 64 bits, so that no two of a hundred million strings are likely
/// to meet.
const TOKEN_BYTES: usize = 8;

impl Salt {
    /// A salt from the caller's text, or a random one.
    pub fn new(text: Option<&str>) -> Self {
        let random;
        let key = match text {
            Some(text) => text,
            None => {
                random = crate::capture::random_token();
                &random
            }
        };
        Self(Hmac::new_from_slice(key.as_bytes()).unwrap_or_else(|_| unreachable_key()))
    }

    /// Appends the token of a value to `out`: `~32~0123456789abcdef`, where 32 is the length of the
    /// text, rounded up to a power of two. Texts of V8's own stay. `text` is as it stands in the
    /// file, between its quotes.
    pub(super) fn write_token(&self, text: &[u8], out: &mut Vec<u8>) {
        if KNOWN.contains(&text) {
            out.extend_from_slice(text);
            return;
        }
        let mut mac = self.0.clone();
        mac.update(text);
        let digest = mac.finalize().into_bytes();
        out.push(b'~');
        out.extend_from_slice(length(text).next_power_of_two().to_string().as_bytes());
        out.push(b'~');
        for byte in &digest[..TOKEN_BYTES] {
            out.push(b"0123456789abcdef"[usize::from(byte >> 4)]);
            out.push(b"0123456789abcdef"[usize::from(byte & 15)]);
        }
    }

    /// Appends a label to `out`. The text of a WeakMap's edge names its key and its value, which
    /// may be strings: `5 / part of key (NAME @7) -> value (NAME @9) pair in WeakMap (table @3)`.
    /// The URL of a script may be all of its source.
    pub(super) fn write_label(&self, text: &[u8], out: &mut Vec<u8>) {
        if let Some(parts) = Ephemeron::parse(text) {
            out.extend_from_slice(parts.before_key);
            self.write_token(parts.key, out);
            out.extend_from_slice(parts.between);
            self.write_token(parts.value, out);
            out.extend_from_slice(parts.after);
        } else if let Some(source) = source_in_url(text) {
            out.extend_from_slice(&text[..source]);
            self.write_token(&text[source..], out);
        } else {
            out.extend_from_slice(text);
        }
    }
}

/// Where the source is in the URL of a script that holds it. V8 after Node 26 names scripts with their
/// kind.
fn source_in_url(text: &[u8]) -> Option<usize> {
    const KIND: &[u8] = b"system / Script / ";
    const SCHEME: &[u8] = b"data:";
    let url = if text.starts_with(KIND) { KIND.len() } else { 0 };
    let scheme = text.get(url..url + SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then_some(url + SCHEME.len())
}

/// Whether the name of a property is rather data, as a mail address, a UUID or a token is: it has
/// digits here and there, or is no identifier and more than words with signs between them, as in
/// `content-type`. `text` is as it stands in the file. Symbols and private names are what the program
/// calls them.
pub(super) fn is_data(text: &[u8]) -> bool {
    if text.starts_with(b"<symbol") || text.starts_with(b"#") {
        return false;
    }
    let (mut at, mut has_sign, mut is_odd, mut numbers) = (0, false, false, 0);
    while at < text.len() {
        let follows_digit = at > 0 && text[at - 1].is_ascii_digit();
        match (text[at], text.get(at + 1)) {
            // A letter of another alphabet.
            (b'\\', Some(b'u')) => at += 5,
            (b'\\' | b'@' | b' ' | b'=' | b'+' | b'%', _) => is_odd = true,
            (byte, _) if byte.is_ascii_digit() => numbers += usize::from(!follows_digit),
            (b'_' | b'$' | 0x80.., _) => {}
            (byte, _) => has_sign |= !byte.is_ascii_alphabetic(),
        }
        at += 1;
    }
    let is_token = numbers >= MIN_NUMBERS || (has_sign && numbers > 0);
    is_odd || is_token || text.first().is_some_and(u8::is_ascii_digit)
}

/// HMAC takes keys of any length.
fn unreachable_key() -> Hmac<Sha256> {
    Hmac::new(&Default::default())
}

/// UTF-16 units of a text as it stands in the file: an escape is one.
fn length(text: &[u8]) -> usize {
    let (mut units, mut at) = (0, 0);
    while at < text.len() {
        at += match (text[at], text.get(at + 1)) {
            (b'\\', Some(b'u')) => 6,
            (b'\\', _) => 2,
            _ => 1,
        };
        units += 1;
    }
    units
}

/// The pieces of a WeakMap's edge.
struct Ephemeron<'a> {
    before_key: &'a [u8],
    key: &'a [u8],
    between: &'a [u8],
    value: &'a [u8],
    after: &'a [u8],
}

impl<'a> Ephemeron<'a> {
    fn parse(text: &'a [u8]) -> Option<Self> {
        const KEY: &[u8] = b" / part of key (";
        const VALUE: &[u8] = b") -> value (";
        const PAIR: &[u8] = b") pair in WeakMap (table @";
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 || !text[digits..].starts_with(KEY) {
            return None;
        }
        let key_start = digits + KEY.len();
        // Names may hold anything, also these words. Looked for from the end, what is cut out is
        // at least all of them.
        let pair = memchr::memmem::rfind(text, PAIR)?;
        let value_end = memchr::memrchr(b'@', &text[..pair])?.checked_sub(1)?;
        let arrow = memchr::memmem::find(&text[key_start..value_end], VALUE)? + key_start;
        let key_end = memchr::memrchr(b'@', &text[..arrow])?.checked_sub(1)?;
        let value_start = arrow + VALUE.len();
        if key_end < key_start || value_end < value_start {
            return None;
        }
        Some(Self {
            before_key: &text[..key_start],
            key: &text[key_start..key_end],
            between: &text[key_end..value_start],
            value: &text[value_start..value_end],
            after: &text[value_end..],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(salt: &str, text: &str) -> String {
        let mut out = Vec::new();
        Salt::new(Some(salt)).write_token(text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn tokens_are_stable_under_one_salt_only() {
        assert_eq!(token("a", "secret"), token("a", "secret"));
        assert_ne!(token("a", "secret"), token("b", "secret"));
        assert_ne!(token("a", "secret"), token("a", "secres"));
        assert!(token("a", "secret").starts_with("~8~"));
        assert!(token("a", "\\u0041\\n").starts_with("~2~"));
        assert_eq!(token("a", "(sliced string)"), "(sliced string)");
        let mut random = [Vec::new(), Vec::new()];
        for out in &mut random {
            Salt::new(None).write_token(b"secret", out);
        }
        assert_ne!(random[0], random[1]);
    }

    #[test]
    fn the_source_in_the_url_of_a_script_is_a_value() {
        let check = |text: &str| {
            let mut out = Vec::new();
            Salt::new(Some("a")).write_label(text.as_bytes(), &mut out);
            String::from_utf8(out).unwrap()
        };
        let source = token("a", "text/javascript,export default 1");
        assert_eq!(check("data:text/javascript,export default 1"), format!("data:{source}"));
        assert_eq!(
            check("system / Script / DATA:text/javascript,export default 1"),
            format!("system / Script / DATA:{source}")
        );
        for url in ["file:///data:/a.js", "database", "data", "node:fs", ""] {
            assert_eq!(check(url), url);
        }
    }

    #[test]
    fn names_that_are_no_words_are_data() {
        for name in [
            "a@example.org",
            "123e4567-e89b-12d3",
            "4000-0000-0000-0002",
            "9f86d081",
            "e3b0c44298fc1c14",
            "abc/def+ghi=",
            "John Smith",
            "customer-5",
            "0.123",
            "\\u0410 1",
            "a\\n",
        ] {
            assert!(is_data(name.as_bytes()), "{name}");
        }
        for name in [
            "content-type",
            "text/html",
            "./lib/main.js",
            "field20",
            "TLS_AES_128_GCM_SHA256",
            "_events",
            "$1",
            "#field1",
            "<symbol kState 1>",
            "\\u0410\\u0411",
            "",
        ] {
            assert!(!is_data(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn names_in_the_edges_of_weak_maps_are_values() {
        let check = |text: &str| {
            let mut out = Vec::new();
            Salt::new(Some("a")).write_label(text.as_bytes(), &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(check("_events"), "_events");
        assert_eq!(check("5 / part"), "5 / part");
        let (key, value) = (token("a", "Session"), token("a", "se)cret @9) -> value (x"));
        assert_eq!(
            check(
                "5 / part of key (Session @7) -> value (se)cret @9) -> value (x @9) pair in WeakMap (table @3)"
            ),
            format!("5 / part of key ({key} @7) -> value ({value} @9) pair in WeakMap (table @3)")
        );
    }
}
