//! Which isolate a snapshot is of. V8 gives node ids per isolate, and writes nothing into the file
//! that says which; so snapshots carry an `isolateId` beside.

use std::hash::{DefaultHasher, Hash, Hasher};

/// How the text begins by which heapdiff marks an isolate, on its heap. It tells two forks of one process, and
/// nothing of it, so that redaction leaves it.
pub const MARK: &str = "heapdiff isolate ";

/// Names the isolate of thread `thread_id` (Node's `threadId`, which a process never uses twice):
/// 32 hexadecimal digits, the same for as long as the isolate lives, and different in every other
/// process, restart, machine or container.
pub fn isolate_id(thread_id: u64) -> String {
    let process = process_facts();
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, &process, thread_id).hash(&mut hasher);
        hasher.finish()
    };
    format!("{:016x}{:016x}", half(0), half(1))
}

/// What tells this process from every other: the boot, the pid name space, the pid and the moment
/// of its start. Two copies of the package in one process agree on it.
#[cfg(target_os = "linux")]
fn process_facts() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let name_space = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let stat = read("/proc/self/stat");
    // The command may hold spaces and brackets; the fields after the last one do not.
    let start = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(19));
    let Some(start) = start else { return per_load() };
    let boot = read("/proc/sys/kernel/random/boot_id");
    format!("{boot}{}{}-{start}", name_space.display(), std::process::id())
}

#[cfg(not(target_os = "linux"))]
fn process_facts() -> String {
    per_load()
}

/// Drawn once per load of the addon, for systems that do not tell when the process began.
fn per_load() -> String {
    static TOKEN: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    TOKEN.get_or_init(super::random_token).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_isolate_keeps_its_id_and_shares_it_with_none() {
        assert_eq!(isolate_id(0), isolate_id(0));
        assert_ne!(isolate_id(0), isolate_id(1));
        assert_eq!(isolate_id(7).len(), 32);
    }
}
