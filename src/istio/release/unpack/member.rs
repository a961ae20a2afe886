use std::io::Read;

use tar::{Entry, EntryType, Header};

use super::names::{Names, parts, stays_inside};
use super::refusal::{EXTENSION_LIMIT, Refusal, UnsafeEntry};

/// A file, a folder or a link of an archive, which may be unpacked.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) parts: Vec<String>,
    pub(super) is_file: bool,
}

impl Member {
    pub(super) fn refuse(&self, why: UnsafeEntry) -> Refusal {
        Refusal::Entry { name: self.parts.join("/"), why }
    }
}

/// Looks at every entry of an archive, and lets through what could do no harm.
///
/// Readers of tar files disagree about odd ones, so that a file may be another to this program than to who
/// looked at it before. What could be read in two ways is therefore refused too.
#[derive(Debug)]
pub(super) struct Members {
    names: Names,
    next: Extensions,
}

/// What stands in headers of their own before the entry that it is about.
#[derive(Debug, Default)]
struct Extensions {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    /// Whether there was a pax header, whatever stood in it.
    is_pax: bool,
}

impl Members {
    /// None yet, and no more names than so many to come.
    pub(super) fn up_to(names: usize) -> Self {
        Self { names: Names::up_to(names), next: Extensions::default() }
    }

    /// Whether the last entry was about one that is still to come.
    pub(super) fn want_another(&self) -> bool {
        self.next.path.is_some() || self.next.link.is_some() || self.next.is_pax
    }

    /// The member that an entry is; None where it is about the one that follows.
    pub(super) fn admit(&mut self, entry: &mut Entry<'_, impl Read>) -> Result<Option<Member>, Refusal> {
        if !has_known_form(entry.header()) {
            return Err(refuse(entry, UnsafeEntry::UnknownForm));
        }
        match entry.header().entry_type() {
            EntryType::GNULongName => set(&mut self.next.path, long_name(entry)?, entry)?,
            EntryType::GNULongLink => set(&mut self.next.link, long_name(entry)?, entry)?,
            EntryType::XHeader => self.extend(entry)?,
            // To some readers it would be what the header before it is about.
            EntryType::XGlobalHeader if self.want_another() => {
                return Err(refuse(entry, UnsafeEntry::Contradictory));
            }
            EntryType::XGlobalHeader => only_comments(entry)?,
            kind => return self.member(entry.header(), kind).map(Some),
        }
        Ok(None)
    }

    /// Takes over a pax header (POSIX, pax, "pax Extended Header").
    fn extend(&mut self, entry: &mut Entry<'_, impl Read>) -> Result<(), Refusal> {
        if std::mem::replace(&mut self.next.is_pax, true) {
            return Err(refuse(entry, UnsafeEntry::Contradictory));
        }
        let text = content(entry)?;
        for (key, value) in records(&text).ok_or_else(|| refuse(entry, UnsafeEntry::Contradictory))? {
            match key {
                b"path" => set(&mut self.next.path, value.to_vec(), entry)?,
                b"linkpath" => set(&mut self.next.link, value.to_vec(), entry)?,
                b"size" => {
                    let size = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                    let size = size.ok_or_else(|| refuse(entry, UnsafeEntry::Contradictory))?;
                    set(&mut self.next.size, size, entry)?;
                }
                key if key.starts_with(b"GNU.sparse.") || key == b"SCHILY.realsize" => {
                    return Err(refuse(entry, UnsafeEntry::Sparse));
                }
                // Times, owners and attributes, of which nothing is used.
                _ => {}
            }
        }
        Ok(())
    }

    fn member(&mut self, header: &Header, kind: EntryType) -> Result<Member, Refusal> {
        let next = std::mem::take(&mut self.next);
        let path = next.path.unwrap_or_else(|| header.path_bytes().into_owned());
        let refuse = |why| Refusal::Entry { name: shown(&path), why };
        let parts = parts(&path).map_err(refuse)?;
        let size = header.entry_size()?;
        if next.size.is_some_and(|said| said != size) {
            return Err(refuse(UnsafeEntry::Contradictory));
        }
        let link = next.link.or_else(|| header.link_name_bytes().map(|link| link.into_owned()));
        check_kind(kind, &parts, &link.unwrap_or_default()).map_err(refuse)?;
        if kind != EntryType::Regular && size > 0 {
            return Err(refuse(UnsafeEntry::HasContent));
        }
        let (is_folder, ends_like_one) = (kind == EntryType::Directory, path.ends_with(b"/"));
        if !is_folder && (ends_like_one || parts.is_empty()) {
            return Err(refuse(UnsafeEntry::NamedLikeAFolder));
        }
        let mode = header.mode()?;
        if mode & (SETUID | SETGID) != 0 {
            return Err(refuse(UnsafeEntry::Privileged(mode & 0o7777)));
        }
        if !parts.is_empty() {
            self.names.add(&parts, is_folder)?;
        }
        Ok(Member { parts, is_file: kind == EntryType::Regular })
    }
}

/// Whether all readers find the same fields in a header: it is in POSIX's form or in GNU's, or else in the
/// oldest one, which knows of no headers that are about others. Some look at no more than half of what names
/// the form.
fn has_known_form(header: &Header) -> bool {
    let extends = matches!(
        header.entry_type(),
        EntryType::GNULongName | EntryType::GNULongLink | EntryType::XHeader | EntryType::XGlobalHeader
    );
    let claims_a_form = header.as_bytes()[MAGIC..].starts_with(b"ustar");
    header.as_ustar().is_some() || header.as_gnu().is_some() || !extends && !claims_a_form
}

/// Where a header names its form.
const MAGIC: usize = 257;

const SETUID: u32 = 0o4000;
const SETGID: u32 = 0o2000;

fn check_kind(kind: EntryType, parts: &[String], link: &[u8]) -> Result<(), UnsafeEntry> {
    // A symbolic link starts from its own folder, a hard link from the top.
    let folder = match kind {
        EntryType::Regular | EntryType::Directory => return Ok(()),
        EntryType::Symlink => &parts[..parts.len().saturating_sub(1)],
        EntryType::Link => &[],
        EntryType::Char | EntryType::Block | EntryType::Fifo => return Err(UnsafeEntry::Device),
        EntryType::GNUSparse => return Err(UnsafeEntry::Sparse),
        other => return Err(UnsafeEntry::Unknown(other.as_byte())),
    };
    match std::str::from_utf8(link) {
        Ok(target) if stays_inside(folder, target) => Ok(()),
        _ => Err(UnsafeEntry::LinkOutside(shown(link))),
    }
}

fn set<T>(place: &mut Option<T>, value: T, entry: &Entry<'_, impl Read>) -> Result<(), Refusal> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(refuse(entry, UnsafeEntry::Contradictory)),
    }
}

/// The content of an entry that stands before another.
fn content(entry: &mut Entry<'_, impl Read>) -> Result<Vec<u8>, Refusal> {
    if entry.size() > EXTENSION_LIMIT {
        return Err(refuse(entry, UnsafeEntry::LongHeader));
    }
    let mut content = vec![0; entry.size() as usize];
    entry.read_exact(&mut content)?;
    Ok(content)
}

/// A path as GNU tar writes those of more than 100 bytes: ended by a zero.
fn long_name(entry: &mut Entry<'_, impl Read>) -> Result<Vec<u8>, Refusal> {
    let mut name = content(entry)?;
    if name.pop() != Some(0) || name.contains(&0) {
        return Err(refuse(entry, UnsafeEntry::Contradictory));
    }
    Ok(name)
}

/// What is said of all entries is nothing that counts: `git archive` writes its commit there.
fn only_comments(entry: &mut Entry<'_, impl Read>) -> Result<(), Refusal> {
    let text = content(entry)?;
    match records(&text) {
        Some(records) if records.iter().all(|(key, _)| *key == b"comment") => Ok(()),
        _ => Err(refuse(entry, UnsafeEntry::Contradictory)),
    }
}

/// The records of a pax header, `27 path=a/very/long/path\n`; None where they are not as they should be. A
/// line's end within one is none to who goes by the length, and one to who goes by lines.
fn records(mut text: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut records = Vec::new();
    while !text.is_empty() {
        let blank = text.iter().position(|&byte| byte == b' ')?;
        let length: usize = std::str::from_utf8(&text[..blank]).ok()?.parse().ok()?;
        let (record, rest) = text.split_at_checked(length)?;
        let record =
            record.get(blank + 1..)?.strip_suffix(b"\n").filter(|record| !record.contains(&b'\n'))?;
        let equals = record.iter().position(|&byte| byte == b'=')?;
        records.push((&record[..equals], &record[equals + 1..]));
        text = rest;
    }
    Some(records)
}

fn refuse(entry: &Entry<'_, impl Read>, why: UnsafeEntry) -> Refusal {
    Refusal::Entry { name: shown(&entry.header().path_bytes()), why }
}

/// A name as it can be shown: the archive is not ours, and may say anything.
fn shown(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    text.chars().take(200).map(|c| if c.is_control() { '?' } else { c }).collect()
}
