//! An archive that is the pinned one may be a hostile one all the same: it is refused for any of its entries,
//! and nothing of it is kept.

use std::fmt::Write;

use insta::assert_snapshot;
use kubestock_install::istio::release::{
    Addon, Digest, Origin, Progress, Release, ReleaseError, ReleaseSource,
};
use tar::{EntryType, Header};

use crate::case::{Cache, LIMITS, gzip, words};
use crate::tarball::Tarball;

/// A cache without a network, in which an archive was put under this digest.
fn with(archive: &[u8], sha256: Digest) -> Cache {
    let mut cache = Cache::new();
    cache.offline = true;
    let folder = cache.folder.path().join("istio");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join(format!("{sha256}.tar.gz")), archive).unwrap();
    cache
}

/// A release whose full archive has this digest.
fn pinned(sha256: Digest) -> ReleaseSource {
    let url = "http://mirror.invalid/istio.tar.gz".parse().unwrap();
    ReleaseSource::from_origin("1.18.0", Origin::Own { full: Some((url, sha256)), istioctl: None })
}

/// Unpacks what is the pinned archive. Nothing of it may be left where it is refused.
async fn unpack(archive: &[u8], addons: &[Addon]) -> Result<Release, ReleaseError> {
    let sha256 = Digest::of(archive);
    let cache = with(archive, sha256);
    let obtained = cache.obtain_with(&pinned(sha256), addons).await;
    if obtained.is_err() {
        assert_eq!(cache.kept(), [format!("{sha256}.tar.gz")]);
    }
    obtained
}

fn good() -> Tarball {
    Tarball::good()
}

/// Where no file that is wanted is, so that it is not only what is used that counts.
const BESIDE: &str = "istio-1.18.0/samples/x";

fn names() -> Vec<(&'static str, Vec<u8>)> {
    let long = format!("istio-1.18.0/{}", "x/".repeat(300));
    vec![
        ("an absolute name", good().file("/etc/cron.d/x", b"").gzip()),
        ("a name above the folder", good().file("../x", b"").gzip()),
        ("a name that climbs out", good().file("istio-1.18.0/../../x", b"").gzip()),
        ("a name that climbs, but not out", good().file("istio-1.18.0/samples/../x", b"").gzip()),
        ("a folder above the folder", good().folder("../").gzip()),
        ("an absolute name in a long header", good().long_name("/etc/cron.d/x").file("x", b"").gzip()),
        ("an absolute name in a pax header", good().pax(&[("path", "/etc/cron.d/x")]).file("x", b"").gzip()),
        (
            "a name that is no text",
            good()
                .entry(BESIDE, EntryType::Regular, b"", |header| {
                    header.as_gnu_mut().unwrap().name[15] = 0xff;
                })
                .gzip(),
        ),
        ("a name with an escape", good().file("istio-1.18.0/\x1b[2J", b"").gzip()),
        ("a name without end", good().long_name(&long).file("x", b"").gzip()),
        ("a file twice", good().file(BESIDE, b"").file(BESIDE, b"").gzip()),
        (
            "a file twice, spelt otherwise",
            good().file(BESIDE, b"").file("istio-1.18.0//samples/./x", b"").gzip(),
        ),
        ("a folder twice", good().folder("istio-1.18.0").gzip()),
        ("istioctl twice", good().file("istio-1.18.0/bin/istioctl", b"another").gzip()),
        ("istioctl at both its places", good().file("istioctl", b"another").gzip()),
        (
            "two names that differ by case",
            good().file(BESIDE, b"").file("istio-1.18.0/samples/X", b"").gzip(),
        ),
        ("two folders that differ by case", good().file("Istio-1.18.0/x", b"").gzip()),
        ("a file that is a folder too", good().file("istio-1.18.0/bin", b"").gzip()),
        ("a file below a file", good().file("istio-1.18.0/README.md/x", b"").gzip()),
        (
            "a file below a link",
            good().link("istio-1.18.0/l", EntryType::Symlink, "bin").file("istio-1.18.0/l/x", b"").gzip(),
        ),
        ("a file that is named like a folder", good().file("istio-1.18.0/x/", b"").gzip()),
        ("a file without a name", good().file("", b"").gzip()),
    ]
}

fn kinds() -> Vec<(&'static str, Vec<u8>)> {
    let with_content = |kind| good().entry(BESIDE, kind, b"content", |_| {}).gzip();
    vec![
        ("a symbolic link to the outside", good().link(BESIDE, EntryType::Symlink, "/etc/passwd").gzip()),
        ("a symbolic link that climbs out", good().link(BESIDE, EntryType::Symlink, "../../../x").gzip()),
        (
            "a symbolic link that climbs out in a long header",
            good()
                .entry("././@LongLink", EntryType::GNULongLink, b"../../../x\0", |_| {})
                .link(BESIDE, EntryType::Symlink, "README.md")
                .gzip(),
        ),
        (
            "a symbolic link that climbs out in a pax header",
            good().pax(&[("linkpath", "../../../x")]).link(BESIDE, EntryType::Symlink, "README.md").gzip(),
        ),
        ("a hard link to the outside", good().link(BESIDE, EntryType::Link, "/etc/passwd").gzip()),
        ("a hard link that climbs out", good().link(BESIDE, EntryType::Link, "../x").gzip()),
        (
            "a wanted file that is a link",
            good().link("istio-1.18.0/samples/addons/kiali.yaml", EntryType::Symlink, "../x").gzip(),
        ),
        ("a character device", good().entry(BESIDE, EntryType::Char, b"", |_| {}).gzip()),
        ("a block device", good().entry(BESIDE, EntryType::Block, b"", |_| {}).gzip()),
        ("a pipe", good().entry(BESIDE, EntryType::Fifo, b"", |_| {}).gzip()),
        ("a kind that nobody knows", good().entry(BESIDE, EntryType::new(b'Q'), b"", |_| {}).gzip()),
        ("a setuid file", good().with_mode(BESIDE, EntryType::Regular, 0o4755).gzip()),
        ("a setgid file", good().with_mode(BESIDE, EntryType::Regular, 0o2755).gzip()),
        ("a setgid folder", good().with_mode(BESIDE, EntryType::Directory, 0o2755).gzip()),
        ("a folder with content", with_content(EntryType::Directory)),
        ("a link with content", with_content(EntryType::Symlink)),
    ]
}

fn tricks() -> Vec<(&'static str, Vec<u8>)> {
    let pax = |key, value| good().pax(&[(key, value)]).file(BESIDE, b"content").gzip();
    let huge = "x".repeat(100_000);
    vec![
        (
            "GNU's file with holes",
            good()
                .entry(BESIDE, EntryType::GNUSparse, b"", |header| {
                    header.as_gnu_mut().unwrap().set_real_size(1 << 40);
                })
                .gzip(),
        ),
        ("a pax file with holes, 0.1", pax("GNU.sparse.map", "0,1,1099511627776,1")),
        ("a pax file with holes, 1.0", pax("GNU.sparse.major", "1")),
        ("star's file with holes", pax("SCHILY.realsize", "1099511627776")),
        ("a pax header with another size", pax("size", "1")),
        ("a pax header with a size that is none", pax("size", "many")),
        ("two paths for one file", good().long_name("a").pax(&[("path", "b")]).file("x", b"").gzip()),
        ("a path twice in a pax header", good().pax(&[("path", "a"), ("path", "b")]).file("x", b"").gzip()),
        (
            "a pax header that is none",
            good().entry("x", EntryType::XHeader, b"99 path=x\n", |_| {}).file("x", b"").gzip(),
        ),
        (
            "a path for all files",
            good().pax_of_all("path", "istio-1.18.0/bin/istioctl").file("x", b"").gzip(),
        ),
        ("a huge long name", good().long_name(&huge).file("x", b"").gzip()),
        ("a huge pax header", good().pax(&[("comment", &huge)]).file("x", b"").gzip()),
        (
            "a pax header that says it is huge",
            good().entry("x", EntryType::XHeader, b"", |header| header.set_size(1 << 40)).gzip(),
        ),
        (
            "a long name without its end",
            good().entry("x", EntryType::GNULongName, b"abc", |_| {}).file("x", b"").gzip(),
        ),
        ("two lines in one record of a pax header", pax("comment", "a\n12 path=a/x")),
        ("two pax headers for one file", {
            good().pax(&[("mtime", "1")]).pax(&[("atime", "1")]).file(BESIDE, b"").gzip()
        }),
        ("a path before what is for all files", {
            good().long_name("a").pax_of_all("comment", "a1b2c3").file(BESIDE, b"").gzip()
        }),
        ("a pax header of no known version", {
            let text = b"12 path=a/x\n";
            good().entry("x", EntryType::XHeader, text, of_another_version).file(BESIDE, b"").gzip()
        }),
        ("a long name in the oldest form", {
            good().entry("x", EntryType::GNULongName, b"a\0", of_no_version).file(BESIDE, b"").gzip()
        }),
        (
            "a file of no known version",
            good().entry(BESIDE, EntryType::Regular, b"", of_another_version).gzip(),
        ),
        ("a wrong checksum", {
            let mut tar = good().file(BESIDE, b"").ended();
            tar[0] ^= 1;
            gzip(&tar)
        }),
    ]
}

/// To some readers it is POSIX's form all the same, to others the oldest one, which knows fewer fields.
fn of_another_version(header: &mut Header) {
    header.as_mut_bytes()[257..265].copy_from_slice(b"ustar\x0015");
}

/// The oldest form, which is as good as any for files.
fn of_no_version(header: &mut Header) {
    header.as_mut_bytes()[257..].fill(0);
}

fn sizes() -> Vec<(&'static str, Vec<u8>)> {
    let many = (0..=LIMITS.names).fold(good(), |tar, number| tar.file(&format!("{number}"), b""));
    let deep = good().long_name(&"x/".repeat(200)).folder("x").gzip();
    let zeros = vec![0; LIMITS.unpacked as usize];
    vec![
        ("a bomb", good().file(BESIDE, &zeros).gzip()),
        ("a bomb behind the end", gzip(&[good().ended(), zeros].concat())),
        (
            "a file that says it is huge",
            good().entry(BESIDE, EntryType::Regular, b"", |header| header.set_size(1 << 40)).gzip(),
        ),
        (
            "a file of more than 64 bits",
            good().entry(BESIDE, EntryType::Regular, b"", |header| header.set_size(u64::MAX)).gzip(),
        ),
        (
            "an istioctl that is huge",
            Tarball::default()
                .entry("istioctl", EntryType::Regular, b"", |header| header.set_size(1 << 40))
                .gzip(),
        ),
        ("too many files", many.gzip()),
        ("too many folders in one path", deep),
    ]
}

fn ends() -> Vec<(&'static str, Vec<u8>)> {
    let (tar, whole) = (good().file(BESIDE, &[7; 5000]), good().file(BESIDE, &[7; 5000]).gzip());
    let cut = |behind: usize| whole[..whole.len() - behind].to_vec();
    let tar_cut = |behind: usize| {
        let bytes = tar.clone().unended();
        gzip(&bytes[..bytes.len() - behind])
    };
    vec![
        ("cut in the middle", whole[..whole.len() / 2].to_vec()),
        ("cut before the last byte", cut(1)),
        ("cut before the checksum", cut(8)),
        ("a gzip file that is empty", gzip(b"")),
        ("a tar file without its end", tar_cut(0)),
        ("a tar file with half its end", gzip(&tar.clone().bytes(&[0; 512]).unended())),
        ("a tar file cut in a file", tar_cut(2000)),
        ("a tar file cut in a header", tar_cut(5120 + 100)),
        ("a tar file cut behind a pax header", gzip(&good().pax(&[("mtime", "1")]).ended())),
        ("a tar file cut behind a long name", gzip(&good().long_name("a").ended())),
        ("a second tar file behind the first", gzip(&[tar.clone().ended(), good().ended()].concat())),
        ("a byte behind the tar file", gzip(&[tar.clone().ended(), vec![1]].concat())),
        ("a second gzip file behind the first", [whole.clone(), good().gzip()].concat()),
        ("a byte behind the gzip file", [whole.clone(), vec![1]].concat()),
        ("zeros behind the gzip file", [whole.clone(), vec![0; 512]].concat()),
        ("a wrong checksum of the gzip file", {
            let mut wrong = whole.clone();
            let at = wrong.len() - 5;
            wrong[at] ^= 1;
            wrong
        }),
        ("no gzip file", b"no gzip file".to_vec()),
        ("a tar file that is not compressed", tar.clone().ended()),
    ]
}

fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    [names(), kinds(), tricks(), sizes(), ends()].concat()
}

#[tokio::test]
async fn a_hostile_archive_is_refused_for_any_entry_and_nothing_of_it_is_kept() {
    let (mut told, origin) = (String::new(), regex::Regex::new(r"file:///\S+").unwrap());
    for (name, archive) in hostile() {
        let error = unpack(&archive, &[]).await.map(drop).expect_err(name);
        let why = error.to_string();
        assert!(words(error).contains("\nhint: "), "{name}");
        writeln!(told, "{name}\n    {}", origin.replace(&why, "FILE")).unwrap();
    }
    assert_snapshot!(told);
}

#[tokio::test]
async fn nothing_of_an_archive_is_read_before_its_digest_is_right() {
    let right = Digest::of(&good().gzip());
    for (name, archive) in hostile() {
        let cache = with(&archive, right);
        let error = cache.obtain(&pinned(right)).await.unwrap_err();
        let ReleaseError::Offline(lacking) = &error else { panic!("{name}: {error:?}") };
        assert!(
            lacking.wrong[0].contains(&format!("has SHA-256 {}", Digest::of(&archive))),
            "{name}: {error:?}"
        );
        assert!(!cache.all_told().contains(&Progress::Unpacking), "{name}");
    }
}

#[tokio::test]
async fn what_releases_hold_is_taken() {
    let long = format!("istio-1.18.0/samples/{}/x", "long/".repeat(30));
    let table = [
        ("files and folders", good().file(BESIDE, b"content").gzip()),
        (
            "names with a dot before them",
            Tarball::default().folder("./").folder("./bin/").file("./istioctl", b"").gzip(),
        ),
        ("GNU's long names", good().long_name(&long).file(&long[..99], b"content").gzip()),
        (
            "pax headers",
            good()
                .pax(&[("path", &long), ("mtime", "1686045600.5"), ("size", "7")])
                .file("x", b"content")
                .gzip(),
        ),
        ("a commit for all files", good().pax_of_all("comment", "a1b2c3").file("x", b"").gzip()),
        (
            "links within the tree",
            good()
                .link(BESIDE, EntryType::Symlink, "../bin/istioctl")
                .link("istio-1.18.0/y", EntryType::Link, "istio-1.18.0/README.md")
                .gzip(),
        ),
        ("the sticky bit", good().with_mode(BESIDE, EntryType::Directory, 0o1777).gzip()),
        ("zeros up to the size of a record", gzip(&[good().ended(), vec![0; 10_240]].concat())),
        ("a file of the size of a block", good().file(BESIDE, &[1; 512]).gzip()),
        ("the oldest form", good().entry(BESIDE, EntryType::Regular, b"", of_no_version).gzip()),
        (
            "capitals in the same name",
            good().file("istio-1.18.0/LICENSE", b"").file("istio-1.18.0/LICENSES", b"").gzip(),
        ),
    ];
    for (name, archive) in table {
        let obtained = unpack(&archive, &[]).await;
        assert!(obtained.is_ok(), "{name}: {:?}", obtained.err());
    }
}

#[tokio::test]
async fn an_archive_without_what_is_asked_for_is_refused() {
    let no_istioctl = Tarball::default().file("istio-1.18.0/samples/addons/kiali.yaml", b"").gzip();
    for (archive, addons, missing) in
        [(no_istioctl, vec![], "istioctl"), (good().gzip(), vec![Addon::Jaeger], "jaeger.yaml")]
    {
        let error = unpack(&archive, &addons).await.unwrap_err();
        assert!(matches!(&error, ReleaseError::Missing { file, .. } if file == missing), "{error:?}");
    }
}
