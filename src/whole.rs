//! A file that is written whole or not at all: until it is, whoever reads it has what was there before.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::NamedTempFile;

/// Who may read what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Its owner alone.
    Owner,
    /// Whom the user lets read new files.
    Usual,
}

/// Whether a file could be written here, as far as that can be known beforehand. Nothing is left behind.
///
/// # Errors
/// Where [`write`] would fail at once.
pub fn could_be_written(path: &Path) -> io::Result<()> {
    begin(path, Readers::Usual).map(drop)
}

/// Writes a file: what `fill` leaves in the one that it is given. Returns what `fill` does.
///
/// # Errors
/// Also where a device or a folder is there already: what is renamed onto it would take its place.
pub fn write<T>(
    path: &Path,
    readers: Readers,
    fill: impl FnOnce(&mut NamedTempFile) -> io::Result<T>,
) -> io::Result<T> {
    let mut partial = begin(path, readers)?;
    let filled = fill(&mut partial)?;
    partial.as_file().sync_all()?;
    partial.persist(path).map_err(|error| error.error)?;
    Ok(filled)
}

fn begin(path: &Path, readers: Readers) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    // Told by itself, without the name of the unfinished file.
    std::fs::metadata(folder)?;
    if path.metadata().is_ok_and(|there| !there.is_file()) {
        return Err(io::Error::other("it is there already, and is no regular file"));
    }
    let mode = match readers {
        Readers::Owner => 0o600,
        Readers::Usual => 0o666,
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".kubestock-install-").permissions(Permissions::from_mode(mode)).tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_that_cannot_be_filled_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        std::fs::write(&path, "before").unwrap();
        let failed = write(&path, Readers::Usual, |file| {
            file.write_all(b"half of")?;
            Err::<(), _>(io::Error::other("the disk is full"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "the disk is full");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
        write(&path, Readers::Usual, |file| file.write_all(b"after")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "after");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_is_known_before() {
        let folder = tempfile::tempdir().unwrap();
        let table = [
            (folder.path().join("new.html"), true),
            (folder.path().join("nowhere/new.html"), false),
            (folder.path().to_owned(), false),
            ("/dev/null".into(), false),
        ];
        for (path, expected) in table {
            assert_eq!(could_be_written(&path).is_ok(), expected, "{}", path.display());
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
