use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, Header};

use super::BundleError;
use super::whole::write_whole;
use super::write::Written;

/// Writes texts by their paths as a `.tar.gz`, whole or not at all.
///
/// # Errors
/// [`BundleError::Write`].
pub fn archive(files: &BTreeMap<String, String>, path: &Path) -> Result<Written, BundleError> {
    write_whole(path, |file| {
        let mut tar = Builder::new(GzEncoder::new(BufWriter::new(file), Compression::default()));
        for (name, text) in files {
            let mut header = Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, text.as_bytes())?;
        }
        tar.into_inner()?.finish()?.flush()
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn an_archive_holds_every_file_in_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar.gz");
        let long = format!("logs/{}/app.log", "n".repeat(120));
        let files =
            BTreeMap::from([(long.clone(), "one\n".to_owned()), ("README".to_owned(), "two".to_owned())]);
        archive(&files, &path).unwrap();
        let unpacked = flate2::read::GzDecoder::new(fs_err::File::open(&path).unwrap());
        let mut unpacked = tar::Archive::new(unpacked);
        let read = unpacked.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            (entry.path().unwrap().display().to_string(), text)
        });
        assert_eq!(read.collect::<BTreeMap<_, _>>(), files);
    }
}
