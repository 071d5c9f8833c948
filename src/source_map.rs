//! From a position in generated code (compiled TypeScript, a bundle) to the one that somebody
//! wrote, by the source map beside the file or inside it.
//!
//! A source map is a convenience: where there is none, or where it cannot be read, the position
//! stays as it is and nothing is said. What to read comes from the snapshot, so only regular files
//! of bounded size are opened, and nothing of their content gets into a report but the names of
//! sources and the numbers of lines in a map.
//!
//! Time and memory: linear in the size of the generated files and maps of the suspects; a file is
//! read once, whatever the number of suspects in it.
//!
//! Format: ECMA-426, <https://tc39.es/ecma426/>.

use std::collections::HashMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Component, Path, PathBuf};

use memchr::memmem;
use oxc_sourcemap::SourceMap;

use crate::control::Control;
use crate::error::Result;
use crate::report::{OriginalPosition, SourcePosition, Suspect};
use crate::source_words::{Position, has_word, is_alone, is_word, offset_of, position_of};

/// Larger files are left alone. The largest bundles that people run have some ten megabytes.
const MAX_FILE_BYTES: u64 = 128 << 20;

/// So many places of a word are looked at for one that is in the original.
const MOST_PLACES: usize = 64;

/// Gives the suspects whose code has a source map the position in the original. Reads files on the
/// calling thread.
///
/// # Errors
///
/// `ABORT_ERR`, `ERR_TIMEOUT`. A map that is missing or broken is none.
pub fn add_original_positions(suspects: &mut [Suspect], control: &Control) -> Result<()> {
    let mut maps = HashMap::new();
    for position in suspects.iter_mut().filter_map(|suspect| suspect.source.as_mut()) {
        control.checkpoint()?;
        let map = maps.entry(position.url.clone()).or_insert_with(|| {
            // The file can be anything; a bug in the decoder must not cost the whole report.
            catch_unwind(AssertUnwindSafe(|| LoadedMap::beside(&position.url))).unwrap_or_default()
        });
        position.original = map.as_ref().and_then(|map| map.original_of(position));
    }
    Ok(())
}

/// A map, the code that it is of, and the directory that its sources are relative to.
struct LoadedMap {
    code: String,
    map: SourceMap<'static>,
    directory: PathBuf,
}

impl LoadedMap {
    /// The map of a generated file: the one its comment names, or else the one that is called like
    /// the file.
    fn beside(url: &str) -> Option<Self> {
        let file = local_path(url)?;
        let directory = file.parent()?;
        let code = read_file(&file)?;
        let (json, directory) = match mapping_url(&code) {
            Some(url) if url.starts_with("data:") => (decode_data_url(url)?, directory.into()),
            Some(url) if url.contains("://") && !url.starts_with("file:") => return None,
            Some(url) => {
                let map = local_path(url).unwrap_or_else(|| directory.join(percent_decode(url)));
                (read_file(&map)?, map.parent()?.to_owned())
            }
            None => {
                let mut map = file.clone().into_os_string();
                map.push(".map");
                (read_file(Path::new(&map))?, directory.into())
            }
        };
        Self::parse(&json, directory, String::from_utf8(code).ok()?)
    }

    fn parse(json: &[u8], directory: PathBuf, code: String) -> Option<Self> {
        let map = SourceMap::from_json_string(std::str::from_utf8(json).ok()?).ok()?.into_owned();
        Some(Self { code, map, directory })
    }

    /// The original of a position or, if it is none that somebody wrote, of the next place where what is
    /// declared there gets a value or is used: compilers move declarations together, to where the file begins.
    fn original_of(&self, position: &SourcePosition) -> Option<OriginalPosition> {
        let table = self.map.generate_lookup_table();
        let original_at = |(line, column): Position| {
            let (line, column) = (line.checked_sub(1)?, column.checked_sub(1)?);
            let token = self.map.lookup_token(&table, line, column)?;
            let source = self.map.get_source(token.get_source_id()?)?;
            Some(OriginalPosition {
                url: self.resolve(source),
                line: token.get_src_line() + 1,
                column: token.get_src_col() + 1,
            })
        };
        let declared = (position.line?, position.column?);
        let found = original_at(declared);
        if found.as_ref().is_some_and(|found| !self.is_made_up(found, declared)) {
            return found;
        }
        // In what is minified, code of other files has the same words.
        let is_near = |other: &OriginalPosition| {
            found.as_ref().is_none_or(|found| found.url == other.url)
                && !self.is_made_up(other, declared)
        };
        let mut others = self.next_places(declared).into_iter().filter_map(original_at);
        others.find(is_near).or(found)
    }

    /// Whether an original is but the beginning of its file, where compilers put what they declare themselves: its
    /// line does not have the word, as a private field has that is kept in a variable now.
    fn is_made_up(&self, original: &OriginalPosition, declared: Position) -> bool {
        if (original.line, original.column) != (1, 1) {
            return false;
        }
        let word = self.word_at(declared).trim_start_matches('_');
        let first_line = |text: &str| text.lines().next().unwrap_or("").to_owned();
        let line = source_text(&original.url).map(|text| first_line(&text));
        !word.is_empty() && line.is_some_and(|line| !has_word(&line, word))
    }

    /// The word that begins at a position of the code.
    fn word_at(&self, position: Position) -> &str {
        let rest = self.code.get(offset_of(&self.code, position)..).unwrap_or("");
        &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())]
    }

    /// Where the word at a position comes again, first those places where it is assigned.
    fn next_places(&self, declared: Position) -> Vec<Position> {
        let code = self.code.as_str();
        let (at, word) = (offset_of(code, declared), self.word_at(declared));
        if word.is_empty() {
            return Vec::new();
        }
        let again =
            code[at + word.len()..].match_indices(word).map(|(place, _)| at + word.len() + place);
        let again = again.filter(|&place| is_alone(code, place, word)).take(MOST_PLACES);
        let is_assigned = |&place: &usize| {
            let behind = code[place + word.len()..].trim_start();
            behind.starts_with('=') && !behind.starts_with("==") && !behind.starts_with("=>")
        };
        let (assigned, used): (Vec<_>, Vec<_>) = again.partition(is_assigned);
        let places = assigned.into_iter().chain(used);
        places.map(|place| position_of(code, place)).collect()
    }

    /// A source of the map as a path or URL that means the same without the map.
    fn resolve(&self, source: &str) -> String {
        let root = self.map.get_source_root().unwrap_or_default();
        let whole = match root {
            "" => source.to_owned(),
            _ if source.contains("://") || source.starts_with('/') => source.to_owned(),
            root => format!("{}/{source}", root.trim_end_matches('/')),
        };
        if whole.contains("://") && !whole.starts_with("file:") {
            return whole;
        }
        let path = local_path(&whole).unwrap_or_else(|| self.directory.join(whole));
        normalise(&path).display().to_string()
    }
}

/// The text of a script, if it is a file on this disk.
pub(crate) fn source_text(url: &str) -> Option<String> {
    String::from_utf8(read_file(&local_path(url)?)?).ok()
}

/// The text of the script that a suspect is in.
pub(crate) fn source_text_of(suspect: &Suspect) -> Option<String> {
    source_text(&suspect.source.as_ref()?.url)
}

/// A `file:` URL without its query and fragment, which say nothing of the file; a path as it is.
pub(crate) fn without_query(url: &str) -> &str {
    match url.starts_with("file://") {
        true => url.split(['?', '#']).next().unwrap_or(url),
        false => url,
    }
}

/// The path of a `file:` URL or of an absolute path; `None` for what is not on this disk, such as
/// `node:fs`.
fn local_path(url: &str) -> Option<PathBuf> {
    match without_query(url).strip_prefix("file://") {
        // On Windows the path is behind one more slash: file:///C:/app.js.
        Some(path) if cfg!(windows) => Some(percent_decode(path.trim_start_matches('/')).into()),
        Some(path) => Some(percent_decode(path).into()),
        None => Some(PathBuf::from(url)).filter(|path| path.is_absolute()),
    }
}

fn percent_decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The bytes of a regular file that is not too large.
fn read_file(path: &Path) -> Option<Vec<u8>> {
    // Asked before it is opened: opening a FIFO would wait for a writer. What the kernel makes up as it is read
    // is a file of no length, and may have no end: `/proc/kmsg` waits for the next message.
    let metadata = fs::metadata(path).ok()?;
    if !metadata.is_file() || !(1..=MAX_FILE_BYTES).contains(&metadata.len()) {
        return None;
    }
    fs::read(path).ok()
}

/// What the last `//# sourceMappingURL=` comment says.
fn mapping_url(code: &[u8]) -> Option<&str> {
    const MARK: &[u8] = b"# sourceMappingURL=";
    let start = memmem::rfind(code, MARK)? + MARK.len();
    let rest = &code[start..];
    let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
    std::str::from_utf8(&rest[..end]).ok().filter(|url| !url.is_empty())
}

fn decode_data_url(url: &str) -> Option<Vec<u8>> {
    let (header, body) = url.split_once(',')?;
    if header.ends_with(";base64") {
        base64_simd::forgiving_decode_to_vec(body.as_bytes()).ok()
    } else {
        Some(percent_encoding::percent_decode_str(body).collect())
    }
}

/// The same path without `.` and `..`, without asking the file system: the sources of a map need
/// not be there.
fn normalise(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            component => normal.push(component),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_comment_counts() {
        let code = b"//# sourceMappingURL=old.js.map\nf();\n//# sourceMappingURL=new.js.map\n";
        assert_eq!(mapping_url(code), Some("new.js.map"));
        assert_eq!(mapping_url(b"f();"), None);
        assert_eq!(mapping_url(b"//# sourceMappingURL="), None);
    }

    #[test]
    fn sources_are_relative_to_the_map() {
        let resolve = |root: &str, source: &str| {
            let json = format!(
                r#"{{"version":3,"sources":["{source}"],"names":[],"mappings":"AAAA","sourceRoot":"{root}"}}"#
            );
            let map = LoadedMap::parse(json.as_bytes(), "/app/dist".into(), String::new()).unwrap();
            map.resolve(source)
        };
        assert_eq!(resolve("", "../src/./a.ts"), "/app/src/a.ts");
        assert_eq!(resolve("../lib/", "a.ts"), "/app/lib/a.ts");
        assert_eq!(resolve("/elsewhere", "a.ts"), "/elsewhere/a.ts");
        assert_eq!(resolve("", "webpack://shop/./src/a.ts"), "webpack://shop/./src/a.ts");
        assert_eq!(resolve("", "file:///app/my%20src/a.ts"), "/app/my src/a.ts");
    }

    #[test]
    fn a_declaration_that_nobody_wrote_is_where_its_variable_gets_a_value() {
        // Line 3 comes from line 5 of the source, line 4 from line 6; the first two from none.
        const MAP: &[u8] =
            br#"{"version":3,"sources":["a.ts"],"names":[],"mappings":";;AAIA;AACA"}"#;
        let line = |code: &str| {
            let map = LoadedMap::parse(MAP, "/app".into(), code.into()).unwrap();
            let position = SourcePosition {
                url: "/app/a.js".into(),
                line: Some(1),
                column: Some(8),
                function_name: None,
                original: None,
            };
            map.original_of(&position).map(|original| original.line)
        };
        assert_eq!(line("var b, rows;\n\nadd(rows);\nrows = [];\n"), Some(6));
        assert_eq!(
            line("var b, rows;\nrows = new WeakMap();\nrows.set(this, []);\nadd();\n"),
            Some(5)
        );
        assert_eq!(line("var b, rows;\n\nadd(arrows);\nadd(rows2);\n"), None);
    }

    #[test]
    fn a_private_field_that_is_kept_in_a_variable_is_where_the_field_is() {
        let folder = std::env::temp_dir().join(format!("heapdiff-map-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let line = |name: &str, original: &str| {
            // Line 1 comes from the beginning of the source, line 2 from its third line.
            let map = format!(
                r#"{{"version":3,"sources":["{name}"],"names":[],"mappings":"AAAA;AAEA"}}"#
            );
            std::fs::write(folder.join(name), original).unwrap();
            let code = "var _rows;\nadd(this, _rows, []);\n".to_owned();
            let map = LoadedMap::parse(map.as_bytes(), folder.clone(), code).unwrap();
            let position = SourcePosition {
                url: "a.js".into(),
                line: Some(1),
                column: Some(5),
                function_name: None,
                original: None,
            };
            map.original_of(&position).map(|original| original.line)
        };
        assert_eq!(line("field.ts", "import a;\nclass Rows {\n  #rows = [];\n}\n"), Some(3));
        assert_eq!(line("variable.ts", "rows = [];\n\nadd(rows);\n"), Some(1));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_is_not_on_the_disk_has_no_path() {
        assert_eq!(local_path("node:internal/timers"), None);
        assert_eq!(local_path("evalmachine.<anonymous>"), None);
        assert_eq!(local_path("file:///a%20b/c.js"), Some("/a b/c.js".into()));
        assert_eq!(local_path("file:///a/%3F.mjs?v=1#x"), Some("/a/?.mjs".into()));
        assert_eq!(local_path("/a/b?.js"), Some("/a/b?.js".into()));
    }

    #[test]
    fn files_that_are_none_are_not_opened() {
        assert_eq!(read_file(Path::new("/dev/zero")), None);
        assert_eq!(read_file(Path::new("/")), None);
        // As `/proc/kmsg` is, which would be waited for.
        assert_eq!(read_file(Path::new("/proc/self/status")), None);
    }

    #[test]
    fn a_broken_map_is_none() {
        for json in ["", "{}", "[]", r#"{"version":3,"sources":[],"names":[],"mappings":"zzzz"}"#] {
            let map = LoadedMap::parse(json.as_bytes(), "/".into(), String::new());
            assert!(map.is_none(), "{json}");
        }
    }
}
