//! An archive that is the pinned one may be a hostile one all the same: nothing of it is kept then.

use kubestock_install::istio::release::{
    Addon, Digest, Origin, Release, ReleaseError, ReleaseSource, UnsafeEntry,
};
use tar::{Builder, EntryType, Header};

use crate::case::{Cache, archive_with, gzip, istioctl};
use crate::file::File;
use crate::server::Server;

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

/// Fetches it as the full archive of a release that pins it. Nothing may be left where it is refused.
async fn obtain(archive: Vec<u8>, addons: &[Addon]) -> Result<Release, ReleaseError> {
    let (cache, sha256) = (Cache::new(), Digest::of(&archive));
    let server = Server::playing(File::of(archive).served()).await;
    let url = format!("http://{}/istio.tar.gz", server.address).parse().unwrap();
    let origin = Origin::Own { full: Some((url, sha256)), istioctl: None };
    let obtained = cache.obtain_with(&ReleaseSource::from_origin("1.18.0", origin), addons).await;
    if obtained.is_err() {
        assert_eq!(cache.kept(), Vec::<String>::new());
    }
    obtained
}

#[tokio::test]
async fn an_archive_with_an_unsafe_entry_is_refused_whole() {
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
        let error = obtain(archive, &[]).await.unwrap_err();
        assert!(matches!(&error, ReleaseError::UnsafeEntry { why, .. } if *why == expected), "{error:?}");
    }
}

#[tokio::test]
async fn an_archive_without_what_is_asked_for_is_refused() {
    let no_istioctl = archive_with(&[("istio-1.18.0/samples/addons/kiali.yaml", b"")]);
    let no_jaeger = archive_with(&[("istio-1.18.0/bin/istioctl", &istioctl())]);
    for (archive, addons, missing) in
        [(no_istioctl, vec![], "istioctl"), (no_jaeger, vec![Addon::Jaeger], "jaeger.yaml")]
    {
        let error = obtain(archive, &addons).await.unwrap_err();
        assert!(matches!(&error, ReleaseError::Missing { file, .. } if file == missing), "{error:?}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_archive_is_refused() {
    let error = obtain(b"no gzip".to_vec(), &[]).await.unwrap_err();
    assert!(matches!(error, ReleaseError::Unreadable { .. }), "{error:?}");
}
