use std::io;
use std::path::{Path, PathBuf};

use reqwest::Certificate;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Certificates of authorities that are trusted beside the system's own: those of a company whose proxy
/// looks into TLS connections, say.
#[derive(Clone, Debug)]
pub struct CaBundle(Vec<Certificate>);

/// Why a file is no bundle of certificates.
#[derive(Debug, thiserror::Error)]
pub enum CaBundleError {
    #[error("{} cannot be read", path.display())]
    Unreadable { path: PathBuf, source: io::Error },

    #[error("{} holds no certificate in PEM form (`-----BEGIN CERTIFICATE-----`)", path.display())]
    Empty { path: PathBuf },

    /// Counted from 1.
    #[error("certificate {number} in {} cannot be used", path.display())]
    Malformed { path: PathBuf, number: usize, source: Box<dyn std::error::Error + Send + Sync> },
}

impl CaBundle {
    /// Reads the certificates of a PEM file; what else stands in it is passed over.
    ///
    /// # Errors
    /// See [`CaBundleError`]: all of them must be usable, and one must be there.
    pub fn read(path: &Path) -> Result<Self, CaBundleError> {
        let text = std::fs::read(path)
            .map_err(|source| CaBundleError::Unreadable { path: path.to_owned(), source })?;
        let mut certificates = Vec::new();
        for (certificate, number) in CertificateDer::pem_slice_iter(&text).zip(1..) {
            let malformed = |source| CaBundleError::Malformed { path: path.to_owned(), number, source };
            let certificate = certificate.map_err(|error| malformed(error.into()))?;
            RootCertStore::empty().add(certificate.clone()).map_err(|error| malformed(error.into()))?;
            certificates.push(Certificate::from_der(&certificate).map_err(|error| malformed(error.into()))?);
        }
        if certificates.is_empty() {
            return Err(CaBundleError::Empty { path: path.to_owned() });
        }
        Ok(Self(certificates))
    }

    pub(super) fn certificates(&self) -> Vec<Certificate> {
        self.0.clone()
    }
}
