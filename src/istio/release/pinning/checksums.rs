use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use reqwest::{Client, StatusCode};
use url::Url;

use super::{Pin, PinError};
use crate::istio::release::error::shown;
use crate::istio::release::source::in_folder;
use crate::istio::release::{ArchiveName, CaBundle, Digest, Limits, ReleaseError, ReleaseSource, download};

/// The size in bytes that a `.sha256` file may have; it holds one line.
const LIMIT: usize = 4096;

/// How long one may take from the request to its end.
const TIME: Duration = Duration::from_secs(30);

/// How many are asked for at once.
const AT_ONCE: usize = 5;

/// What a release says of its own archives.
#[derive(Debug)]
pub struct Published {
    pub pin: Pin,
    /// Where it says so.
    pub folder: String,
    /// What was wrong with the sources that were asked before.
    pub failures: Vec<PinError>,
}

pub(super) async fn published(
    version: &str,
    mirrors: Vec<Url>,
    trusted: Option<&CaBundle>,
) -> Result<Published, PinError> {
    let client = download::client(&Limits::default(), trusted)?;
    let source = ReleaseSource { mirrors, ..ReleaseSource::istio(version) };
    let mut failures = Vec::new();
    for folder in source.folders() {
        match said_in(&folder, version, &client).await {
            Ok(pin) => return Ok(Published { pin, folder: shown(&in_folder(&folder, "")?), failures }),
            Err(failure) => failures.push(failure),
        }
    }
    Err(match <[PinError; 1]>::try_from(failures) {
        Ok([only]) => only,
        Err(failures) => PinError::NowherePublished { version: version.to_owned(), failures },
    })
}

/// What a folder says of all archives that the version may have, where it says anything.
async fn said_in(folder: &str, version: &str, client: &Client) -> Result<Pin, PinError> {
    let asked = ArchiveName::of_version(version).map(|name| async move {
        let url = in_folder(folder, &format!("{name}.sha256"))?;
        let sha256 = checksum(&url, &name, client).await?;
        Ok::<_, PinError>((name, sha256, url))
    });
    let said: Vec<_> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    let mut pin = Pin::nothing(version);
    for (name, sha256, url) in said {
        if let Some(sha256) = sha256 {
            pin.add(&name, sha256, || shown(&url))?;
        }
    }
    if pin.digests.is_empty() {
        let folder = shown(&in_folder(folder, "")?);
        return Err(PinError::NoChecksums { folder, version: version.to_owned() });
    }
    Ok(pin)
}

/// What the file at this URL says of the archive; None where there is no such file.
async fn checksum(url: &Url, name: &ArchiveName, client: &Client) -> Result<Option<Digest>, PinError> {
    let not_a_checksum = || PinError::NotAChecksum { url: shown(url), file: name.to_string() };
    let answer = tokio::time::timeout(TIME, get(url, client)).await;
    match answer.map_err(|_| PinError::TooSlow { url: shown(url), after: TIME })?? {
        Body::Absent => Ok(None),
        Body::Large => Err(not_a_checksum()),
        Body::Text(text) => read(&text, name).map(Some).ok_or_else(not_a_checksum),
    }
}

/// What a server sends of a small file.
enum Body {
    Absent,
    /// More than a small file has.
    Large,
    Text(String),
}

async fn get(url: &Url, client: &Client) -> Result<Body, ReleaseError> {
    let unreachable = |source| ReleaseError::unreachable(url, source);
    let mut response = client.get(url.clone()).send().await.map_err(unreachable)?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(Body::Absent),
        status => return Err(ReleaseError::Refused { url: shown(url), status, retry_after: None }),
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if bytes.len() + chunk.len() > LIMIT {
            return Ok(Body::Large);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Body::Text(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The digest in a line as `sha256sum` writes it, if it is about this very archive.
fn read(text: &str, name: &ArchiveName) -> Option<Digest> {
    let (sha256, file) = text.trim_end().split_once(' ')?;
    // A blank stands for text, an asterisk for bytes; on Unix it makes no difference.
    let file = file.strip_prefix([' ', '*'])?;
    (file == name.to_string()).then(|| sha256.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_about_the_very_archive() {
        let name: ArchiveName = "istio-1.19.0-osx.tar.gz".parse().unwrap();
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let right = Some(Digest::of(b"abc"));
        let table = [
            (format!("{hex}  istio-1.19.0-osx.tar.gz\n"), right),
            (format!("{hex}  istio-1.19.0-osx.tar.gz"), right),
            (format!("{hex} *istio-1.19.0-osx.tar.gz\r\n"), right),
            (format!("{hex}\n"), None),
            (format!("{hex}  istio-1.19.0-osx-arm64.tar.gz\n"), None),
            (format!("{hex}  istioctl-1.19.0-osx.tar.gz\n"), None),
            (format!("{hex}  out/istio-1.19.0-osx.tar.gz\n"), None),
            (format!("{hex}  istio-1.19.0-osx.tar.gz\n{hex}  istio-1.19.0-osx.tar.gz\n"), None),
            (format!("{}  istio-1.19.0-osx.tar.gz\n", &hex[..40]), None),
            ("<html>Log in</html>".to_owned(), None),
            (String::new(), None),
        ];
        for (text, expected) in table {
            assert_eq!(read(&text, &name), expected, "{text:?}");
        }
    }
}
