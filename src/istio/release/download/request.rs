use reqwest::{Client, RequestBuilder, Response, StatusCode, header, redirect};
use url::Url;

use super::headers::{self, Part};
use super::{Limits, Partial};
use crate::istio::release::error::shown;
use crate::istio::release::{CaBundle, ReleaseError};

/// How many redirects lead to an archive at most; GitHub's releases have one.
const REDIRECTS: usize = 10;

/// What a server sends of an archive.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) part: Part,
    /// What names this state of the file, for If-Range.
    pub(super) validator: Option<String>,
    pub(super) body: Response,
}

/// Sets up a client: proxies from the environment, no decompression (the digest is one of the bytes on
/// the wire), and no word to one host of where another sent us.
pub(in crate::istio::release) fn client(
    limits: &Limits,
    trusted: Option<&CaBundle>,
) -> Result<Client, ReleaseError> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // It fails only if another thread was faster, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let builder = || {
        Client::builder()
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect)
            .referer(false)
            .redirect(redirect::Policy::custom(follow))
    };
    let extra = trusted.map(CaBundle::certificates).unwrap_or_default();
    // A machine without any roots (a container from scratch) can still do with a mirror over plain
    // http; over https it is told whom it does not trust.
    let built = builder().tls_certs_merge(extra.clone()).build();
    built.or_else(|_| builder().tls_certs_only(extra).build()).map_err(ReleaseError::Client)
}

/// Follows a redirect, but neither in circles nor from https to http: what was asked for in private is
/// not asked for in public because somebody says so.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let previous = attempt.previous();
    if previous.contains(attempt.url()) {
        attempt.error(WrongRedirect::InCircle)
    } else if previous.len() > REDIRECTS {
        attempt.error(WrongRedirect::TooMany)
    } else if !["http", "https"].contains(&attempt.url().scheme()) {
        attempt.error(WrongRedirect::OtherProtocol)
    } else if previous.iter().any(|url| url.scheme() == "https") && attempt.url().scheme() != "https" {
        attempt.error(WrongRedirect::Downgrade)
    } else {
        attempt.follow()
    }
}

/// Why a redirect is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongRedirect {
    #[error("in a circle")]
    InCircle,
    #[error("more than {REDIRECTS} times")]
    TooMany,
    #[error("to another protocol than http and https")]
    OtherProtocol,
    #[error("from https to http")]
    Downgrade,
}

/// Asks for what the partial file lacks. Whatever cannot be laid behind the bytes that are there is not
/// taken: then the whole is asked for, and its answer starts at 0.
pub(super) async fn ask(
    client: &Client,
    url: &Url,
    partial: &Partial,
    limits: &Limits,
) -> Result<Answer, ReleaseError> {
    let whole = || client.get(url.clone());
    let have = partial.bytes();
    if have > 0 {
        let rest = whole().header(header::RANGE, format!("bytes={have}-"));
        let known = partial.validator(url);
        let rest = match known {
            Some(validator) => rest.header(header::IF_RANGE, validator),
            None => rest,
        };
        let answer = send(rest, url, limits).await?;
        match answer.status() {
            StatusCode::PARTIAL_CONTENT => {
                let (part, validator) =
                    (headers::part(answer.headers()), headers::validator(answer.headers()));
                let is_same = known.is_none() || validator.is_none() || known == validator.as_deref();
                if let Some(part) = part.filter(|part| part.start == have && is_same) {
                    return Ok(Answer { part, validator, body: answer });
                }
            }
            StatusCode::RANGE_NOT_SATISFIABLE => {}
            _ => return whole_of(answer, url),
        }
    }
    whole_of(send(whole(), url, limits).await?, url)
}

async fn send(request: RequestBuilder, url: &Url, limits: &Limits) -> Result<Response, ReleaseError> {
    let answer = tokio::time::timeout(limits.quiet, request.send()).await;
    answer
        .map_err(|_| ReleaseError::Stalled { url: shown(url), received: 0, arrived: 0, quiet: limits.quiet })?
        .map_err(|source| ReleaseError::unreachable(url, source))
}

fn whole_of(answer: Response, url: &Url) -> Result<Answer, ReleaseError> {
    if answer.status() != StatusCode::OK {
        return Err(ReleaseError::Refused {
            url: shown(url),
            status: answer.status(),
            retry_after: headers::retry_after(answer.headers()),
        });
    }
    let part = Part { start: 0, total: answer.content_length() };
    Ok(Answer { part, validator: headers::validator(answer.headers()), body: answer })
}
