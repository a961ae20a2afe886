//! A release is used only if it is what was pinned: against a server on loopback that plays what
//! servers, proxies and lines do.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flate2::{Compression, write::GzEncoder};
use kubestock_install::istio::release::{
    Addon, Digest, Limits, Obtained, Origin, Progress, ReleaseError, ReleaseSource, Store, UnsafeEntry,
};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What the server does with one connection.
#[derive(Clone)]
enum Answer {
    Whole(Vec<u8>),
    /// Promises the whole length, and closes after half of it.
    Half(Vec<u8>),
    /// Promises the whole length, sends half of it, and then nothing.
    Silence(Vec<u8>),
    Status(u16, &'static str),
}

/// Plays the answers in turn, the last one from then on, and notes which paths were asked for.
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn playing(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let notes = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = vec![0; 8192];
                let read = stream.read(&mut head).await.unwrap();
                let path = String::from_utf8_lossy(&head[..read]).split(' ').nth(1).unwrap().to_owned();
                let turn = {
                    let mut notes = notes.lock().unwrap();
                    notes.push(path);
                    notes.len() - 1
                };
                let answer = answers[turn.min(answers.len() - 1)].clone();
                tokio::spawn(async move { play(&mut stream, answer).await });
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// A release of one's own on this server, with the digests of these archives.
    fn source(&self, full: Option<&[u8]>, istioctl: Option<&[u8]>) -> ReleaseSource {
        let at = |name: &str, archive: &[u8]| {
            (format!("http://{}/{name}.tar.gz", self.address).parse().unwrap(), Digest::of(archive))
        };
        let origin = Origin::Own {
            full: full.map(|archive| at("istio", archive)),
            istioctl: istioctl.map(|archive| at("istioctl", archive)),
        };
        ReleaseSource::from_origin("1.18.0", origin)
    }
}

async fn play(stream: &mut tokio::net::TcpStream, answer: Answer) {
    let ok = |length: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").into_bytes();
    let (bytes, silence) = match answer {
        Answer::Whole(body) => ([ok(body.len()), body].concat(), false),
        Answer::Half(body) => ([&ok(body.len()), &body[..body.len() / 2]].concat(), false),
        Answer::Silence(body) => ([&ok(body.len()), &body[..body.len() / 2]].concat(), true),
        Answer::Status(status, headers) => {
            (format!("HTTP/1.1 {status} .\r\ncontent-length: 0\r\n{headers}\r\n").into_bytes(), false)
        }
    };
    // The client may have hung up already.
    let _ = stream.write_all(&bytes).await;
    if silence {
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    let _ = stream.shutdown().await;
}

fn gzip(tar: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(tar).unwrap();
    gzip.finish().unwrap()
}

/// An archive with these regular files.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (path, content) in files {
        tar.append(&header(path, EntryType::Regular, content.len() as u64), *content).unwrap();
    }
    gzip(&tar.into_inner().unwrap())
}

/// A header with that very path: the builder's own ways refuse what an attacker writes.
fn header(path: &str, kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o755);
    header.set_cksum();
    header
}

const ISTIOCTL: &[u8] = b"#!/bin/sh\necho istioctl\n";
const KIALI: &[u8] = b"apiVersion: v1\nkind: Service\nmetadata:\n  name: kiali\n";

fn small() -> Vec<u8> {
    archive(&[("istioctl", ISTIOCTL)])
}

fn full() -> Vec<u8> {
    archive(&[
        ("istio-1.18.0/README.md", b"read me"),
        ("istio-1.18.0/bin/istioctl", ISTIOCTL),
        ("istio-1.18.0/samples/addons/kiali.yaml", KIALI),
    ])
}

fn store(cache: &TempDir) -> Store {
    let limits = Limits {
        quiet: Duration::from_millis(300),
        retries: 2,
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(1500),
        ..Limits::default()
    };
    Store::new(cache.path()).unwrap().with_limits(limits)
}

const QUIETLY: &(dyn Fn(Progress) + Sync) = &|_| {};

/// The names of what lies in the cache, locks aside.
fn kept(cache: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(cache.path().join("istio")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.ends_with(".lock")).collect()
}

fn overwrite(path: &Path, content: &[u8]) {
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, content).unwrap();
}

#[tokio::test]
async fn without_an_addon_the_small_archive_is_fetched_once() {
    let (cache, server) = (TempDir::new().unwrap(), Server::playing(vec![Answer::Whole(small())]).await);
    let source = server.source(Some(&full()), Some(&small()));
    let first = store(&cache).obtain(&source, &[], QUIETLY).await.unwrap();
    assert_eq!(first.obtained, Obtained::Downloaded { bytes: small().len() as u64, replaced: None });
    assert_eq!(std::fs::read(first.istioctl.verified_path().await.unwrap()).unwrap(), ISTIOCTL);

    let second = store(&cache).obtain(&source, &[], QUIETLY).await.unwrap();
    assert_eq!(second.obtained, Obtained::Cached);
    assert_eq!(server.asked(), ["/istioctl.tar.gz"]);
    assert_eq!(kept(&cache), [Digest::of(&small()).to_string()], "the archive is not kept");
}

#[tokio::test]
async fn an_addon_comes_with_the_full_archive_which_then_serves_without_it_too() {
    let (cache, server) = (TempDir::new().unwrap(), Server::playing(vec![Answer::Whole(full())]).await);
    let source = server.source(Some(&full()), Some(&small()));
    let release = store(&cache).obtain(&source, &[Addon::Kiali], QUIETLY).await.unwrap();
    let objects = release.addon(Addon::Kiali).unwrap();
    assert_eq!(objects[0].id().to_string(), "Service/kiali");
    assert!(matches!(release.addon(Addon::Jaeger), Err(ReleaseError::NoSuchAddon(Addon::Jaeger))));

    let without = store(&cache).obtain(&source, &[], QUIETLY).await.unwrap();
    assert_eq!(without.obtained, Obtained::Cached);
    assert_eq!(server.asked(), ["/istio.tar.gz"]);
}

#[tokio::test]
async fn what_is_unpacked_belongs_to_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (cache, server) = (TempDir::new().unwrap(), Server::playing(vec![Answer::Whole(small())]).await);
    let source = server.source(None, Some(&small()));
    let release = store(&cache).obtain(&source, &[], QUIETLY).await.unwrap();
    let istioctl = release.istioctl.verified_path().await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(istioctl), 0o500);
    assert_eq!(mode(istioctl.parent().unwrap()), 0o700);
    assert_eq!(mode(&cache.path().join("istio")), 0o700);
}

#[tokio::test]
async fn a_wrong_digest_names_both_and_leaves_nothing() {
    let (cache, server) = (TempDir::new().unwrap(), Server::playing(vec![Answer::Whole(full())]).await);
    let source = server.source(None, Some(&small()));
    let error = store(&cache).obtain(&source, &[], QUIETLY).await.unwrap_err();
    assert!(matches!(error, ReleaseError::WrongDigest { .. }), "{error:?}");
    let said = error.to_string();
    for part in [Digest::of(&small()).to_string(), Digest::of(&full()).to_string(), "/istioctl.tar.gz".into()]
    {
        assert!(said.contains(&part), "{said}");
    }
    assert_eq!(kept(&cache), Vec::<String>::new());
    assert_eq!(server.asked().len(), 1, "a wrong digest is no passing fault");
}

#[tokio::test]
async fn a_download_that_breaks_off_or_falls_silent_is_tried_again() {
    let answers = vec![Answer::Half(small()), Answer::Silence(small()), Answer::Whole(small())];
    let (cache, server) = (TempDir::new().unwrap(), Server::playing(answers).await);
    let source = server.source(None, Some(&small()));
    let told = Mutex::new(Vec::new());
    let progress = |progress| told.lock().unwrap().push(progress);
    let release = store(&cache).obtain(&source, &[], &progress).await.unwrap();
    release.istioctl.verified_path().await.unwrap();
    let retries = told.lock().unwrap().iter().filter(|p| matches!(p, Progress::Retrying { .. })).count();
    assert_eq!((server.asked().len(), retries), (3, 2));
}

#[tokio::test]
async fn a_server_that_never_recovers_is_given_up() {
    let (cache, server) = (TempDir::new().unwrap(), Server::playing(vec![Answer::Half(small())]).await);
    let source = server.source(None, Some(&small()));
    let error = store(&cache).obtain(&source, &[], QUIETLY).await.unwrap_err();
    assert!(matches!(error, ReleaseError::Unreachable { .. }), "{error:?}");
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_missing_archive_is_not_asked_for_again() {
    let (cache, server) = (TempDir::new().unwrap(), Server::playing(vec![Answer::Status(404, "")]).await);
    let source = server.source(None, Some(&small()));
    let error = store(&cache).obtain(&source, &[], QUIETLY).await.unwrap_err();
    assert_eq!(error.to_string(), format!("http://{}/istioctl.tar.gz answers 404 Not Found", server.address));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_busy_server_is_left_alone_as_long_as_it_asks() {
    let answers = vec![Answer::Status(503, "retry-after: 1\r\n"), Answer::Whole(small())];
    let (cache, server) = (TempDir::new().unwrap(), Server::playing(answers).await);
    let source = server.source(None, Some(&small()));
    let started = std::time::Instant::now();
    store(&cache).obtain(&source, &[], QUIETLY).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let (cache, server) = (TempDir::new().unwrap(), Server::playing(vec![Answer::Whole(full())]).await);
    let source = server.source(None, Some(&full()));
    let store = Store::new(cache.path()).unwrap().with_limits(Limits { bytes: 100, ..Limits::default() });
    let error = store.obtain(&source, &[], QUIETLY).await.unwrap_err();
    assert!(matches!(error, ReleaseError::TooLarge { limit: 100, .. }), "{error:?}");
}

#[tokio::test]
async fn a_proven_archive_with_an_unsafe_entry_is_refused_whole() {
    let entry = |path: &str, kind: EntryType| {
        let mut tar = Builder::new(Vec::new());
        tar.append(&header("istioctl", EntryType::Regular, 4), &b"real"[..]).unwrap();
        let mut header = header(path, kind, 0);
        if kind != EntryType::Regular {
            header.set_link_name("/etc/passwd").unwrap();
            header.set_cksum();
        }
        tar.append(&header, &b""[..]).unwrap();
        gzip(&tar.into_inner().unwrap())
    };
    let mut huge = Builder::new(Vec::new());
    huge.append(&header("istioctl", EntryType::Regular, 4), &b"real"[..]).unwrap();
    huge.get_mut().extend_from_slice(header("istio/bin/istioctl", EntryType::Regular, 1 << 40).as_bytes());
    let cases = [
        (entry("../escape", EntryType::Regular), UnsafeEntry::Outside),
        (entry("a/../../escape", EntryType::Regular), UnsafeEntry::Outside),
        (entry("/etc/escape", EntryType::Regular), UnsafeEntry::Outside),
        (entry("istio/bin/istioctl", EntryType::Symlink), UnsafeEntry::NotAFile),
        (entry("istio/samples/addons/kiali.yaml", EntryType::Link), UnsafeEntry::NotAFile),
        (entry("istio/bin/istioctl", EntryType::Regular), UnsafeEntry::Twice),
        (gzip(&huge.into_inner().unwrap()), UnsafeEntry::TooLarge(300 * 1024 * 1024)),
    ];
    for (archive, expected) in cases {
        let (cache, server) =
            (TempDir::new().unwrap(), Server::playing(vec![Answer::Whole(archive.clone())]).await);
        let source = server.source(None, Some(&archive));
        let error = store(&cache).obtain(&source, &[], QUIETLY).await.unwrap_err();
        assert!(matches!(&error, ReleaseError::UnsafeEntry { why, .. } if *why == expected), "{error:?}");
        assert_eq!(kept(&cache), Vec::<String>::new(), "{expected:?}");
    }
}

#[tokio::test]
async fn a_proven_archive_without_what_is_asked_for_is_refused() {
    let no_istioctl = archive(&[("istio-1.18.0/samples/addons/kiali.yaml", KIALI)]);
    let cases = [(no_istioctl, vec![], "istioctl"), (full(), vec![Addon::Jaeger], "jaeger.yaml")];
    for (archive, addons, missing) in cases {
        let (cache, server) =
            (TempDir::new().unwrap(), Server::playing(vec![Answer::Whole(archive.clone())]).await);
        let error =
            store(&cache).obtain(&server.source(Some(&archive), None), &addons, QUIETLY).await.unwrap_err();
        assert!(matches!(&error, ReleaseError::Missing { file, .. } if file == missing), "{error:?}");
        assert_eq!(kept(&cache), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_proven_file_that_is_no_archive_is_refused() {
    let (cache, server) =
        (TempDir::new().unwrap(), Server::playing(vec![Answer::Whole(b"no gzip".to_vec())]).await);
    let source = server.source(None, Some(b"no gzip"));
    let error = store(&cache).obtain(&source, &[], QUIETLY).await.unwrap_err();
    assert!(matches!(error, ReleaseError::Unreadable { .. }), "{error:?}");
    assert_eq!(kept(&cache), Vec::<String>::new());
}

#[tokio::test]
async fn a_changed_istioctl_is_not_run_and_the_next_run_replaces_it() {
    let (cache, server) = (TempDir::new().unwrap(), Server::playing(vec![Answer::Whole(small())]).await);
    let source = server.source(None, Some(&small()));
    let release = store(&cache).obtain(&source, &[], QUIETLY).await.unwrap();
    let path = release.istioctl.verified_path().await.unwrap().to_owned();
    overwrite(&path, b"#!/bin/sh\nevil\n");

    let refused = release.istioctl.verified_path().await.unwrap_err();
    assert!(matches!(refused, ReleaseError::Tampered { .. }), "{refused:?}");

    let again = store(&cache).obtain(&source, &[], QUIETLY).await.unwrap();
    let Obtained::Downloaded { replaced: Some(why), .. } = again.obtained else {
        panic!("not fetched again: {:?}", again.obtained);
    };
    assert!(why.contains("istioctl is not what was unpacked"), "{why}");
    assert_eq!(std::fs::read(again.istioctl.verified_path().await.unwrap()).unwrap(), ISTIOCTL);
}

#[tokio::test]
async fn a_changed_addon_is_not_read() {
    let (cache, server) = (TempDir::new().unwrap(), Server::playing(vec![Answer::Whole(full())]).await);
    let source = server.source(Some(&full()), None);
    let release = store(&cache).obtain(&source, &[Addon::Kiali], QUIETLY).await.unwrap();
    let istioctl = release.istioctl.verified_path().await.unwrap();
    overwrite(&istioctl.with_file_name("kiali.yaml"), b"kind: Evil\n");
    let refused = release.addon(Addon::Kiali).unwrap_err();
    assert!(matches!(refused, ReleaseError::Tampered { .. }), "{refused:?}");
}

#[tokio::test]
async fn two_runs_at_once_share_one_download() {
    let (cache, server) = (TempDir::new().unwrap(), Server::playing(vec![Answer::Whole(small())]).await);
    let source = server.source(None, Some(&small()));
    let (one, other) = (store(&cache), store(&cache));
    let (one, other) = tokio::join!(one.obtain(&source, &[], QUIETLY), other.obtain(&source, &[], QUIETLY));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(server.asked().len(), 1);
    assert!([one.obtained, other.obtained].contains(&Obtained::Cached));
}

#[tokio::test]
async fn a_run_that_was_given_up_does_not_stand_in_the_way_of_the_next() {
    let answers = vec![Answer::Silence(small()), Answer::Whole(small())];
    let (cache, server) = (TempDir::new().unwrap(), Server::playing(answers).await);
    let source = server.source(None, Some(&small()));
    let first = store(&cache);
    let cut = tokio::time::timeout(Duration::from_millis(100), first.obtain(&source, &[], QUIETLY)).await;
    assert!(cut.is_err());
    assert!(kept(&cache).iter().all(|name| name.ends_with(".partial")), "{:?}", kept(&cache));
    store(&cache).obtain(&source, &[], QUIETLY).await.unwrap();
    assert_eq!(kept(&cache), [Digest::of(&small()).to_string()]);
}

#[tokio::test]
async fn a_mirrors_password_is_not_told() {
    let (cache, server) = (TempDir::new().unwrap(), Server::playing(vec![Answer::Status(403, "")]).await);
    let url = format!("http://me:hunter2@{}/istioctl.tar.gz", server.address).parse().unwrap();
    let origin = Origin::Own { full: None, istioctl: Some((url, Digest::of(b""))) };
    let source = ReleaseSource::from_origin("1.18.0", origin);
    let error = store(&cache).obtain(&source, &[], QUIETLY).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
}
