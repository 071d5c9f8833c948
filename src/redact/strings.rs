//! How each string is used, and what is written for it.
//!
//! One text may be a label in one place and a value in another. So each string becomes two entries, and
//! what refers to it refers to the one that is meant. Strings come last in a file: by then all uses are
//! known.
//!
//! Memory: six bits a string.

use super::bits::Bits;
use super::texts::{Salt, is_data, is_path};

/// How a string is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Label,
    /// The name of code: a label, of a function or a script.
    Code,
    /// The name of a property of an object: a label, unless it looks like data.
    Property,
    Value,
    /// The key of a dictionary: data, unless the program has it as a label elsewhere. Then it is that
    /// label, as in a file that is not redacted: what knows it by its number has to know both.
    Key,
    /// The name under which a module exports a variable, which is a value by what it is: it stays, as names
    /// of variables do.
    Export,
}

/// Entries for each string: the first for labels and keys, the second for values.
const ENTRIES: u64 = 2;

/// The strings of a snapshot.
#[derive(Default)]
pub(super) struct Strings {
    written: usize,
    labels: Bits,
    properties: Bits,
    values: Bits,
    keys: Bits,
    exports: Bits,
    code: Bits,
}

impl Strings {
    /// How many strings the file had.
    pub(super) fn count(&self) -> usize {
        self.written
    }

    /// The new number of a string that is used so.
    pub(super) fn refer(&mut self, index: u64, use_: Use) -> u64 {
        // An index beyond 32 bits names no string. It stays out of range, without memory for it.
        if let Ok(index) = u32::try_from(index) {
            let used = match use_ {
                Use::Label => &mut self.labels,
                Use::Code => &mut self.code,
                Use::Property => &mut self.properties,
                Use::Value => &mut self.values,
                Use::Key => &mut self.keys,
                Use::Export => &mut self.exports,
            };
            if index < 1 << 30 {
                used.insert(index as usize);
            }
        }
        index.saturating_mul(ENTRIES).saturating_add(u64::from(use_ == Use::Value))
    }

    /// Writes the entries of the next string. The path of a script is a label wherever else it stands: by it is
    /// known which module a script is of.
    pub(super) fn write(&mut self, text: &[u8], salt: &Salt, out: &mut Vec<u8>) {
        let index = self.written;
        self.written += 1;
        if index > 0 {
            out.push(b',');
        }
        out.push(b'"');
        // The first entry is V8's `<dummy>`.
        let is_property = self.properties.contains(index);
        let is_of_code = self.code.contains(index);
        if self.labels.contains(index)
            || is_of_code
            || (is_property && !is_data(text))
            || (index == 0 && text == b"<dummy>")
        {
            salt.write_label(text, out);
        } else if is_property || self.keys.contains(index) {
            salt.write_key(text, out);
        }
        out.extend_from_slice(b"\",\"");
        let is_value = self.values.contains(index);
        if self.exports.contains(index) || (is_value && is_of_code && is_path(text)) {
            salt.write_label(text, out);
        } else if is_value {
            salt.write_token(text, out);
        }
        out.push(b'"');
    }
}
