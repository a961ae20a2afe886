//! What the cache holds: it is unpacked once, belongs to one user, and is used only as it was unpacked.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use kubestock_install::istio::release::{Addon, Digest, Obtained, Origin, ReleaseError, ReleaseSource};
use url::Url;

use crate::case::{Cache, archive, archive_with, at, is_right, istioctl};
use crate::file::File;
use crate::server::{Act, Server, script};

const KIALI: &[u8] = b"apiVersion: v1\nkind: Service\nmetadata:\n  name: kiali\n";

fn full() -> Vec<u8> {
    archive_with(&[
        ("istio-1.18.0/README.md", b"read me"),
        ("istio-1.18.0/bin/istioctl", &istioctl()),
        ("istio-1.18.0/samples/addons/kiali.yaml", KIALI),
    ])
}

/// A server with both archives of a release, and where they are.
async fn release() -> (Server, ReleaseSource) {
    let server = Server::playing(script(|asked| match asked.path.as_str() {
        "/istio.tar.gz" => File::of(full()).whole(asked),
        _ => File::of(archive()).whole(asked),
    }));
    let server = server.await;
    let at = |name: &str, archive: &[u8]| -> (Url, Digest) {
        (format!("http://{}/{name}.tar.gz", server.address).parse().unwrap(), Digest::of(archive))
    };
    let origin = Origin::Own { full: Some(at("istio", &full())), istioctl: Some(at("istioctl", &archive())) };
    let source = ReleaseSource::from_origin("1.18.0", origin);
    (server, source)
}

fn paths(server: &Server) -> Vec<String> {
    server.asked().into_iter().map(|asked| asked.path).collect()
}

fn overwrite(path: &Path, content: &[u8]) {
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, content).unwrap();
}

#[tokio::test]
async fn without_an_addon_the_small_archive_is_fetched_once() {
    let (cache, (server, source)) = (Cache::new(), release().await);
    let first = cache.obtain(&source).await.unwrap();
    assert_eq!(first.obtained, Obtained::Downloaded { bytes: archive().len() as u64, replaced: None });
    is_right(&first).await;

    assert_eq!(cache.obtain(&source).await.unwrap().obtained, Obtained::Cached);
    assert_eq!(paths(&server), ["/istioctl.tar.gz"]);
    assert_eq!(cache.kept(), [Digest::of(&archive()).to_string()], "the archive is not kept");
}

#[tokio::test]
async fn an_addon_comes_with_the_full_archive_which_then_serves_without_it_too() {
    let (cache, (server, source)) = (Cache::new(), release().await);
    let release = cache.obtain_with(&source, &[Addon::Kiali]).await.unwrap();
    let objects = release.addon(Addon::Kiali).unwrap();
    assert_eq!(objects[0].id().to_string(), "Service/kiali");
    assert!(matches!(release.addon(Addon::Jaeger), Err(ReleaseError::NoSuchAddon(Addon::Jaeger))));

    assert_eq!(cache.obtain(&source).await.unwrap().obtained, Obtained::Cached);
    assert_eq!(paths(&server), ["/istio.tar.gz"]);
}

#[tokio::test]
async fn what_is_unpacked_belongs_to_this_user_alone() {
    let (cache, (_server, source)) = (Cache::new(), release().await);
    let release = cache.obtain(&source).await.unwrap();
    let istioctl = release.istioctl.verified_path().await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(istioctl), 0o500);
    assert_eq!(mode(istioctl.parent().unwrap()), 0o700);
    assert_eq!(mode(&cache.folder.path().join("istio")), 0o700);
}

#[tokio::test]
async fn a_changed_istioctl_is_not_run_and_the_next_run_replaces_it() {
    let (cache, (_server, source)) = (Cache::new(), release().await);
    let release = cache.obtain(&source).await.unwrap();
    let path = release.istioctl.verified_path().await.unwrap().to_owned();
    overwrite(&path, b"#!/bin/sh\nevil\n");

    let refused = release.istioctl.verified_path().await.unwrap_err();
    assert!(matches!(refused, ReleaseError::Tampered { .. }), "{refused:?}");

    let again = cache.obtain(&source).await.unwrap();
    let Obtained::Downloaded { replaced: Some(why), .. } = &again.obtained else {
        panic!("not fetched again: {:?}", again.obtained);
    };
    assert!(why.contains("istioctl is not what was unpacked"), "{why}");
    is_right(&again).await;
}

#[tokio::test]
async fn a_changed_addon_is_not_read() {
    let (cache, (_server, source)) = (Cache::new(), release().await);
    let release = cache.obtain_with(&source, &[Addon::Kiali]).await.unwrap();
    let istioctl = release.istioctl.verified_path().await.unwrap();
    overwrite(&istioctl.with_file_name("kiali.yaml"), b"kind: Evil\n");
    let refused = release.addon(Addon::Kiali).unwrap_err();
    assert!(matches!(refused, ReleaseError::Tampered { .. }), "{refused:?}");
}

/// Changes something of an entry in the cache.
type Damage = fn(&Path);

#[tokio::test]
async fn nothing_of_the_cache_is_used_without_its_digest() {
    fn replace_in_receipt(entry: &Path, from: &str, to: &str) {
        let receipt = entry.join("receipt.json");
        let text = std::fs::read_to_string(&receipt).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(receipt, text.replace(from, to)).unwrap();
    }
    let table: [(&str, Damage); 8] = [
        ("istioctl is not what was unpacked", |entry| {
            let mut bytes = istioctl();
            bytes[70_000] ^= 1;
            overwrite(&entry.join("istioctl"), &bytes);
        }),
        ("istioctl is not what was unpacked", |entry| overwrite(&entry.join("istioctl"), b"")),
        ("kiali.yaml is not what was unpacked", |entry| {
            overwrite(&entry.join("kiali.yaml"), b"kind: Evil\n")
        }),
        ("istioctl", |entry| std::fs::remove_file(entry.join("istioctl")).unwrap()),
        ("receipt.json", |entry| std::fs::remove_file(entry.join("receipt.json")).unwrap()),
        ("EOF while parsing", |entry| overwrite(&entry.join("receipt.json"), b"{")),
        ("another archive's receipt", |entry| {
            replace_in_receipt(entry, &Digest::of(&full()).to_string(), &Digest::of(&archive()).to_string());
        }),
        ("istioctl is not what was unpacked", |entry| {
            let another = Digest::of(b"another istioctl").to_string();
            replace_in_receipt(entry, &Digest::of(&istioctl()).to_string(), &another);
        }),
    ];
    for (why, damage) in table {
        let (cache, (server, source)) = (Cache::new(), release().await);
        cache.obtain_with(&source, &[Addon::Kiali]).await.unwrap();
        damage(&cache.folder.path().join("istio").join(Digest::of(&full()).to_string()));
        let release = cache.obtain_with(&source, &[Addon::Kiali]).await.unwrap();
        let Obtained::Downloaded { replaced: Some(told), .. } = &release.obtained else {
            panic!("{why}: {:?}", release.obtained);
        };
        assert!(told.contains(why), "{why}: {told}");
        is_right(&release).await;
        assert_eq!((release.addon(Addon::Kiali).unwrap().len(), server.asked().len()), (1, 2), "{why}");
    }
}

#[tokio::test]
async fn two_runs_at_once_share_one_download() {
    let (cache, (server, source)) = (Cache::new(), release().await);
    let (one, other) = tokio::join!(cache.obtain(&source), cache.obtain(&source));
    let obtained = [one, other].map(|release| release.unwrap().obtained);
    assert_eq!(server.asked().len(), 1);
    assert!(obtained.contains(&Obtained::Cached), "{obtained:?}");
}

#[tokio::test]
async fn a_run_that_was_given_up_does_not_stand_in_the_way_of_the_next() {
    let file = File::of(archive());
    let server = Server::playing(script(move |asked| match asked.turn {
        0 => [file.cut(asked, 50_000), vec![Act::Pause(Duration::from_secs(600))]].concat(),
        _ => file.whole(asked),
    }));
    let (cache, source) = (Cache::new(), at(&format!("http://{}/istioctl.tar.gz", server.await.address)));
    let given_up = tokio::time::timeout(Duration::from_millis(100), cache.obtain(&source)).await;
    assert!(given_up.is_err());
    assert!(cache.kept().iter().all(|name| name.contains(".partial")), "{:?}", cache.kept());
    is_right(&cache.obtain(&source).await.unwrap()).await;
    assert_eq!(cache.kept(), [Digest::of(&archive()).to_string()]);
}
