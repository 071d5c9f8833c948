//! By what a leak is known again, in every process and after every deploy.

use crate::leak::file_names::{FileNames, path_of};
use crate::leak::hash::Fnv;
use crate::leak::scripts::file_loaded;
use crate::report::Suspect;

/// A hash of what a leak is called and whose it is: no ids, no lines, and of the file's path what tells it
/// from the other files of the program. `ordinal` is how many variables of this name are declared before
/// it in the file.
pub(super) fn fingerprint(
    suspect: &Suspect,
    owner: Option<&str>,
    ordinal: usize,
    files: &FileNames,
) -> String {
    let mut hash = Fnv::default();
    hash.bytes(suspect.name.as_bytes());
    hash.bytes(suspect.class_name.as_bytes());
    hash.bytes(owner.unwrap_or("").as_bytes());
    let url = suspect.source.as_ref().map_or("", |source| source.url.as_str());
    hash.bytes(files.telling(&path_of(file_loaded(url))).as_bytes());
    if ordinal > 0 {
        hash.bytes(&ordinal.to_le_bytes());
    }
    format!("{:016x}", hash.finish())
}
