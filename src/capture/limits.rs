//! How much more memory this process may take before something kills it.

use std::fs;
use std::path::{Path, PathBuf};

use super::memory::kilobytes;

/// Control groups write a number near 2^63 for "no limit".
const NO_LIMIT: u64 = 1 << 60;

/// What the host and every control group above this process have free, and what its own limits leave
/// it (`ulimit -v` and `-d`), in bytes: the least of them. Page cache that the kernel would drop first
/// counts as free. `None` if nothing is known.
pub fn available_bytes() -> Option<u64> {
    available_under(Path::new("/")).into_iter().chain(left_by_limits()).min()
}

/// What the limits of the process leave of its address space. Beyond them, V8 or Node abort.
#[cfg(unix)]
fn left_by_limits() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let left = |resource, used: &str| {
        let mut limits = std::mem::MaybeUninit::<libc::rlimit>::uninit();
        // SAFETY: there is room for the answer, which is read only if there is one.
        let limit = unsafe {
            (libc::getrlimit(resource, limits.as_mut_ptr()) == 0)
                .then(|| limits.assume_init().rlim_cur)?
        };
        let limit = Some(limit).filter(|&limit| limit != libc::RLIM_INFINITY)?;
        Some(limit.saturating_sub(kilobytes(&status, used)?))
    };
    let address_space = left(libc::RLIMIT_AS, "VmSize:");
    address_space.into_iter().chain(left(libc::RLIMIT_DATA, "VmData:")).min()
}

#[cfg(not(unix))]
fn left_by_limits() -> Option<u64> {
    None
}

/// The same with `/proc` and `/sys` below `root`, for tests.
fn available_under(root: &Path) -> Option<u64> {
    let host = fs::read_to_string(root.join("proc/meminfo")).ok();
    let host = host.and_then(|text| kilobytes(&text, "MemAvailable:"));
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let groups = groups.lines().filter_map(|line| group_headroom(root, line));
    groups.chain(host).min()
}

/// A line of `/proc/self/cgroup`: `0::/path` (version 2) or `4:memory,x:/path` (version 1).
fn group_headroom(root: &Path, line: &str) -> Option<u64> {
    let mut fields = line.splitn(3, ':');
    let (number, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
    let path = path.trim_start_matches('/');
    if number == "0" && controllers.is_empty() {
        let mount = root.join("sys/fs/cgroup");
        let files = Files { limit: "memory.max", usage: "memory.current", cache: "inactive_file" };
        lowest(&mount, path, &files)
    } else if controllers.split(',').any(|controller| controller == "memory") {
        let mount = root.join("sys/fs/cgroup/memory");
        let files = Files {
            limit: "memory.limit_in_bytes",
            usage: "memory.usage_in_bytes",
            cache: "total_inactive_file",
        };
        lowest(&mount, path, &files)
    } else {
        None
    }
}

/// Names of the two versions.
struct Files {
    limit: &'static str,
    usage: &'static str,
    /// A line of `memory.stat`.
    cache: &'static str,
}

/// The least headroom from the group up to the root. In a container the path is often that of the
/// host, and only the root is mounted: levels that do not exist are passed over.
fn lowest(mount: &Path, path: &str, files: &Files) -> Option<u64> {
    let mut levels: Vec<PathBuf> = vec![mount.to_owned()];
    for part in Path::new(path).components() {
        let deeper = levels[levels.len() - 1].join(part);
        levels.push(deeper);
    }
    levels.iter().filter_map(|level| headroom(level, files)).min()
}

fn headroom(level: &Path, files: &Files) -> Option<u64> {
    let number = |name: &str| -> Option<u64> {
        fs::read_to_string(level.join(name)).ok()?.trim().parse().ok()
    };
    let limit = number(files.limit).filter(|&limit| limit < NO_LIMIT)?;
    let stat = fs::read_to_string(level.join("memory.stat")).unwrap_or_default();
    let cache = stat.lines().find_map(|line| line.strip_prefix(files.cache)?.trim().parse().ok());
    let used = number(files.usage)?.saturating_sub(cache.unwrap_or(0));
    Some(limit.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::random_token;

    fn check(files: &[(&str, &str)], expected: Option<u64>) {
        let root = std::env::temp_dir().join(format!("heapdiff-test-{}", random_token()));
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        assert_eq!(available_under(&root), expected);
        let _ = fs::remove_dir_all(root);
    }

    const HOST: (&str, &str) = ("proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:  5000 kB\n");

    #[test]
    fn without_groups_it_is_what_the_host_has() {
        check(&[HOST], Some(5000 * 1024));
        check(&[], None);
    }

    #[test]
    fn the_tightest_group_of_version_2_counts() {
        check(
            &[
                HOST,
                ("proc/self/cgroup", "0::/a/b\n"),
                ("sys/fs/cgroup/a/memory.max", "1000000\n"),
                ("sys/fs/cgroup/a/memory.current", "900000\n"),
                ("sys/fs/cgroup/a/memory.stat", "anon 5\ninactive_file 100000\n"),
                ("sys/fs/cgroup/a/b/memory.max", "max\n"),
                ("sys/fs/cgroup/a/b/memory.current", "1\n"),
            ],
            Some(200_000),
        );
    }

    #[test]
    fn version_1_and_a_container_that_sees_only_its_root() {
        check(
            &[
                HOST,
                ("proc/self/cgroup", "5:cpu:/x\n4:memory:/docker/0123\n0::/\n"),
                ("sys/fs/cgroup/memory/memory.limit_in_bytes", "3000000\n"),
                ("sys/fs/cgroup/memory/memory.usage_in_bytes", "2000000\n"),
            ],
            Some(1_000_000),
        );
        check(
            &[
                HOST,
                ("proc/self/cgroup", "4:memory:/\n"),
                ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
                ("sys/fs/cgroup/memory/memory.usage_in_bytes", "2000000\n"),
            ],
            Some(5000 * 1024),
        );
    }
}
