//! Takes the program's data out of a snapshot and leaves its structure.
//!
//! A snapshot file holds every string of the program: passwords, mails, customers' names. What a
//! diff needs are the *labels*: names of variables, properties, classes, functions and files. Both
//! share one table of strings, and one text can be both. So every entry of the table becomes two:
//! entry `2i` holds the text where it is a label, entry `2i + 1` a [`Token`] where it is a value,
//! and all references are moved to the one or the other. An entry that nothing refers to is empty.
//!
//! It is done while the snapshot streams by, although `strings` is the last array of the file:
//! nodes and edges only say *how* a string is used. `O(n)` time; 9 bytes per node, and one bit per
//! string.
//!
//! # What counts as a value
//!
//! * Names of `string`, `regexp` and `symbol` nodes, and of what may one day carry a text of its
//!   own (`concatenated string`, `sliced string`, `bigint`). That covers error messages, sources of
//!   scripts, keys of Maps, descriptions of symbols, and numbers where they are captured.
//! * Names of properties of objects in dictionary mode: their keys are data. The global object and
//!   V8's own prototypes are not meant.
//! * The two names inside the text of a WeakMap's edge.
//!
//! # What stays readable
//!
//! A function that is named after data by the program (`{ [key]() {} }`) keeps its name, and a
//! symbol that is a property key keeps its description: they are labels.

mod numbers;
mod rewriter;
mod texts;

pub use rewriter::Redactor;
pub use texts::Salt;
