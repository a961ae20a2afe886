//! Flags, environment and profile, resolved once into what a run works from.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy;
use url::Url;

use crate::bundle::{self, BundleError, Opened};
use crate::cli::{NetworkArgs, PlanArgs, ProfileArgs, PruneArgs, SourceArgs};
use crate::cluster::{ConnectError, Target};
use crate::image::Logins;
use crate::istio::release::{CaBundle, CaBundleError, Platform, Supply};
use crate::plan::{self, RenderedLayers, Tree, Unrendered};
use crate::profile::{self, NotAnAddress, Overrides, Profile, ProfileError, ProfileFile, Resolved};

/// The variable that names mirrors of the release, with commas or blanks between them.
const MIRROR: &str = "KUBESTOCK_INSTALL_MIRROR";

/// Everything that an installation is told, resolved. Nothing reads flags, environment or kubeconfig
/// after this.
#[derive(Debug)]
pub struct Settings {
    pub inputs: Inputs,
    /// Who the pods are to registries.
    pub logins: Logins,
    pub target: Target,
    /// The file that was named for it, where one was.
    pub kubeconfig: Option<PathBuf>,
    pub timeout: Option<Duration>,
    pub prune: PruneArgs,
    /// Whether fields are taken that others own.
    pub force: bool,
    /// Whether a cluster elsewhere may be changed without asking.
    pub yes: bool,
}

/// All that a plan is made from.
#[derive(Debug)]
pub struct Inputs {
    pub resolved: Resolved,
    pub tree: Tree,
    pub supply: Supply,
    /// Where all of them are read from, if it is a bundle; its files are gone with this.
    _bundle: Option<Opened>,
}

/// What cannot be resolved.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error(transparent)]
    Profile(#[from] ProfileError),

    #[error("the gitops folder {} cannot be read: {source}", path.display())]
    Gitops { path: PathBuf, source: io::Error },

    #[error("the timings cannot be written to {}: {source}", path.display())]
    Timings { path: PathBuf, source: io::Error },

    #[error("{MIRROR}: {0}")]
    Mirror(NotAnAddress),

    #[error(transparent)]
    CaBundle(#[from] CaBundleError),

    #[error(transparent)]
    Bundle(#[from] BundleError),

    #[error("this user has no home folder, so that there is none for the cache")]
    NoHome,

    #[error(transparent)]
    Target(#[from] ConnectError),
}

impl Inputs {
    /// From the bundle, where there is one; else from the profile of this name or in this file.
    pub fn resolve(profile: &str, bundle: Option<&Path>, arguments: PlanArgs) -> Result<Self, SettingsError> {
        let bundle = bundle.map(bundle::open).transpose()?;
        let file = match &bundle {
            Some(opened) => ProfileFile::Path(opened.profile()),
            None => ProfileFile::named(profile),
        };
        let PlanArgs { mut over, gitops, source, image_registry, mtls } = arguments;
        // Like any other value of the profile, so that a bundle has them too.
        over.set_string.extend(image_registry.map(|registry| format!("images.registry={registry}")));
        over.set_string.extend(mtls.map(|mode| format!("mtls={mode}")));
        let resolved = read_profile(&file, over, &source)?;
        let mut supply = supply(source)?;
        if let (Some(opened), Some(istio), Ok(platform)) =
            (&bundle, &resolved.profile.istio, Platform::current())
        {
            supply.brought = Some(opened.release(&istio.source.file_names(platform))?);
        }
        Ok(Self { resolved, tree: tree(gitops)?, supply, _bundle: bundle })
    }

    /// The profile's layers. Nothing is contacted for them.
    pub fn render(&self) -> Result<RenderedLayers, Unrendered> {
        plan::render(self.profile(), &self.tree)
    }

    pub fn profile(&self) -> &Profile {
        &self.resolved.profile
    }
}

/// The profile in a file, with what is laid over it.
pub fn resolve_profile(file: &ProfileFile, over: ProfileArgs) -> Result<Resolved, ProfileError> {
    let ProfileArgs { files, set, set_string } = over;
    profile::resolve(file, &Overrides { files, set, set_string })
}

/// The same, for those who use it: its release may also be had from the mirrors that the command line and the
/// environment name.
pub fn read_profile(
    file: &ProfileFile,
    over: ProfileArgs,
    source: &SourceArgs,
) -> Result<Resolved, SettingsError> {
    let mut resolved = resolve_profile(file, over)?;
    let mirrors = mirrors(&source.network)?;
    if let Some(istio) = &mut resolved.profile.istio {
        istio.source.mirrors = mirrors;
    }
    Ok(resolved)
}

/// The mirrors of the command line, then those of the environment.
pub fn mirrors(network: &NetworkArgs) -> Result<Vec<Url>, SettingsError> {
    let variable = std::env::var(MIRROR).unwrap_or_default();
    let named = variable.split([',', ' ']).filter(|text| !text.is_empty());
    let from_environment = named.map(|text| profile::address(text).map_err(SettingsError::Mirror));
    network.mirror.iter().cloned().map(Ok).chain(from_environment).collect()
}

fn tree(gitops: Option<PathBuf>) -> Result<Tree, SettingsError> {
    let Some(path) = gitops else { return Ok(Tree::Embedded) };
    match std::fs::read_dir(&path) {
        Ok(_) => Ok(Tree::Folder(path)),
        Err(source) => Err(SettingsError::Gitops { path, source }),
    }
}

/// Where releases are kept, and the way by which they come.
pub fn supply(arguments: SourceArgs) -> Result<Supply, SettingsError> {
    Ok(Supply {
        cache: cache(arguments.cache_dir)?,
        ca_bundle: ca_bundle(&arguments.network)?,
        offline: arguments.offline,
        brought: None,
    })
}

/// Who is trusted beside the system's own authorities.
pub fn ca_bundle(network: &NetworkArgs) -> Result<Option<CaBundle>, SettingsError> {
    Ok(network.ca_bundle.as_deref().map(CaBundle::read).transpose()?)
}

/// The folder of proven releases.
fn cache(folder: Option<PathBuf>) -> Result<PathBuf, SettingsError> {
    match folder {
        Some(path) => Ok(path),
        None => {
            let base = etcetera::choose_base_strategy().map_err(|_| SettingsError::NoHome)?;
            Ok(base.cache_dir().join("kubestock-install"))
        }
    }
}
