//! Tar files as an attacker would write them: the tar crate's own ways refuse to.

use tar::{EntryType, Header};

use crate::case::gzip;

/// A tar file that grows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tarball(Vec<u8>);

impl Tarball {
    /// What a release is without all that may be wrong with it.
    pub(crate) fn good() -> Self {
        Self::default()
            .folder("istio-1.18.0/")
            .file("istio-1.18.0/README.md", b"read me")
            .file("istio-1.18.0/bin/istioctl", b"#!/bin/sh\n")
    }

    pub(crate) fn file(self, path: &str, content: &[u8]) -> Self {
        self.entry(path, EntryType::Regular, content, |_| {})
    }

    pub(crate) fn folder(self, path: &str) -> Self {
        self.entry(path, EntryType::Directory, b"", |_| {})
    }

    pub(crate) fn link(self, path: &str, kind: EntryType, target: &str) -> Self {
        self.entry(path, kind, b"", |header| header.set_link_name_literal(target).unwrap())
    }

    pub(crate) fn with_mode(self, path: &str, kind: EntryType, mode: u32) -> Self {
        self.entry(path, kind, b"", |header| header.set_mode(mode))
    }

    /// An entry whose header is changed before its checksum is made.
    pub(crate) fn entry(
        mut self,
        path: &str,
        kind: EntryType,
        content: &[u8],
        change: impl FnOnce(&mut Header),
    ) -> Self {
        let mut header = Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(if kind == EntryType::Directory { 0o755 } else { 0o644 });
        change(&mut header);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.bytes(content)
    }

    /// The path of the next entry as GNU tar writes a long one.
    pub(crate) fn long_name(self, path: &str) -> Self {
        self.entry("././@LongLink", EntryType::GNULongName, format!("{path}\0").as_bytes(), |_| {})
    }

    /// A pax header for the next entry.
    pub(crate) fn pax(self, records: &[(&str, &str)]) -> Self {
        let text: String = records.iter().map(|(key, value)| record(key, value)).collect();
        self.entry("PaxHeaders/x", EntryType::XHeader, text.as_bytes(), |_| {})
    }

    /// A pax header for all entries.
    pub(crate) fn pax_of_all(self, key: &str, value: &str) -> Self {
        self.entry("pax_global_header", EntryType::XGlobalHeader, record(key, value).as_bytes(), |_| {})
    }

    /// Bytes as they are, filled up to a block.
    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    /// Without the blocks that end it.
    pub(crate) fn unended(self) -> Vec<u8> {
        self.0
    }

    /// With the two empty blocks that end it.
    pub(crate) fn ended(self) -> Vec<u8> {
        self.bytes(&[0; 1024]).0
    }

    pub(crate) fn gzip(self) -> Vec<u8> {
        gzip(&self.ended())
    }
}

/// `27 path=a/very/long/path\n`: the length is also that of itself.
fn record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let digits = (1..).find(|digits| (rest.len() + digits).to_string().len() == *digits).unwrap();
    format!("{}{rest}", rest.len() + digits)
}
