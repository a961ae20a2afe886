//! Flags, environment and profile, resolved once into what a run works from.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use etcetera::BaseStrategy;
use url::Url;

use crate::cli::{ImageArgs, InstallArgs, NetworkArgs, ProfileArgs, SourceArgs};
use crate::cluster::{ConnectError, Target, TargetRequest};
use crate::istio::release::{CaBundle, CaBundleError, Supply};
use crate::plan::Tree;
use crate::profile::{self, NotAnAddress, Overrides, Profile, ProfileError, ProfileFile, Resolved};

/// The variable that names mirrors of the release, with commas or blanks between them.
const MIRROR: &str = "KUBESTOCK_INSTALL_MIRROR";

/// Everything that an installation is told, resolved. Nothing reads flags, environment or kubeconfig
/// after this.
#[derive(Debug)]
pub struct Settings {
    pub profile: Profile,
    pub tree: Tree,
    pub target: Target,
    /// The file that was named for it, where one was.
    pub kubeconfig: Option<PathBuf>,
    pub supply: Supply,
    pub timeout: Option<Duration>,
    /// Whether a cluster elsewhere may be changed without asking.
    pub yes: bool,
}

/// What cannot be resolved.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error(transparent)]
    Profile(#[from] ProfileError),

    #[error("the gitops folder {} cannot be read: {source}", path.display())]
    Gitops { path: PathBuf, source: io::Error },

    #[error("{MIRROR}: {0}")]
    Mirror(NotAnAddress),

    #[error(transparent)]
    CaBundle(#[from] CaBundleError),

    #[error("this user has no home folder, so that there is none for the cache")]
    NoHome,

    #[error(transparent)]
    Target(#[from] ConnectError),
}

impl Settings {
    pub fn resolve(profile: &str, arguments: InstallArgs) -> Result<Self, SettingsError> {
        let kubeconfig = arguments.kubeconfig;
        let request = TargetRequest { kubeconfig: kubeconfig.clone(), context: arguments.context };
        Ok(Self {
            profile: with_images(
                read_profile(profile, arguments.profile, &arguments.source)?,
                arguments.images,
            ),
            tree: tree(arguments.gitops)?,
            supply: supply(arguments.source)?,
            target: Target::resolve(&request)?,
            kubeconfig,
            timeout: arguments.timeout,
            yes: arguments.yes,
        })
    }
}

/// The profile of that name, or in that file, with what is laid over it.
pub fn resolve_profile(name_or_file: &str, over: ProfileArgs) -> Result<Resolved, ProfileError> {
    let ProfileArgs { files, set, set_string } = over;
    profile::resolve(&ProfileFile::named(name_or_file), &Overrides { files, set, set_string })
}

/// The same, for those who use it: its release may also be had from the mirrors that the command line and the
/// environment name.
pub fn read_profile(
    name_or_file: &str,
    over: ProfileArgs,
    source: &SourceArgs,
) -> Result<Profile, SettingsError> {
    let mut profile = resolve_profile(name_or_file, over)?.profile;
    let mirrors = mirrors(&source.network)?;
    if let Some(istio) = &mut profile.istio {
        istio.source.mirrors = mirrors;
    }
    Ok(profile)
}

/// The profile with the registry of the command line, where that names one.
pub fn with_images(mut profile: Profile, arguments: ImageArgs) -> Profile {
    profile.images.registry = arguments.image_registry.or(profile.images.registry);
    profile
}

/// The mirrors of the command line, then those of the environment.
pub fn mirrors(network: &NetworkArgs) -> Result<Vec<Url>, SettingsError> {
    let variable = std::env::var(MIRROR).unwrap_or_default();
    let named = variable.split([',', ' ']).filter(|text| !text.is_empty());
    let from_environment = named.map(|text| profile::address(text).map_err(SettingsError::Mirror));
    network.mirror.iter().cloned().map(Ok).chain(from_environment).collect()
}

/// The tree that the paths of layers start from.
pub fn tree(gitops: Option<PathBuf>) -> Result<Tree, SettingsError> {
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
