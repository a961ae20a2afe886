//! A file as a server that does all right would send it.

use super::server::{Act, Asked, Script, script};

#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
    pub(crate) etag: Option<&'static str>,
    /// When it was changed; it is served a day later.
    pub(crate) changed: Option<&'static str>,
    /// Whether parts of it can be had.
    pub(crate) ranges: bool,
}

/// A day after which files here are served.
pub(crate) const CHANGED: &str = "Tue, 06 Jun 2023 10:00:00 GMT";
const NOW: &str = "Wed, 07 Jun 2023 10:00:00 GMT";

impl File {
    /// With a strong tag, in parts or whole.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        Self { bytes, etag: Some("\"one\""), changed: Some(CHANGED), ranges: true }
    }

    /// A server that knows of no parts and tells nothing of the file.
    pub(crate) fn plain(bytes: Vec<u8>) -> Self {
        Self { etag: None, changed: None, ranges: false, ..Self::of(bytes) }
    }

    /// From which byte on it is sent to this request: RFC 9110, 13.2.2 and 14.2.
    pub(crate) fn start(&self, asked: &Asked) -> Option<usize> {
        let is_same = asked.header("if-range").is_none_or(|validator| {
            (Some(validator) == self.etag && !validator.starts_with("W/")) || Some(validator) == self.changed
        });
        asked.from().filter(|_| self.ranges && is_same)
    }

    pub(crate) fn head(&self, asked: &Asked) -> String {
        let length = self.bytes.len();
        let mut head = match self.start(asked) {
            Some(start) if start >= length => {
                format!("HTTP/1.1 416 .\r\ncontent-range: bytes */{length}\r\ncontent-length: 0\r\n")
            }
            Some(start) => format!(
                "HTTP/1.1 206 .\r\ncontent-range: bytes {start}-{}/{length}\r\ncontent-length: {}\r\n",
                length - 1,
                length - start
            ),
            None => format!("HTTP/1.1 200 .\r\ncontent-length: {length}\r\n"),
        };
        head += &format!("date: {NOW}\r\n");
        head += &self.etag.map(|etag| format!("etag: {etag}\r\n")).unwrap_or_default();
        head += &self.changed.map(|date| format!("last-modified: {date}\r\n")).unwrap_or_default();
        head + "\r\n"
    }

    pub(crate) fn body(&self, asked: &Asked) -> &[u8] {
        &self.bytes[self.start(asked).unwrap_or(0).min(self.bytes.len())..]
    }

    /// All that is asked for.
    pub(crate) fn whole(&self, asked: &Asked) -> Vec<Act> {
        vec![Act::Send(self.head(asked).into_bytes()), Act::Send(self.body(asked).to_vec())]
    }

    /// Its head, and then no more than `length` bytes of the body.
    pub(crate) fn cut(&self, asked: &Asked, length: usize) -> Vec<Act> {
        let body = self.body(asked);
        vec![Act::Send(self.head(asked).into_bytes()), Act::Send(body[..length.min(body.len())].to_vec())]
    }

    pub(crate) fn served(self) -> Script {
        script(move |asked| self.whole(asked))
    }

    /// The first time it breaks off after so many bytes.
    pub(crate) fn cut_once(self, length: usize) -> Script {
        script(move |asked| match asked.turn {
            0 => self.cut(asked, length),
            _ => self.whole(asked),
        })
    }
}

/// An answer without more to it.
pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<Act> {
    let length = body.len();
    // The server answers once: a client that takes the connection for a lasting one may ask again as it closes.
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n");
    vec![Act::Send(head.into_bytes()), Act::Send(body.to_vec())]
}
