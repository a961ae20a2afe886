use std::path::PathBuf;

use super::CaBundle;

/// What a person says of the way by which releases come, whichever release it is.
#[derive(Clone, Debug)]
pub struct Supply {
    /// The folder in which proven releases are kept.
    pub cache: PathBuf,
    /// Trusted beside the system's own authorities.
    pub ca_bundle: Option<CaBundle>,
    /// Whether only what is on this machine may be used.
    pub offline: bool,
    /// An archive that somebody brought, which is used in the place of what the cache and the sources have.
    pub brought: Option<PathBuf>,
}
