//! What a colleague would say: one plain sentence about a suspect.

use std::cmp::Reverse;

use crate::report::{Holding, Items, SourcePosition, Suspect, SuspectKind};

/// So many things that grew beside a suspect are named.
const MOST_PARTS: usize = 3;

/// Containers of one class inside of another one.
#[derive(Clone, Debug)]
pub struct Inside {
    /// How many.
    pub count: u64,
    /// Their class.
    pub class_name: String,
}

impl Inside {
    fn containers(&self) -> String {
        let class = printable(&self.class_name);
        match self.count {
            1 => format!("one {class}"),
            count => format!("{} {class} objects", grouped(count)),
        }
    }

    /// What their items are called.
    fn unit(&self) -> &'static str {
        match self.class_name.as_str() {
            "Array" => "elements",
            "Map" | "Set" => "entries",
            "Object" => "properties",
            _ => "items",
        }
    }
}

/// The sentence. `owner` is the class whose instance holds the suspect, where there is one; `inside`
/// says which containers in it the items are in, if they are not its own; `things` what the new items
/// are, if that is known.
pub fn sentence(
    suspect: &Suspect,
    owner: Option<&str>,
    inside: Option<&Inside>,
    things: &[Holding],
) -> String {
    let mut text = format!("`{}`", printable(&suspect.name));
    if suspect.class_name != suspect.name {
        text += &format!(" ({})", printable(&suspect.class_name));
    }
    if let Some(source) = &suspect.source {
        text += &format!(" in {}", place(source));
    }
    if let Some(owner) = owner {
        text += &format!(", owned by {}", printable(owner));
    }
    if let Some(timers) = more_timers(suspect) {
        return text + &timers;
    }
    let growth = growth(suspect, inside);
    if owner.is_some() && !growth.starts_with(',') {
        text.push(',');
    }
    text += &growth;
    if let Some(clause) = what_it_holds(suspect, things) {
        text += &clause;
    }
    text.push('.');
    text
}

/// What grew beside a suspect and is part of it, by name and class.
pub fn sentence_on_parts(parts: &[(String, String)]) -> Option<String> {
    let (shown, rest) = parts.split_at(parts.len().min(MOST_PARTS));
    let named = shown.iter().map(|(name, class)| match name == class {
        true => format!("{} objects", printable(class)),
        false => format!("`{}` ({})", printable(name), printable(class)),
    });
    let named: Vec<_> = named.collect();
    let others = match rest.len() {
        0 => String::new(),
        others => format!(" and {others} more"),
    };
    (!named.is_empty()).then(|| format!(" Beside it grew {}{others}.", named.join(", ")))
}

/// Of timers, whose lists say nothing, how many more there are.
fn more_timers(suspect: &Suspect) -> Option<String> {
    let timers = suspect.holds.iter().find(|holding| holding.class_name == "Timeout")?;
    let is_told = suspect.kind == SuspectKind::Timers && timers.count > 0;
    let bytes = bytes(suspect.growth.retained_bytes);
    is_told.then(|| format!(": {} more timers are pending ({bytes}).", grouped(timers.count)))
}

/// File and line. Of a path, what fits: the last two parts.
fn place(source: &SourcePosition) -> String {
    let (url, line) = match &source.original {
        Some(original) => (original.url.as_str(), Some(original.line)),
        None => (source.url.as_str(), source.line),
    };
    let parts: Vec<_> = url.split(['/', '\\']).filter(|part| !part.is_empty()).collect();
    let short = match url.split_once(',') {
        // The code itself is no help.
        Some((media_type, _)) if url.starts_with("data:") => format!("{media_type},\u{2026}"),
        _ if url.starts_with("node:") => url.to_owned(),
        _ => parts[parts.len().saturating_sub(2)..].join("/"),
    };
    match line {
        Some(line) => format!("{}:{line}", printable(&short)),
        None => printable(&short),
    }
}

fn growth(suspect: &Suspect, inside: Option<&Inside>) -> String {
    let bytes = bytes(suspect.growth.retained_bytes);
    let (others, in_all) = match suspect.alike {
        0 => (String::new(), ""),
        alike => (format!(", and {} more like it", grouped(alike)), " in all"),
    };
    match suspect.growth.items {
        Some(Items { before, after }) if after > before => {
            let (before, after) = (grouped(before), grouped(after));
            let (unit, inside) = match inside.filter(|_| suspect.alike == 0) {
                Some(inside) => (inside.unit(), format!(" in {} inside it", inside.containers())),
                None => (unit(suspect.kind), String::new()),
            };
            format!(" grew from {before} to {after} {unit}{inside}{others} ({bytes}{in_all})")
        }
        _ => {
            let comma = if others.is_empty() { "" } else { "," };
            format!("{others}{comma} grew by {}{in_all}", bytes.trim_start_matches('+'))
        }
    }
}

/// What the items of a container are called.
fn unit(kind: SuspectKind) -> &'static str {
    match kind {
        SuspectKind::Array => "elements",
        SuspectKind::Listeners => "listeners",
        SuspectKind::Object => "properties",
        SuspectKind::List => "links",
        SuspectKind::Timers => "timers",
        SuspectKind::Promises => "reactions",
        SuspectKind::Instances => "instances",
        _ => "entries",
    }
}

/// The clause on what piled up, if one class stands out: what the items are or, where nobody knows
/// that, what is below them. Of instances the name says it already.
fn what_it_holds(suspect: &Suspect, things: &[Holding]) -> Option<String> {
    let Suspect { kind, alike, growth, holds, .. } = suspect;
    if *kind == SuspectKind::Instances {
        return None;
    }
    let more = growth.items.map_or(0, |items| items.after.saturating_sub(items.before));
    let stands_out = |holding: &&Holding| holding.count >= 2 && holding.count * 10 >= more;
    // The class of which there is one an item says what the items are.
    let off = |count: u64| count.max(more) / count.min(more).max(1);
    let below = if things.is_empty() { holds } else { things };
    let telling = below.iter().filter(stands_out).filter_map(|holding| {
        Some((rank_of_class(&holding.class_name)?, off(holding.count), holding))
    });
    let (_, _, telling) =
        telling.min_by_key(|&(rank, off, holding)| (rank, off, Reverse(holding.bytes)))?;
    let class = match telling.class_name.as_str() {
        "String" => "strings".to_owned(),
        "Number" => "numbers".to_owned(),
        "Function" => "functions".to_owned(),
        "Object" => "plain objects".to_owned(),
        "Array" => "arrays".to_owned(),
        class => format!("{} objects", printable(class)),
    };
    let they_hold = if *alike > 0 { "they now hold" } else { "it now holds" };
    Some(format!(": {they_hold} {} more {class}", grouped(telling.count)))
}

/// How much a class says: one of the program most, values of a built-in type least. `None`: V8's own.
fn rank_of_class(class: &str) -> Option<u8> {
    const VALUES: [&str; 5] = ["String", "Number", "Symbol", "BigInt", "RegExp"];
    const BUILT_IN: [&str; 10] = [
        "Object",
        "Array",
        "Map",
        "Set",
        "Function",
        "Promise",
        "Generator",
        "Date",
        "ArrayBuffer",
        "Uint8Array",
    ];
    match class {
        _ if class.starts_with('(') || class.starts_with("system / ") => None,
        _ if VALUES.contains(&class) => Some(2),
        _ if BUILT_IN.contains(&class) || class.starts_with("Node / ") => Some(1),
        _ => Some(0),
    }
}

/// Bytes with a sign, as people say them.
fn bytes(bytes: i64) -> String {
    let sign = if bytes < 0 { '-' } else { '+' };
    let size = bytes.unsigned_abs() as f64;
    let (value, unit) = match size {
        _ if size >= 1e9 => (size / 1e9, "GB"),
        _ if size >= 1e6 => (size / 1e6, "MB"),
        _ if size >= 1e3 => (size / 1e3, "kB"),
        _ => return format!("{sign}{size} B"),
    };
    if value >= 100.0 {
        format!("{sign}{value:.0} {unit}")
    } else {
        format!("{sign}{value:.1} {unit}")
    }
}

/// A number with a comma every three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A name from the heap, cut to what fits a sentence and without control characters.
fn printable(name: &str) -> String {
    const LONGEST: usize = 80;
    let mut text: String = name
        .chars()
        .take(LONGEST)
        .map(|character| if character.is_control() { '\u{fffd}' } else { character })
        .collect();
    if name.chars().nth(LONGEST).is_some() {
        text.push('\u{2026}');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::SuspectGrowth;

    fn suspect(items: Option<Items>, holds: Vec<Holding>) -> Suspect {
        Suspect {
            name: "sessions".into(),
            class_name: "Map".into(),
            kind: SuspectKind::Map,
            node_id: 7,
            alike: 0,
            confidence: 0.9,
            growth: SuspectGrowth { retained_bytes: 38_000_000, items, per_work: None },
            source: Some(SourcePosition {
                url: "file:///app/src/session-store.js".into(),
                line: Some(12),
                column: Some(3),
                function_name: None,
                original: None,
            }),
            path: vec![],
            holds,
            fingerprint: String::new(),
            summary: String::new(),
        }
    }

    #[test]
    fn it_reads_like_a_message() {
        let items = Some(Items { before: 1_204, after: 51_204 });
        let holds =
            vec![Holding { class_name: "Session".into(), count: 50_000, bytes: 30_000_000 }];
        assert_eq!(
            sentence(&suspect(items, holds), Some("SessionStore"), None, &[]),
            "`sessions` (Map) in src/session-store.js:12, owned by SessionStore, grew from 1,204 to \
             51,204 entries (+38.0 MB): it now holds 50,000 more Session objects."
        );
        assert_eq!(
            sentence(&suspect(None, vec![]), None, None, &[]),
            "`sessions` (Map) in src/session-store.js:12 grew by 38.0 MB."
        );
        let several = Suspect { alike: 1, ..suspect(None, vec![]) };
        assert_eq!(
            sentence(&several, Some("Shop"), None, &[]),
            "`sessions` (Map) in src/session-store.js:12, owned by Shop, and 1 more like it, grew by \
             38.0 MB in all."
        );
        let several = Suspect { alike: 1_200, ..suspect(None, vec![]) };
        assert_eq!(
            sentence(&several, None, None, &[]),
            "`sessions` (Map) in src/session-store.js:12, and 1,200 more like it, grew by 38.0 \
             MB in all."
        );
    }

    #[test]
    fn it_says_what_the_items_are() {
        let holding = |class: &str, count| Holding { class_name: class.into(), count, bytes: 0 };
        let says = |kind, more, holds: &[Holding]| {
            let items = Some(Items { before: 0, after: more });
            let suspect = Suspect { kind, ..suspect(items, holds.to_vec()) };
            what_it_holds(&suspect, &[]).unwrap_or_default()
        };
        let map = SuspectKind::Map;
        let holds = [holding("String", 900), holding("Line", 500), holding("Cart", 100)];
        assert_eq!(says(map, 100, &holds), ": it now holds 100 more Cart objects");
        let holds = [holding("(array)", 900), holding("String", 100), holding("Object", 100)];
        assert_eq!(says(map, 100, &holds), ": it now holds 100 more plain objects");
        assert_eq!(says(map, 100, &holds[..2]), ": it now holds 100 more strings");
        assert_eq!(says(map, 100, &[holding("Cart", 9)]), "", "a tenth of the items at least");
        assert_eq!(says(SuspectKind::Instances, 9, &[holding("TCP", 9)]), "");
        let items = Some(Items { before: 0, after: 100 });
        let held = suspect(items, vec![holding("Array", 100), holding("Object", 900)]);
        let things = [holding("String", 100), holding("Object", 100)];
        let told = what_it_holds(&held, &things).unwrap_or_default();
        assert_eq!(told, ": it now holds 100 more plain objects", "what the items are is known");
    }

    #[test]
    fn of_timers_it_says_how_many_more_are_pending() {
        let holds = vec![Holding { class_name: "Timeout".into(), count: 2_000, bytes: 240_000 }];
        let timers = Suspect {
            name: "retry".into(),
            class_name: "Timeout".into(),
            kind: SuspectKind::Timers,
            ..suspect(None, holds)
        };
        assert_eq!(
            sentence(&timers, None, None, &[]),
            "`retry` (Timeout) in src/session-store.js:12: 2,000 more timers are pending (+38.0 MB)."
        );
    }

    #[test]
    fn it_says_whose_items_they_are() {
        let items = Some(Items { before: 20, after: 4_020 });
        let inside = |count| Inside { count, class_name: "Array".into() };
        let told = sentence(&suspect(items, vec![]), None, Some(&inside(2)), &[]);
        assert!(
            told.ends_with("from 20 to 4,020 elements in 2 Array objects inside it (+38.0 MB).")
        );
        let several = Suspect { alike: 3, ..suspect(items, vec![]) };
        let told = sentence(&several, None, Some(&inside(1)), &[]);
        assert!(!told.contains("inside it"), "in each of them it is another one: {told}");
    }

    #[test]
    fn names_from_the_heap_do_no_harm() {
        assert_eq!(printable("a\u{1b}[31m\nb"), "a\u{fffd}[31m\u{fffd}b");
        assert_eq!(printable(&"x".repeat(99)).chars().count(), 81);
    }
}
