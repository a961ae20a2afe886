//! Archives as no one would think of: good ones, changed at random.

use std::io::Read;

use flate2::read::GzDecoder;
use proptest::prelude::*;
use tar::EntryType;

use crate::case::gzip;
use crate::tarball::Tarball;
use crate::unpacked::{BLOCK, check, is_header, with_checksums};

/// One archive with everything that an archive may have.
fn good() -> Vec<u8> {
    let long = format!("istio-1.18.0/samples/{}/x", "long/".repeat(30));
    Tarball::good()
        .folder("istio-1.18.0/samples/")
        .file("istio-1.18.0/samples/addons/kiali.yaml", &[b'k'; 700])
        .long_name(&long)
        .file(&long[..99], b"long")
        .pax(&[("path", "istio-1.18.0/samples/pax"), ("mtime", "1.5")])
        .file("x", b"content")
        .link("istio-1.18.0/samples/link", EntryType::Symlink, "../bin/istioctl")
        .link("istio-1.18.0/samples/hard", EntryType::Link, "istio-1.18.0/README.md")
        .ended()
}

/// A change of a file; places are counted from its start, and taken modulo its size.
#[derive(Clone, Debug)]
enum Mutation {
    Flip {
        at: usize,
        bit: u8,
    },
    Cut {
        at: usize,
    },
    Write {
        at: usize,
        bytes: Vec<u8>,
    },
    /// Moves 512 bytes, of which tar files consist, over others.
    Copy {
        from: usize,
        to: usize,
    },
    Insert {
        from: usize,
        to: usize,
    },
    Remove {
        block: usize,
    },
    /// Bytes in a header's field: where it begins, and what stands there.
    Field {
        header: usize,
        field: usize,
        bytes: Vec<u8>,
    },
}

/// The fields of a header: name, mode, owner, group, size, time, kind, link, magic, version, device, prefix,
/// and GNU's list of holes.
const FIELDS: [usize; 13] = [0, 100, 108, 116, 124, 136, 156, 157, 257, 263, 329, 345, 386];

fn mutation() -> impl Strategy<Value = Mutation> {
    let telling = prop_oneof![
        Just(b"istio-1.18.0/bin/istioctl\0".to_vec()),
        Just(b"../../x\0".to_vec()),
        Just(b"/etc/passwd\0".to_vec()),
        Just(b"00000000000\0".to_vec()),
        Just(b"00000001000\0".to_vec()),
        Just(b"77777777777\0".to_vec()),
        Just(vec![0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0]),
        Just(vec![0xff; 12]),
        proptest::sample::select(b"0123456789ASLKxgMVNDQ\0".to_vec()).prop_map(|kind| vec![kind]),
        proptest::collection::vec(any::<u8>(), 1..20),
    ];
    prop_oneof![
        (any::<usize>(), 0..8u8).prop_map(|(at, bit)| Mutation::Flip { at, bit }),
        any::<usize>().prop_map(|at| Mutation::Cut { at }),
        (any::<usize>(), proptest::collection::vec(any::<u8>(), 1..40))
            .prop_map(|(at, bytes)| Mutation::Write { at, bytes }),
        any::<(usize, usize)>().prop_map(|(from, to)| Mutation::Copy { from, to }),
        any::<(usize, usize)>().prop_map(|(from, to)| Mutation::Insert { from, to }),
        any::<usize>().prop_map(|block| Mutation::Remove { block }),
        (any::<usize>(), proptest::sample::select(FIELDS.to_vec()), telling)
            .prop_map(|(header, field, bytes)| Mutation::Field { header, field, bytes }),
    ]
}

fn overwrite(file: &mut [u8], at: usize, bytes: &[u8]) {
    for (place, byte) in file.iter_mut().skip(at).zip(bytes) {
        *place = *byte;
    }
}

fn mutate(file: &mut Vec<u8>, mutation: &Mutation) {
    if file.is_empty() {
        return;
    }
    let (size, blocks) = (file.len(), file.len().div_ceil(BLOCK));
    let block = |number: usize| {
        let begin = number % blocks * BLOCK;
        begin..(begin + BLOCK).min(size)
    };
    match mutation {
        Mutation::Flip { at, bit } => file[at % size] ^= 1 << bit,
        Mutation::Cut { at } => file.truncate(at % size),
        Mutation::Write { at, bytes } => overwrite(file, at % size, bytes),
        Mutation::Copy { from, to } => {
            let bytes = file[block(*from)].to_vec();
            overwrite(file, block(*to).start, &bytes);
        }
        Mutation::Insert { from, to } => {
            let (bytes, at) = (file[block(*from)].to_vec(), block(*to).start);
            file.splice(at..at, bytes);
        }
        Mutation::Remove { block: number } => {
            file.drain(block(*number));
        }
        Mutation::Field { header, field, bytes } => {
            let headers: Vec<usize> =
                (0..size - size % BLOCK).step_by(BLOCK).filter(|at| is_header(&file[*at..])).collect();
            if !headers.is_empty() {
                overwrite(file, headers[header % headers.len()] + field, bytes);
            }
        }
    }
}

#[test]
fn the_archive_that_is_changed_is_a_good_one() {
    assert!(check(&gzip(&good())));
}

proptest! {
    #[test]
    fn a_changed_tar_file_is_refused_or_read_as_others_read_it(
        mutations in proptest::collection::vec(mutation(), 1..4),
        checksums in proptest::bool::weighted(0.8),
    ) {
        let mut tar = good();
        mutations.iter().for_each(|mutation| mutate(&mut tar, mutation));
        check(&gzip(&if checksums { with_checksums(tar) } else { tar }));
    }

    #[test]
    fn a_changed_gzip_file_is_refused_unless_it_holds_the_same(mutations in proptest::collection::vec(mutation(), 1..3)) {
        let mut archive = gzip(&good());
        mutations.iter().for_each(|mutation| mutate(&mut archive, mutation));
        // Some bits count for nothing: the time in its head, what fills up the last byte.
        if check(&archive) {
            let mut tar = Vec::new();
            GzDecoder::new(&archive[..]).read_to_end(&mut tar).unwrap();
            assert!(tar == good());
        }
    }

    #[test]
    fn noise_is_refused(noise in proptest::collection::vec(any::<u8>(), 0..2000)) {
        assert!(!check(&noise));
        assert!(!check(&gzip(&noise)));
    }
}
