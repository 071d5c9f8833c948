//! Where a source hands over a function that has no name, for one whose position is not known: if there is only one
//! call that it can be.
//!
//! Time and memory: linear in the source, as [`Blocks`].

use crate::leak::blocks::Blocks;
use crate::source_words::{Position, is_alone, only_position};

/// What the only call of a function begins with between its parentheses; `None` if there are several, or none.
pub(super) fn only_call(source: &str, name: &str) -> Option<Position> {
    let blocks = Blocks::of(source);
    let calls = source.match_indices(name).filter_map(|(at, _)| {
        let behind = &source[at + name.len()..];
        let inside = behind.trim_start().strip_prefix('(')?.trim_start();
        let is_call = is_alone(source, at, name) && blocks.is_code(at);
        is_call.then_some(source.len() - inside.len())
    });
    only_position(source, calls)
}

/// Where the only listener to an event is added: the event's name in quotes is the first of what a function is told,
/// and something follows. `None` if there are several, or none. Events are emitted likewise.
pub(super) fn only_listener(source: &str, event: &str) -> Option<Position> {
    if event.is_empty() {
        return None;
    }
    let blocks = Blocks::of(source);
    let added = source.match_indices(event).filter_map(|(at, _)| {
        let quote = source[..at].chars().next_back().filter(|it| ['\'', '"', '`'].contains(it))?;
        let begin = at - quote.len_utf8();
        let function = source[..begin].trim_end().strip_suffix('(')?;
        let behind = source[at + event.len()..].strip_prefix(quote)?.trim_start();
        let is_added = behind.starts_with(',')
            && !function.trim_end().ends_with("emit")
            && blocks.is_code(function.len());
        is_added.then_some(begin)
    });
    only_position(source, added)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_listener_is_added_where_the_event_is_named_first() {
        let of = |source: &str| only_listener(source, "price");
        let source =
            "interface P { price: number }\nbus.emit('price', 1);\nbus.on( 'price', (it) => it);\n";
        assert_eq!(of(source), Some((3, 9)));
        assert_eq!(of("bus.on(\n  \"price\",\n  f,\n);\n"), Some((2, 3)));
        assert_eq!(of("bus.on('price', f);\nbus.on('price', g);\n"), None, "one of two");
        assert_eq!(of("// bus.on('price', f);\nadd(a, 'price', f);\noff('price');\n"), None);
    }

    #[test]
    fn what_a_function_is_told_is_found_if_it_is_called_once() {
        let check = |source: &str, expected| {
            assert_eq!(only_call(source, "setInterval"), expected, "{source}");
        };
        check("function poll() {\n  setInterval( () => f(), 5);\n}", Some((2, 16)));
        check("// setInterval(f)\nglobalThis.setInterval(\n  () => f());", Some((3, 3)));
        check("setInterval(f); setInterval(g);", None);
        check("const { setInterval } = timers;", None);
    }
}
