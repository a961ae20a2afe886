//! What a download that broke off leaves is not fetched again, and never mixed with another file.

use kubestock_install::istio::release::{Digest, Obtained, Origin, Progress, ReleaseError, ReleaseSource};

use crate::case::{Cache, archive, at, is_right, other_archive};
use crate::file::{CHANGED, File};
use crate::server::{Asked, Server, script};

async fn server(file: File) -> Server {
    Server::playing(file.served()).await
}

fn url(server: &Server) -> String {
    format!("http://{}/istioctl.tar.gz", server.address)
}

/// What was asked for in each request: the first byte, and the file that it must still be.
fn ranges(server: &Server) -> Vec<(Option<usize>, Option<String>)> {
    let range = |asked: Asked| (asked.from(), asked.header("if-range").map(str::to_owned));
    server.asked().into_iter().map(range).collect()
}

/// A cache in which an earlier run left the first bytes of a file, and where it had them from.
fn left(bytes: &[u8], url: &str, validator: Option<&str>) -> Cache {
    let cache = Cache::new();
    std::fs::create_dir_all(cache.path("").parent().unwrap()).unwrap();
    std::fs::write(cache.path(".partial"), bytes).unwrap();
    let note = serde_json::json!({"url": url, "validator": validator});
    std::fs::write(cache.path(".partial.json"), note.to_string()).unwrap();
    cache
}

#[tokio::test]
async fn a_download_that_broke_off_goes_on_where_it_ended_if_it_is_the_same_file() {
    let cuts = [
        (File::of(archive()), Some("\"one\"")),
        (File { etag: None, ..File::of(archive()) }, Some(CHANGED)),
        (File { etag: Some("W/\"one\""), ..File::of(archive()) }, None),
        (File { etag: None, changed: None, ..File::of(archive()) }, None),
    ];
    for (file, validator) in cuts {
        let (cache, server) = (Cache::new(), Server::playing(file.cut_once(50_000)).await);
        is_right(&cache.obtain(&at(&url(&server))).await.unwrap()).await;
        let expected = [(None, None), (Some(50_000), validator.map(str::to_owned))];
        assert_eq!(ranges(&server), expected);
        let total = Some(archive().len() as u64);
        assert!(cache.told().contains(&Progress::Resumed { bytes: 50_000, total }), "{:?}", cache.told());
        assert_eq!(cache.kept(), [Digest::of(&archive()).to_string()]);
    }
}

#[tokio::test]
async fn a_run_goes_on_with_what_an_earlier_run_left() {
    let server = server(File::of(archive())).await;
    let cache = left(&archive()[..40_000], &url(&server), Some("\"one\""));
    let release = cache.obtain(&at(&url(&server))).await.unwrap();
    is_right(&release).await;
    assert_eq!(release.obtained, Obtained::Downloaded { bytes: archive().len() as u64, replaced: None });
    assert_eq!(ranges(&server), [(Some(40_000), Some("\"one\"".to_owned()))]);
}

#[tokio::test]
async fn a_file_that_has_changed_meanwhile_is_sent_whole_at_once() {
    let server = server(File { etag: Some("\"two\""), ..File::of(archive()) }).await;
    let cache = left(&other_archive()[..40_000], &url(&server), Some("\"one\""));
    is_right(&cache.obtain(&at(&url(&server))).await.unwrap()).await;
    assert_eq!(ranges(&server), [(Some(40_000), Some("\"one\"".to_owned()))]);
    assert_eq!(cache.told(), []);
}

/// All sources claim to have the file of one digest, and the digest decides in the end.
#[tokio::test]
async fn another_source_goes_on_where_the_first_broke_off() {
    let first = Server::playing(script(|asked| {
        File::of(archive()).cut(asked, 50_000 * usize::from(asked.turn == 0))
    }));
    let (first, second) = (first.await, server(File { etag: Some("\"two\""), ..File::of(archive()) }).await);
    let mirrors = vec![format!("http://{}", second.address).parse().unwrap()];
    let cache = Cache::new();
    is_right(&cache.obtain(&ReleaseSource { mirrors, ..at(&url(&first)) }).await.unwrap()).await;
    assert_eq!(ranges(&second), [(Some(50_000), None)], "a tag is for the server that gave it");
}

#[tokio::test]
async fn what_was_mixed_from_two_files_is_fetched_once_more_from_zero() {
    // The server does not look at what the file was, and says nothing of what it is.
    let server = server(File { etag: None, changed: None, ..File::of(archive()) }).await;
    let cache = left(&other_archive()[..90_000], &url(&server), None);
    is_right(&cache.obtain(&at(&url(&server))).await.unwrap()).await;
    assert_eq!(ranges(&server), [(Some(90_000), None), (None, None)]);
    assert!(matches!(cache.told()[..], [Progress::Resumed { .. }, Progress::StartedOver { .. }]));
}

#[tokio::test]
async fn what_is_wrong_from_zero_too_is_told_with_both_digests_and_not_kept() {
    let server = server(File { etag: None, changed: None, ..File::of(other_archive()) }).await;
    let cache = left(&archive()[..90_000], &url(&server), None);
    let error = cache.obtain(&at(&url(&server))).await.unwrap_err();
    assert_eq!(ranges(&server), [(Some(90_000), None), (None, None)]);
    let (pinned, found) = (Digest::of(&archive()), Digest::of(&other_archive()));
    let bytes = archive().len();
    let said = format!("{} has SHA-256 {found} ({bytes} bytes), not {pinned}", url(&server));
    assert_eq!(error.to_string(), said);
    assert_eq!(cache.kept(), Vec::<String>::new());
}

#[tokio::test]
async fn a_part_of_another_state_of_the_file_is_not_laid_behind_the_first() {
    // The server ignores If-Range, as some do: to it, every tag is the right one.
    let file = File { etag: Some("\"two\""), ..File::of(archive()) };
    let server = Server::playing(script(move |asked| file.whole(&asked.without("if-range")))).await;
    let cache = left(&other_archive()[..90_000], &url(&server), Some("\"one\""));
    is_right(&cache.obtain(&at(&url(&server))).await.unwrap()).await;
    assert_eq!(server.asked().len(), 2);
    assert_eq!(cache.told(), [], "it is seen before a byte is taken");
}

#[tokio::test]
async fn what_an_earlier_run_completed_needs_no_server() {
    let cache = left(&archive(), "http://127.0.0.1:9/", None);
    is_right(&cache.obtain(&at("http://127.0.0.1:9/istioctl.tar.gz")).await.unwrap()).await;
    assert_eq!(cache.told(), []);
}

#[tokio::test]
async fn a_note_that_is_torn_or_missing_only_means_that_nobody_is_asked_about_it() {
    for note in [None, Some("{\"url\": \"htt")] {
        let server = server(File::of(archive())).await;
        let cache = left(&archive()[..40_000], &url(&server), Some("\"one\""));
        match note {
            None => std::fs::remove_file(cache.path(".partial.json")).unwrap(),
            Some(torn) => std::fs::write(cache.path(".partial.json"), torn).unwrap(),
        }
        is_right(&cache.obtain(&at(&url(&server))).await.unwrap()).await;
        assert_eq!(ranges(&server), [(Some(40_000), None)]);
    }
}

#[tokio::test]
async fn a_server_that_always_breaks_off_is_asked_as_long_as_it_brings_more() {
    let file = File::of(archive());
    let server = Server::playing(script(move |asked| file.cut(asked, 10_000))).await;
    let cache = Cache::new();
    is_right(&cache.obtain(&at(&url(&server))).await.unwrap()).await;
    assert_eq!(server.asked().len(), archive().len().div_ceil(10_000));
}

#[tokio::test]
async fn a_server_that_always_breaks_off_at_the_same_byte_is_given_up() {
    let file = File::plain(archive());
    let server = Server::playing(script(move |asked| file.cut(asked, 50_000))).await;
    let cache = Cache::new();
    let error = cache.obtain(&at(&url(&server))).await.unwrap_err();
    assert!(matches!(error, ReleaseError::Cut { received: 50_000, .. }), "{error:?}");
    assert_eq!(server.asked().len(), 1 + cache.limits.retries);
}

#[tokio::test]
async fn a_password_is_not_written_beside_the_file() {
    let file = File::of(archive());
    let server = Server::playing(script(move |asked| file.cut(asked, 100))).await;
    let url =
        format!("http://me:hunter2@{}/istioctl.tar.gz?signature=hunter2", server.address).parse().unwrap();
    let origin = Origin::Own { full: None, istioctl: Some((url, Digest::of(&archive()))) };
    let cache = Cache::new();
    let error = cache.obtain(&ReleaseSource::from_origin("1.18.0", origin)).await.unwrap_err();
    assert!(server.asked()[0].path.ends_with("?signature=hunter2"));
    let note = std::fs::read_to_string(cache.path(".partial.json")).unwrap();
    for told in [note, error.to_string(), format!("{error:?}"), format!("{:?}", cache.told())] {
        assert!(!told.contains("hunter2"), "{told}");
    }
}
