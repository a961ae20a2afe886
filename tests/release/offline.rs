//! Releases without a network: what is in the cache, and what is brought there.

use insta::assert_snapshot;
use kubestock_install::istio::release::{Digest, Obtained, ReleaseError};

use crate::case::{Cache, archive, at, is_right, other_archive};
use crate::file::File;
use crate::program::Program;
use crate::server::Server;

/// Where nobody is asked, nobody need be there.
const NOWHERE: &str = "http://mirror.invalid/istioctl.tar.gz";

/// A cache whose `istio` folder has this file.
fn with(suffix: &str, content: &[u8]) -> Cache {
    let cache = Cache::new();
    std::fs::create_dir_all(cache.path("").parent().unwrap()).unwrap();
    std::fs::write(cache.path(suffix), content).unwrap();
    cache
}

#[tokio::test]
async fn what_is_lacking_is_named_with_who_has_it_and_where_it_is_to_be_put() {
    let program = Program::fetching("http://me:hunter2@mirror.invalid/istioctl.tar.gz");
    let said = program.fetch("--offline --mirror http://other.invalid/istio").await;
    assert_snapshot!(said.error(), @"
    error: the cache has no istioctl-1.18.0-PLATFORM.tar.gz, and nothing is to be fetched (--offline)
      its SHA-256 is DIGEST
      it can be had from http://mirror.invalid/istioctl.tar.gz
      it can be had from http://other.invalid/istio/istioctl-1.18.0-PLATFORM.tar.gz
      it is looked for at cache/istio/DIGEST.tar.gz
    hint: put the archive there under that name; or fetch it where there is a network (`kubestock-install fetch --cache-dir DIR`), bring DIR here, and name it with --cache-dir
    ");

    std::fs::write(program.path(".tar.gz"), other_archive()).unwrap();
    let (said, other) = (program.fetch("--offline").await, Digest::of(&other_archive()).to_string());
    assert_snapshot!(said.error().replace(&other, "OTHER"), @"
    error: the cache has no istioctl-1.18.0-PLATFORM.tar.gz, and nothing is to be fetched (--offline)
      cache/istio/DIGEST.tar.gz has SHA-256 OTHER (105556 bytes), not DIGEST
      its SHA-256 is DIGEST
      it can be had from http://mirror.invalid/istioctl.tar.gz
      it is looked for at cache/istio/DIGEST.tar.gz
    hint: put the archive there under that name; or fetch it where there is a network (`kubestock-install fetch --cache-dir DIR`), bring DIR here, and name it with --cache-dir
    ");
}

#[tokio::test]
async fn an_archive_that_somebody_put_there_serves_and_stays() {
    let program = Program::fetching(NOWHERE);
    std::fs::create_dir(program.cache().join("istio")).unwrap();
    std::fs::write(program.path(".tar.gz"), archive()).unwrap();
    program.fetch("--offline").await.is_done();
    assert!(program.path(".tar.gz").exists() && program.path("").is_dir());
    std::fs::remove_file(program.path(".tar.gz")).unwrap();
    program.fetch("--offline").await.is_done();
}

#[tokio::test]
async fn an_archive_that_was_put_there_and_is_another_is_not_used() {
    let server = Server::playing(File::of(archive()).served()).await;
    let cache = with(".tar.gz", &other_archive());
    let release = cache.obtain(&at(&format!("http://{}/istioctl.tar.gz", server.address))).await.unwrap();
    is_right(&release).await;
    assert!(matches!(release.obtained, Obtained::Downloaded { .. }), "{:?}", release.obtained);
    assert_eq!(std::fs::read(cache.path(".tar.gz")).unwrap(), other_archive(), "it is not ours to delete");
}

#[tokio::test]
async fn an_archive_is_kept_where_it_is_wanted_itself() {
    let server = Server::playing(File::of(archive()).served()).await;
    let (cache, source) = (Cache::new(), at(&format!("http://{}/istioctl.tar.gz", server.address)));
    for _ in 0..2 {
        let kept = cache.store().archive(&source, &[], &|_| {}).await.unwrap();
        assert_eq!((kept.sha256, kept.bytes), (Digest::of(&archive()), archive().len() as u64));
        assert_eq!((&kept.path, std::fs::read(&kept.path).unwrap()), (&cache.path(".tar.gz"), archive()));
    }
    let release = cache.obtain(&source).await.unwrap();
    assert_eq!(release.obtained, Obtained::Unpacked { bytes: archive().len() as u64 });
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn an_archive_that_is_brought_is_proven_like_one_that_is_fetched() {
    let mut cache = Cache::new();
    cache.offline = true;
    let admit = async |bytes: Vec<u8>| {
        let brought = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(brought.path(), bytes).unwrap();
        cache.store().admit(&at(NOWHERE), &[], brought.path(), &|_| {}).await
    };
    let refused = admit(other_archive()).await.unwrap_err();
    assert!(matches!(refused, ReleaseError::WrongDigest { .. }), "{refused:?}");
    assert_eq!(cache.kept(), Vec::<String>::new());

    let release = admit(archive()).await.unwrap();
    is_right(&release).await;
    assert_eq!(release.obtained, Obtained::Unpacked { bytes: archive().len() as u64 });
    assert_eq!(cache.kept(), [Digest::of(&archive()).to_string()]);
    assert_eq!(admit(archive()).await.unwrap().obtained, Obtained::Cached);
}
