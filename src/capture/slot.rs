//! One capture at a time in a process: two would double the memory that is needed, and V8 stops
//! the world for each.

use std::sync::atomic::{AtomicBool, Ordering};

static TAKEN: AtomicBool = AtomicBool::new(false);

/// The right to capture. Given back when it is dropped, on whatever thread.
#[derive(Debug)]
pub struct Slot(());

impl Slot {
    /// Takes the right, unless another capture of any thread of this process has it.
    pub fn take() -> Option<Self> {
        let free = TAKEN.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed);
        // Made only here: one that is made and thrown away gives back the right of another.
        free.is_ok().then(|| Self(()))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        TAKEN.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_and_it_comes_back() {
        let slot = Slot::take().unwrap();
        assert!(Slot::take().is_none());
        assert!(Slot::take().is_none(), "who is refused does not let the next one in");
        drop(slot);
        assert!(Slot::take().is_some());
    }
}
