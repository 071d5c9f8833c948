//! Positions and words in the text of a source.
//!
//! Time: linear in the text. Memory: none.

/// A line and a column, 1-based; the column counts UTF-16 units, as V8 does.
pub type Position = (u32, u32);

/// The offset of a position. Behind the end if it is not in the source.
pub(crate) fn offset_of(source: &str, (line, column): Position) -> usize {
    let lines = source.split_inclusive('\n');
    let start: usize = lines.take(line.saturating_sub(1) as usize).map(str::len).sum();
    let rest = source[start..].split('\n').next().unwrap_or("");
    let mut units = 0;
    let behind = rest.char_indices().find(|&(_, character)| {
        units += character.len_utf16() as u32;
        units >= column
    });
    start + behind.map_or(rest.len(), |(at, _)| at)
}

/// The position of an offset that is in the source.
pub(crate) fn position_of(source: &str, at: usize) -> Position {
    let before = &source[..at];
    let line = before.bytes().filter(|&byte| byte == b'\n').count() as u32 + 1;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    (line, source[start..at].encode_utf16().count() as u32 + 1)
}

/// Whether a text has a word that touches no other one. The name of a file in a path is none.
pub fn has_word(text: &str, word: &str) -> bool {
    let is_in_path = |start: usize| text[..start].ends_with('/');
    let mut places = text.match_indices(word).map(|(start, _)| start);
    !word.is_empty() && places.any(|start| is_alone(text, start, word) && !is_in_path(start))
}

/// What stands behind a name, wherever a source has it as a whole word.
pub(crate) fn behind_name<'s>(source: &'s str, name: &'s str) -> impl Iterator<Item = &'s str> {
    let places = source.match_indices(name).filter(|_| !name.is_empty());
    let whole = places.filter(|&(start, _)| is_alone(source, start, name));
    whole.map(|(start, _)| &source[start + name.len()..])
}

/// The position of the only one of some offsets; `None` if there are several, or none.
pub(crate) fn only_position(
    source: &str,
    mut offsets: impl Iterator<Item = usize>,
) -> Option<Position> {
    let only = offsets.next().filter(|_| offsets.next().is_none())?;
    Some(position_of(source, only))
}

/// Whether a value begins as the literal of an array or object with nothing in it.
pub(crate) fn is_empty_literal(value: &str) -> bool {
    [('[', ']'), ('{', '}')].into_iter().any(|(open, close)| {
        value.strip_prefix(open).is_some_and(|rest| rest.trim_start().starts_with(close))
    })
}

/// Whether the word that begins at `start` touches no other one.
pub(crate) fn is_alone(text: &str, start: usize, word: &str) -> bool {
    let before = text[..start].chars().next_back();
    let after = text[start + word.len()..].chars().next();
    !before.is_some_and(is_word) && !after.is_some_and(is_word)
}

pub(crate) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$' | '#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_not_a_part_of_another() {
        assert!(has_word("state.log.push(entry)", "log"));
        assert!(!has_word("login(); backlog; $log", "log"));
        assert!(!has_word("require('./log')", "log"));
        assert!(!has_word("log", ""));
    }

    #[test]
    fn positions_count_utf16_units() {
        let source = "a\n\u{1F600}é = 1;\n";
        for at in [0, 2, 6, 9] {
            assert_eq!(offset_of(source, position_of(source, at)), at);
        }
        assert_eq!(position_of(source, 6), (2, 3));
        assert!(offset_of(source, (9, 9)) >= source.len() - 1);
    }
}
