//! What no program can do without when it compares two snapshot files: reading their bytes, inflating them if they are
//! compressed, and looking at every digit once. `npm run bench` prints these floors beside the measured times.
//!
//! ```text
//! cargo run --release --no-default-features --example floors -- FILE...
//! ```
//!
//! Prints one line of JSON: `{"readMs": ..., "digitsMs": ..., "inflateMs": ..., "sum": ...}`. One thread, plain scalar code:
//! the point is a time that everyone can understand, not a fast one. `inflateMs` is 0 for files that are not compressed.
#![allow(clippy::print_stdout, missing_docs)]

use std::fs;
use std::io::{self, Read};
use std::time::Instant;

use flate2::read::MultiGzDecoder;

fn main() -> io::Result<()> {
    let (mut read_ms, mut inflate_ms, mut digits_ms, mut sum) = (0.0, 0.0, 0.0, 0_u64);
    for path in std::env::args().skip(1) {
        let start = Instant::now();
        let mut bytes = fs::read(path)?;
        read_ms += milliseconds(start);
        if bytes.starts_with(&[0x1f, 0x8b]) {
            let start = Instant::now();
            let mut text = Vec::new();
            MultiGzDecoder::new(&bytes[..]).read_to_end(&mut text)?;
            inflate_ms += milliseconds(start);
            bytes = text;
        }
        let start = Instant::now();
        sum = sum.wrapping_add(sum_of_numbers(&bytes));
        digits_ms += milliseconds(start);
    }
    println!(
        "{{\"readMs\":{read_ms:.1},\"digitsMs\":{digits_ms:.1},\"inflateMs\":{inflate_ms:.1},\"sum\":{sum}}}"
    );
    Ok(())
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}

/// The sum of all runs of digits, so that the optimiser cannot drop the pass.
fn sum_of_numbers(bytes: &[u8]) -> u64 {
    let (mut sum, mut number) = (0_u64, 0_u64);
    for &byte in bytes {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        } else {
            sum = sum.wrapping_add(number);
            number = 0;
        }
    }
    sum.wrapping_add(number)
}
