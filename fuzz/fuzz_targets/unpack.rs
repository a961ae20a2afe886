//! Archives made of whatever the fuzzer thinks of.

#![no_main]

#[path = "../../tests/release/unpacked.rs"]
mod unpacked;

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use libfuzzer_sys::fuzz_target;

// The input is a tar file. Its headers get the right checksums and a gzip file is put around it, for no
// fuzzer guesses those. What has a gzip file's first bytes is taken as it is.
fuzz_target!(|input: &[u8]| {
    if input.starts_with(&[0x1f, 0x8b]) {
        unpacked::check(input);
        return;
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
    gzip.write_all(&unpacked::with_checksums(input.to_vec())).unwrap();
    unpacked::check(&gzip.finish().unwrap());
});
