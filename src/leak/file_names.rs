//! By how much of its path a file is told from the other files of a program: a deploy may put a program into
//! another directory, and many files are called `index.js`.
//!
//! Time and memory: linear in the number of files.

use std::collections::{HashMap, HashSet};

use crate::graph::HeapGraph;
use crate::leak::anchors::{file_of_module, may_be_modules};
use crate::leak::scripts::file_loaded;
use crate::leak::vocabulary::Vocabulary;

/// What the URL of Node's own modules begins with.
pub(super) const OF_NODE: &str = "node:";

/// No more parts of a path are looked at than this.
const MOST_PARTS: usize = 4;

/// The files of a program.
pub(super) struct FileNames {
    /// How many files end with so much of a path.
    ends: HashMap<String, u32>,
}

impl FileNames {
    /// Those of some paths.
    pub(super) fn of<'a>(files: impl Iterator<Item = &'a str>) -> Self {
        let distinct: HashSet<&str> = files.filter(|file| is_of_program(file)).collect();
        let mut ends: HashMap<String, u32> = HashMap::new();
        for file in distinct {
            for parts in 1..=MOST_PARTS {
                let end = last_parts(file, parts);
                *ends.entry(end.to_owned()).or_default() += 1;
                if end == file {
                    break;
                }
            }
        }
        Self { ends }
    }

    /// Those of all modules on a heap.
    pub(super) fn of_modules(graph: &HeapGraph, words: &Vocabulary) -> Self {
        let modules = may_be_modules(graph, words);
        let of_modules = modules.filter_map(|node| file_of_module(graph, words, node));
        let files: HashSet<String> = of_modules.map(|file| path_of(file_loaded(&file))).collect();
        Self::of(files.iter().map(String::as_str))
    }

    /// The end of a path that tells a file from others: its name, and as many folders as it takes. In an
    /// installed package, the path in it.
    pub(super) fn telling<'f>(&self, file: &'f str) -> &'f str {
        if let Some((_, in_package)) = file.rsplit_once(PACKAGES) {
            return in_package;
        }
        if file.starts_with(OF_NODE) {
            return file;
        }
        let is_sole = |end: &&str| self.ends.get(*end).is_none_or(|&count| count <= 1);
        let mut ends = (1..=MOST_PARTS).map(|parts| last_parts(file, parts));
        ends.find(is_sole).unwrap_or_else(|| last_parts(file, MOST_PARTS))
    }
}

/// The folder of installed packages in a path.
pub(super) const PACKAGES: &str = "node_modules/";

fn is_of_program(file: &str) -> bool {
    !file.starts_with(OF_NODE) && !file.contains(PACKAGES)
}

/// The path in a URL of a file, so that a module and its script have one name.
pub(super) fn path_of(url: &str) -> String {
    url.strip_prefix("file://").unwrap_or(url).replace('\\', "/")
}

/// The last so many parts of a path.
fn last_parts(path: &str, count: usize) -> &str {
    let start = path.rmatch_indices('/').nth(count - 1).map_or(0, |(at, _)| at + 1);
    &path[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_goes_by_its_name_and_as_many_folders_as_it_takes() {
        let names = FileNames::of(
            [
                "/app/orders/index.js",
                "/app/users/index.js",
                "/app/v1/users/index.js",
                "/app/main.js",
            ]
            .into_iter()
            .chain(["/app/node_modules/x/main.js"]),
        );
        assert_eq!(names.telling("/app/main.js"), "main.js");
        assert_eq!(names.telling("/app/orders/index.js"), "orders/index.js");
        assert_eq!(names.telling("/app/users/index.js"), "app/users/index.js");
        assert_eq!(names.telling("/app/v1/users/index.js"), "v1/users/index.js");
        assert_eq!(names.telling("/other/unknown.js"), "unknown.js");
        assert_eq!(names.telling("/app/node_modules/x/lib/index.js"), "x/lib/index.js");
        assert_eq!(names.telling("node:internal/timers"), "node:internal/timers");
        assert_eq!(names.telling(""), "");
    }

    #[test]
    fn of_a_url_the_path_counts() {
        assert_eq!(path_of("file:///srv/a.mjs"), "/srv/a.mjs");
        assert_eq!(path_of("C:\\srv\\a.js"), "C:/srv/a.js");
    }
}
