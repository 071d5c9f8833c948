//! Takes the program's data out of a snapshot and leaves its structure.
//!
//! A snapshot file holds every string of the program: passwords, mails, customers' names. What a
//! diff needs are the *labels*: names of variables, properties, classes, functions and files. Both
//! share one table of strings, and one text can be both. So every entry of the table becomes two:
//! entry `2i` holds the text where it is a label, or a token where it is the key of dictionaries only,
//! and entry `2i + 1` a token where it is a value. All references are moved to one of them. An entry
//! that nothing refers to is empty.
//!
//! It is done while the snapshot streams by, although `strings` is the last array of the file:
//! nodes and edges only say *how* a string is used. `O(n)` time; 9 bytes per node, and three bits
//! per string.
//!
//! # What counts as a value
//!
//! * Names of `string`, `regexp` and `symbol` nodes, and of what may one day carry a text of its
//!   own (`concatenated string`, `sliced string`, `bigint`). That covers error messages, sources of
//!   scripts, keys of Maps, descriptions of symbols, and numbers where they are captured.
//! * Names of properties of objects in dictionary mode: their keys are data, unless the same text is
//!   a label elsewhere (`constructor` of a prototype). The global object and V8's own prototypes are
//!   not meant.
//! * Names of properties of those, and of other objects, functions and classes that look like data:
//!   mail addresses, UUIDs, tokens with digits and signs, unless the same text is a label elsewhere.
//! * Outside of `strings`: what is no word of the format, as the `title` that a tool gave.
//! * The two names inside the text of a WeakMap's edge, what follows `data:` in the URL of a
//!   script, and in that of others the query, the fragment and who asks for it.
//!
//! # What stays readable
//!
//! A function that is named after data by the program (`{ [key]() {} }`) keeps its name, and a
//! symbol that is a property key keeps its description: they are labels.

mod bits;
mod grammar;
mod graph;
mod meta;
mod numbers;
mod rewriter;
mod rows;
mod strings;
mod texts;

pub use rewriter::Redactor;
pub use texts::{Salt, is_token};
