//! Texts: tokens for values, and labels with the values in them replaced.

use std::ops::Range;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::capture::identity::MARK;

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
        if KNOWN.contains(&text) || text.starts_with(MARK.as_bytes()) {
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

    /// Appends the token of a property's name to `out`. Of an accessor it is that of the name behind V8's word.
    pub(super) fn write_key(&self, text: &[u8], out: &mut Vec<u8>) {
        let (word, name) = parts_of_accessor(text);
        out.extend_from_slice(word);
        self.write_token(name, out);
    }

    /// Appends a label to `out`. The text of a WeakMap's edge names its key and its value, which
    /// may be strings: `5 / part of key (NAME @7) -> value (NAME @9) pair in WeakMap (table @3)`.
    /// The URL of a script may be all of its source, and that of a file or of a server may have a query and a
    /// password.
    pub(super) fn write_label(&self, text: &[u8], out: &mut Vec<u8>) {
        if let Some(parts) = Ephemeron::parse(text) {
            out.extend_from_slice(parts.before_key);
            self.write_token(parts.key, out);
            out.extend_from_slice(parts.between);
            self.write_token(parts.value, out);
            out.extend_from_slice(parts.after);
        } else {
            let mut written = 0;
            for data in data_in_url(text).into_iter().flatten() {
                out.extend_from_slice(&text[written..data.start]);
                self.write_token(&text[data.clone()], out);
                written = data.end;
            }
            out.extend_from_slice(&text[written..]);
        }
    }
}

/// Whether a text is the token of a value.
pub fn is_token(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"~") else { return false };
    let mut parts = rest.splitn(2, |&byte| byte == b'~');
    let (length, token) = (parts.next().unwrap_or(&[]), parts.next().unwrap_or(&[]));
    !length.is_empty()
        && length.iter().all(u8::is_ascii_digit)
        && token.len() == 2 * TOKEN_BYTES
        && token.iter().all(u8::is_ascii_hexdigit)
}

/// What is data in the URL of a script: its source, if the URL holds that; or who asks a server for it, and
/// the query or fragment, which may be a signature. V8 after Node 26 names scripts with their kind.
fn data_in_url(text: &[u8]) -> [Option<Range<usize>>; 2] {
    const KIND: &[u8] = b"system / Script / ";
    let url = if text.starts_with(KIND) { KIND.len() } else { 0 };
    let after = |scheme: &[u8]| {
        let found = text.get(url..url + scheme.len())?;
        found.eq_ignore_ascii_case(scheme).then_some(url + scheme.len())
    };
    if let Some(source) = after(b"data:") {
        return [None, Some(source..text.len())];
    }
    let server = after(b"http://").or_else(|| after(b"https://"));
    let Some(start) = server.or_else(|| after(b"file:")) else { return [None, None] };
    let find = |from: usize, to: usize, wanted: &[u8]| {
        let found = text[from..to].iter().position(|byte| wanted.contains(byte));
        found.map_or(to, |at| from + at)
    };
    let query = find(start, text.len(), b"?#");
    let authority = find(start, query, b"/\\");
    let user = server.and_then(|_| memchr::memrchr(b'@', &text[start..authority]));
    [user.map(|user| start..start + user), (query + 1 < text.len()).then(|| query + 1..text.len())]
}

/// Whether a text is the path of a file, or a URL of one.
pub(super) fn is_path(text: &[u8]) -> bool {
    let has_drive =
        || matches!(text, [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic());
    text.starts_with(b"/") || text.starts_with(b"file:") || has_drive()
}

/// Whether the name of a property is rather data, as a mail address, a UUID or a token is: it has
/// digits here and there, or is no identifier and more than words with signs between them, as in
/// `content-type`. `text` is as it stands in the file. Symbols and private names are what the program
/// calls them; so are accessors, which V8 calls `get NAME` and `set NAME`.
pub(super) fn is_data(text: &[u8]) -> bool {
    if text.starts_with(b"<symbol ") && text.ends_with(b">") {
        return false;
    }
    let (_, text) = parts_of_accessor(text);
    let text = text.strip_prefix(b"#").unwrap_or(text);
    let (mut has_sign, mut is_odd, mut numbers) = (false, false, 0);
    let (mut starts_with_digit, mut follows_digit) = (false, false);
    for (at, character) in characters(text).enumerate() {
        let is_digit = character.is_numeric();
        match character {
            '\\' | '@' | '=' | '+' | '%' => is_odd = true,
            '_' | '$' => {}
            _ if character.is_whitespace() || character.is_control() => is_odd = true,
            _ if is_digit => numbers += usize::from(!follows_digit),
            _ => has_sign |= character.is_ascii() && !character.is_ascii_alphabetic(),
        }
        starts_with_digit |= at == 0 && is_digit;
        follows_digit = is_digit;
    }
    let is_token = numbers >= MIN_NUMBERS || (has_sign && numbers > 0);
    is_odd || is_token || starts_with_digit
}

/// V8's word for an accessor's function, which is empty for other properties, and the name behind it.
fn parts_of_accessor(text: &[u8]) -> (&[u8], &[u8]) {
    let is_accessor = text.starts_with(b"get ") || text.starts_with(b"set ");
    text.split_at(if is_accessor { 4 } else { 0 })
}

/// The characters of a text as it stands in the file. Of an escape that is not of a UTF-16 unit there is a
/// backslash; half of a pair is a letter of another alphabet.
fn characters(text: &[u8]) -> impl Iterator<Item = char> {
    let text = String::from_utf8_lossy(text);
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let unit = rest.strip_prefix("\\u").and_then(|rest| rest.get(..4));
        if let Some(unit) = unit.and_then(|unit| u32::from_str_radix(unit, 16).ok()) {
            at += 6;
            return Some(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let first = rest.chars().next()?;
        at += first.len_utf8();
        if first == '\\' {
            at += text[at..].chars().next().map_or(0, char::len_utf8);
        }
        Some(first)
    })
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

    /// What is written for a text.
    fn written(salt: &str, text: &str, write: impl Fn(&Salt, &[u8], &mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&Salt::new(Some(salt)), text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    fn token(salt: &str, text: &str) -> String {
        written(salt, text, Salt::write_token)
    }

    #[test]
    fn tokens_are_stable_under_one_salt_only() {
        assert_eq!(token("a", "secret"), token("a", "secret"));
        assert_ne!(token("a", "secret"), token("b", "secret"));
        assert_ne!(token("a", "secret"), token("a", "secres"));
        assert!(token("a", "secret").starts_with("~8~"));
        assert!(token("a", "\\u0041\\n").starts_with("~2~"));
        assert_eq!(token("a", "(sliced string)"), "(sliced string)");
        assert_eq!(token("a", "heapdiff isolate 07"), "heapdiff isolate 07");
        assert!(is_token(token("a", "secret").as_bytes()));
        assert!(
            !["secret", "~", "~8~", "~8~0123", "~~0123456789abcdef"]
                .iter()
                .any(|it| is_token(it.as_bytes()))
        );
        let mut random = [Vec::new(), Vec::new()];
        for out in &mut random {
            Salt::new(None).write_token(b"secret", out);
        }
        assert_ne!(random[0], random[1]);
    }

    #[test]
    fn an_accessor_stays_one_and_is_known_by_its_name() {
        let key = |text: &str| written("a", text, Salt::write_key);
        let name = token("a", "title-7");
        assert_eq!(key("title-7"), name);
        assert_eq!(key("get title-7"), format!("get {name}"));
        assert_eq!(key("set title-7"), format!("set {name}"));
        assert_eq!(key("getter"), token("a", "getter"));
    }

    #[test]
    fn the_source_in_the_url_of_a_script_is_a_value() {
        let check = |text: &str| written("a", text, Salt::write_label);
        let source = token("a", "text/javascript,export default 1");
        assert_eq!(check("data:text/javascript,export default 1"), format!("data:{source}"));
        assert_eq!(
            check("system / Script / DATA:text/javascript,export default 1"),
            format!("system / Script / DATA:{source}")
        );
        let query = token("a", "key=secret#1");
        assert_eq!(check("file:///a.js?key=secret#1"), format!("file:///a.js?{query}"));
        assert_eq!(check("file:///a.js#"), "file:///a.js#");
        let (user, query) = (token("a", "me:secr@et"), token("a", "X-Signature=5@6#7"));
        assert_eq!(
            check("https://me:secr@et@example.org:8/a@b.js?X-Signature=5@6#7"),
            format!("https://{user}@example.org:8/a@b.js?{query}")
        );
        assert_eq!(check("http://me:secr@et@example.org"), format!("http://{user}@example.org"));
        for url in ["https://example.org/a@b.js", "http://", "https://?", "http:a?b"] {
            assert_eq!(check(url), url);
        }
        for url in ["file:///data:/a.js", "is it file:///a.js?", "database", "data", "node:fs", ""]
        {
            assert_eq!(check(url), url);
        }
    }

    #[test]
    fn paths_are_told_from_other_texts() {
        for path in ["/srv/app.js", "file:///srv/app.mjs", "C:\\\\app.js"] {
            assert!(is_path(path.as_bytes()), "{path}");
        }
        for other in ["app.js", "", "C:", "a secret", "https://example.org/"] {
            assert!(!is_path(other.as_bytes()), "{other}");
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
            "#john.doe@example.org",
            "#4000-0000-0000-0002",
            "<symbol john@example.org",
            "get John Smith",
            "\\u5c71\\u7530\\u3000\\u592a\\u90ce",
            "Anna\\u00a0Smith",
            "\u{0661}\u{0662}\u{0663}abc",
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
            "get total",
            "set #field1",
            "<symbol kState 1>",
            "\\u0410\\u0411",
            "",
        ] {
            assert!(!is_data(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn names_in_the_edges_of_weak_maps_are_values() {
        let check = |text: &str| written("a", text, Salt::write_label);
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
