use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

use super::refusal::{Refusal, UnsafeArchive};

/// The tar file within a gzip file, read to its very end and no further than a bound.
#[derive(Debug)]
pub(super) struct Stream<R> {
    gzip: GzDecoder<R>,
    bound: u64,
    left: u64,
    stopped: Option<UnsafeArchive>,
}

impl<R: BufRead> Stream<R> {
    /// `bound` is in bytes of what comes out.
    pub(super) fn of(archive: R, bound: u64) -> Self {
        Self { gzip: GzDecoder::new(archive), bound, left: bound, stopped: None }
    }

    /// What is behind an error of someone who read from here: that there was no more, or too much.
    pub(super) fn explain(&self, error: Refusal) -> Refusal {
        match (error, self.stopped) {
            (Refusal::Unreadable(_), Some(why)) => Refusal::Archive(why),
            (error, _) => error,
        }
    }

    /// Reads what is left behind the first of the two empty blocks that end a tar file (POSIX, pax,
    /// "ustar Interchange Format"): the other one, and zeros up to the size of a tape's record. Behind them
    /// nothing may stand, and nothing behind the gzip file: no second one, and no zeros.
    pub(super) fn end(mut self) -> Result<(), Refusal> {
        let padding = self.zeros().map_err(|error| self.explain(error))?;
        if padding < BLOCK {
            return Err(Refusal::Archive(UnsafeArchive::BreaksOff));
        }
        if !self.gzip.get_mut().fill_buf()?.is_empty() {
            return Err(Refusal::Archive(UnsafeArchive::GoesOn));
        }
        Ok(())
    }

    /// Counts the zeros up to the end.
    fn zeros(&mut self) -> Result<u64, Refusal> {
        let (mut count, mut buffer) = (0, [0; 8 * 1024]);
        loop {
            let read = match self.read(&mut buffer) {
                Ok(0) => return Ok(count),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            if buffer[..read].iter().any(|&byte| byte != 0) {
                return Err(Refusal::Archive(UnsafeArchive::GoesOn));
            }
            count += read as u64;
        }
    }
}

/// The size in bytes of what a tar file is made of.
const BLOCK: u64 = 512;

impl<R: BufRead> Read for Stream<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.gzip.read(into);
        match &read {
            Ok(0) if !into.is_empty() => self.stopped = Some(UnsafeArchive::BreaksOff),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.stopped = Some(UnsafeArchive::BreaksOff);
            }
            Ok(read) if *read as u64 > self.left => {
                self.stopped = Some(UnsafeArchive::TooMuch(self.bound));
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            Ok(read) => self.left -= *read as u64,
            Err(_) => {}
        }
        read
    }
}
