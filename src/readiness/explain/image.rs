//! Images that do not come.

use crate::finding::Code;

/// The registry's own words, without those of the kubelet and the runtime around them:
/// `rpc error: code = NotFound desc = failed to pull and unpack image "x": failed to resolve reference "x":
/// x: not found` is `not found`.
pub(super) fn pull_error<'a>(message: &'a str, image: &str) -> &'a str {
    let mut rest = message.trim();
    // Since 1.31 a back-off names its cause: Back-off pulling image "x": ErrImagePull: rpc error: ...
    if let Some((_, cause)) = rest.split_once(": ErrImagePull: ") {
        rest = cause;
    }
    loop {
        let shorter = without_wrapping(rest, image);
        if shorter == rest {
            return rest;
        }
        rest = shorter;
    }
}

fn without_wrapping<'a>(message: &'a str, image: &str) -> &'a str {
    const QUOTED: [&str; 5] = [
        "Failed to apply default image tag \"",
        "Failed to pull image \"",
        "failed to pull and unpack image \"",
        "failed to resolve reference \"",
        "failed to copy: httpReadSeeker: failed open: \"",
    ];
    for prefix in QUOTED {
        let inner = message.strip_prefix(prefix).and_then(|rest| rest.split_once("\": "));
        if let Some((_, rest)) = inner {
            return rest;
        }
    }
    if let Some((_, rest)) = message.strip_prefix("rpc error: code = ").and_then(|m| m.split_once(" desc = "))
    {
        return rest;
    }
    // `docker.io/library/x:1: not found` for the image x:1.
    match message.split_once(": ") {
        Some((reference, rest)) if !reference.contains(' ') && reference.ends_with(image) => rest,
        _ => message,
    }
}

/// A back-off does not say why; the event of the pull does.
pub(super) fn is_back_off(message: &str) -> bool {
    message.is_empty() || (message.starts_with("Back-off pulling") && !message.contains(": ErrImagePull: "))
}

/// Why a pull failed, by the words of registries and of the runtimes' HTTP clients.
pub(super) fn code_of_pull(error: &str) -> Code {
    let causes: [(Code, &[&str]); 4] = [
        (Code::RegistryLimit, &["toomanyrequests", "too many requests", "rate limit", "429"]),
        (
            Code::RegistryUnreachable,
            &[
                "failed to do request",
                "dial tcp",
                "i/o timeout",
                "connection re",
                "tls: ",
                "x509: ",
                "deadline exceeded",
            ],
        ),
        (
            Code::ImageDenied,
            &["denied", "unauthorized", "forbidden", "no basic auth", "authentication required"],
        ),
        (Code::ImageNotFound, &["not found", "manifest unknown", "name unknown", "no match for platform"]),
    ];
    let error = error.to_lowercase();
    let cause = causes.iter().find(|(_, words)| words.iter().any(|words| error.contains(words)));
    cause.map_or(Code::ImageNotPulled, |(code, _)| *code)
}
