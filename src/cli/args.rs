//! The options that commands share.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use url::Url;

use crate::image::Registry;
use crate::istio::release::Platform;
use crate::kind::ClusterName;
use crate::object::Named;
use crate::profile::{self, Check, Mtls};
use crate::report;

/// What stands beside a profile's name: all that a plan is made from.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    pub over: ProfileArgs,

    /// A gitops tree of your own, with base/ and overlays/staging/
    #[arg(long, value_name = "DIR")]
    pub gitops: Option<PathBuf>,

    #[command(flatten)]
    pub source: SourceArgs,

    /// The mirror that all images come from, injected sidecars included (docs/images.md)
    #[arg(long, value_name = "HOST/PATH")]
    pub image_registry: Option<Registry>,

    /// The mode of the layers' policy for the whole mesh, in the place of their own: begin with `permissive` where
    /// `strict` would cut off what calls in plaintext
    #[arg(long, value_name = "MODE", value_parser = Mtls::NAMES)]
    pub mtls: Option<String>,
}

#[derive(Debug, Args)]
pub struct InstallArgs {
    #[command(flatten)]
    pub plan: PlanArgs,

    /// A bundle to install from, in the place of a profile and a network (see `bundle`)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["profile", "gitops", "mirror"])]
    pub bundle: Option<PathBuf>,

    #[command(flatten)]
    pub registry: RegistryArgs,

    #[command(flatten)]
    pub target: TargetArgs,

    #[command(flatten)]
    pub local: LocalArgs,

    /// How long each layer may take, in the place of the profile's own times (90s, 5m, 1h)
    #[arg(long, value_name = "TIME", value_parser = profile::duration)]
    pub timeout: Option<Duration>,

    /// Take fields that other managers own with other values
    #[arg(long)]
    pub force_conflicts: bool,

    #[command(flatten)]
    pub prune: PruneArgs,

    /// A page of HTML to leave behind, with what took how long and what the total is made of (docs/timings.md)
    #[arg(long, value_name = "FILE")]
    pub timings: Option<PathBuf>,

    /// A file to write what came of it to, in the form that its name ends in: .json, .xml (JUnit) or .html; again for
    /// another
    #[arg(long, value_name = "FILE", value_parser = report::File::named)]
    pub report: Vec<report::File>,

    /// How to tell what happens
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub output: Output,

    /// Do not ask before a cluster that is not on this machine is changed
    #[arg(short, long)]
    pub yes: bool,
}

/// A cluster on this machine.
#[derive(Debug, Args)]
pub struct LocalArgs {
    /// Install into the kind cluster of this name, which is made where it is not there (docs/kind.md) [default name: kubestock]
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = ClusterName::DEFAULT, conflicts_with = "context")]
    pub kind: Option<ClusterName>,

    /// An image of this machine to load into the kind cluster; again for another
    #[arg(long, value_name = "IMAGE", requires = "kind")]
    pub load_image: Vec<String>,

    /// The node image of a kind cluster that is made [default: one whose Kubernetes suits the profile's Istio]
    #[arg(long, value_name = "IMAGE", requires = "kind")]
    pub kind_image: Option<String>,
}

/// What becomes of what a layer does not have any more.
#[derive(Debug, Args)]
pub struct PruneArgs {
    /// Remove also what another profile may have brought with a layer of the same name
    #[arg(long, conflicts_with = "no_prune")]
    pub prune: bool,

    /// Leave in the cluster what a layer does not have any more
    #[arg(long)]
    pub no_prune: bool,

    /// A namespace, definition or claim that may go although it holds something; again for another
    #[arg(long, value_name = "KIND/NAME")]
    pub discard: Vec<Named>,
}

/// What is removed.
#[derive(Debug, Args)]
pub struct UninstallArgs {
    /// A layer to remove [default: all]; again for another
    #[arg(long, value_name = "LAYER")]
    pub only: Vec<String>,

    /// Remove also definitions with all objects of their kinds, claims with what is on them, and what Istio leaves
    #[arg(long)]
    pub purge: bool,

    /// A namespace, definition or claim that may go although it holds something; again for another
    #[arg(long, value_name = "KIND/NAME")]
    pub discard: Vec<Named>,

    #[command(flatten)]
    pub target: TargetArgs,

    /// Delete the kind cluster of this name, with all that is in it [default name: kubestock]
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = ClusterName::DEFAULT)]
    #[arg(conflicts_with_all = ["context", "only", "purge", "discard", "timeout"])]
    pub kind: Option<ClusterName>,

    /// How long the removal of each layer may take (90s, 5m, 1h) [default: 5m]
    #[arg(long, value_name = "TIME", value_parser = profile::duration)]
    pub timeout: Option<Duration>,

    /// A page of HTML to leave behind, with what took how long and what the total is made of (docs/timings.md)
    #[arg(long, value_name = "FILE")]
    pub timings: Option<PathBuf>,

    /// How to tell what happens
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub output: Output,

    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub plan: PlanArgs,

    /// A bundle to check, in the place of a profile and a network
    #[arg(long, value_name = "FILE", conflicts_with_all = ["profile", "gitops", "mirror"])]
    pub bundle: Option<PathBuf>,

    #[command(flatten)]
    pub registry: RegistryArgs,

    #[command(flatten)]
    pub target: TargetArgs,

    /// Look at the files alone, and ask no cluster
    #[arg(long, conflicts_with_all = ["kubeconfig", "context"])]
    pub no_cluster: bool,

    /// Print roles that allow this user all that an installation does, and look at nothing
    #[arg(long, value_name = "USER", conflicts_with_all = ["kubeconfig", "context", "output"])]
    pub print_roles: Option<String>,

    /// Print roles with what you lack in this cluster for an installation, to be applied by someone who may
    #[arg(long, conflicts_with_all = ["no_cluster", "print_roles", "output"])]
    pub print_missing_roles: bool,

    /// A file to write what was found to, in the form that its name ends in: .json, .xml (JUnit) or .html; again for
    /// another
    #[arg(long, value_name = "FILE", value_parser = report::File::named)]
    #[arg(conflicts_with_all = ["print_roles", "print_missing_roles"])]
    pub report: Vec<report::File>,

    /// How to tell what is found
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub output: Output,
}

/// Where an installation is rehearsed, and how what it would change is told.
#[derive(Debug, Args)]
pub struct RehearsalArgs {
    #[command(flatten)]
    pub plan: PlanArgs,

    /// A bundle to rehearse, in the place of a profile and a network
    #[arg(long, value_name = "FILE", conflicts_with_all = ["profile", "named", "gitops", "mirror"])]
    pub bundle: Option<PathBuf>,

    /// End with exit code 10 where something would change
    #[arg(long)]
    pub exit_code: bool,

    /// Rehearse taking fields that other managers own with other values
    #[arg(long)]
    pub force_conflicts: bool,

    #[command(flatten)]
    pub prune: PruneArgs,

    #[command(flatten)]
    pub registry: RegistryArgs,

    #[command(flatten)]
    pub target: TargetArgs,

    /// How to tell what would change
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub output: Output,
}

/// What is looked at, and what is kept of it.
#[derive(Debug, Args)]
pub struct DiagnoseArgs {
    /// A namespace to look at [default: all]; again for another
    #[arg(short, long, value_name = "NAME")]
    pub namespace: Vec<String>,

    /// Keep what was seen in a .tar.gz, redacted: objects, events, logs, istiod's state
    #[arg(long, value_name = "FILE")]
    pub archive: Option<PathBuf>,

    #[command(flatten)]
    pub target: TargetArgs,

    /// How to tell what is found
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub output: Output,
}

/// What is verified, and how it is told.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    pub plan: PlanArgs,

    /// A bundle to verify against, in the place of a profile
    #[arg(long, value_name = "FILE", conflicts_with_all = ["profile", "gitops", "mirror"])]
    pub bundle: Option<PathBuf>,

    /// The checks to make, with commas between them [default: all]
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub only: Vec<Check>,

    /// The checks to leave out
    #[arg(long, value_name = "CHECK", value_delimiter = ',', conflicts_with = "only")]
    pub skip: Vec<Check>,

    /// Have every service called by each ServiceAccount of the others
    #[arg(long)]
    pub pairs: bool,

    /// A file to write what came of it to, in the form that its name ends in: .json, .xml (JUnit) or .html; again for
    /// another
    #[arg(long, value_name = "FILE", value_parser = report::File::named)]
    pub report: Vec<report::File>,

    /// The same as JUnit XML, whatever the file is called
    #[arg(long, value_name = "FILE", value_parser = report::File::junit)]
    pub junit: Option<report::File>,

    /// Make no pods to call from: connectivity is left out, and mtls goes by less
    #[arg(long, conflicts_with = "pairs")]
    pub no_probes: bool,

    /// A namespace to verify [default: all in the mesh]; again for another
    #[arg(short, long, value_name = "NAME")]
    pub namespace: Vec<String>,

    #[command(flatten)]
    pub target: TargetArgs,

    /// How to tell what is seen
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub output: Output,
}

impl VerifyArgs {
    /// In the order in which they build on each other.
    pub fn checks(&self) -> Vec<Check> {
        let is_wanted =
            |check: &Check| (self.only.is_empty() || self.only.contains(check)) && !self.skip.contains(check);
        Check::ALL.into_iter().filter(is_wanted).collect()
    }
}

/// What the cluster is compared with, and how it is told.
#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    pub plan: PlanArgs,

    /// A bundle to compare the cluster with, in the place of a profile and a network
    #[arg(long, value_name = "FILE", conflicts_with_all = ["profile", "gitops", "mirror"])]
    pub bundle: Option<PathBuf>,

    #[command(flatten)]
    pub registry: RegistryArgs,

    #[command(flatten)]
    pub target: TargetArgs,

    /// How to tell what is seen
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub output: Output,
}

/// What is opened, and where.
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// kiali, grafana, jaeger, prometheus, frontend, or any other Service
    #[arg(value_name = "SERVICE")]
    pub name: String,

    /// The port of this machine to open it at [default: the Service's own, or any that is free]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,

    /// The namespace that the Service is in [default: the one that has it]
    #[arg(short, long, value_name = "NAME")]
    pub namespace: Option<String>,

    /// Print the address, and leave the browser alone
    #[arg(long)]
    pub no_browser: bool,

    #[command(flatten)]
    pub target: TargetArgs,
}

/// Which cluster.
#[derive(Debug, Args)]
pub struct TargetArgs {
    /// The kubeconfig file [default: $KUBECONFIG, or ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,

    /// The context in the kubeconfig [default: its current one]
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
}

/// Who the pods are to registries.
#[derive(Debug, Args)]
pub struct RegistryArgs {
    /// A configuration as ~/.docker/config.json whose logins the pods pull their images with, its credential helpers' too
    /// (docs/registry-auth.md)
    #[arg(long, value_name = "FILE")]
    pub registry_auth: Option<PathBuf>,
}

impl RegistryArgs {
    pub fn file(&self) -> Option<&Path> {
        self.registry_auth.as_deref()
    }
}

/// What is laid over a profile; beside every argument that names one.
#[derive(Debug, Args)]
pub struct ProfileArgs {
    /// A file to lay over the profile; later ones win
    #[arg(id = "file", short = 'f', long = "file", value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Values to lay over all files, as in Helm: a.b=x,c[0]=y,d={x,y}
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    /// The same for values that are text, whatever they look like
    #[arg(long, value_name = "KEY=VALUE")]
    pub set_string: Vec<String>,
}

impl ProfileArgs {
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.set.is_empty() && self.set_string.is_empty()
    }
}

#[derive(Debug, Args)]
pub struct BundleArgs {
    #[command(flatten)]
    pub plan: PlanArgs,

    /// The file to write
    #[arg(short = 'o', long, value_name = "FILE")]
    pub to: PathBuf,

    /// The machine that will install: linux-amd64, linux-arm64, osx-arm64 … [default: one like this]
    #[arg(long, value_name = "NAME")]
    pub platform: Option<Platform>,

    /// How to tell what happens
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub output: Output,
}

#[derive(Debug, Args)]
pub struct SourceArgs {
    /// Where proven releases are kept [default: kubestock-install in the user's cache folder]
    #[arg(long, value_name = "DIR", env = "KUBESTOCK_INSTALL_CACHE_DIR", hide_env_values = true)]
    pub cache_dir: Option<PathBuf>,

    #[command(flatten)]
    pub network: NetworkArgs,

    /// Fetch nothing: use the release that is in the cache, or say what is missing there
    #[arg(long)]
    pub offline: bool,
}

/// By which way a release comes.
#[derive(Debug, Args)]
pub struct NetworkArgs {
    /// A folder with the release's archives, asked after the profile's own source and before
    /// $KUBESTOCK_INSTALL_MIRROR and the Istio project; again for another
    #[arg(long, value_name = "URL", value_parser = profile::address)]
    pub mirror: Vec<Url>,

    /// A PEM file of authorities to trust beside the system's own, a company's proxy's, say
    #[arg(long, value_name = "FILE", env = "KUBESTOCK_INSTALL_CA_BUNDLE", hide_env_values = true)]
    pub ca_bundle: Option<PathBuf>,
}

/// What `images` lists, and how.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub plan: PlanArgs,

    /// A bundle to list the images of, in the place of a profile and a network
    #[arg(long, value_name = "FILE", conflicts_with_all = ["profile", "gitops", "mirror"])]
    pub bundle: Option<PathBuf>,

    /// The form to list them in
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub output: ImageForm,
}

#[derive(Debug, Args)]
pub struct LookArgs {
    /// Tell more: -v each object, -vv what is sent to the cluster
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,

    /// Tell nothing but errors and warnings, on stderr
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Tell what happens in lines of words: nothing is redrawn, for screen readers and simple terminals
    #[arg(long, global = true)]
    pub plain: bool,

    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub color: Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    Text,
    /// One JSON object a line; docs/events.md describes them
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ObjectForm {
    Yaml,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImageForm {
    /// Each image with all that run it
    Text,
    Json,
    /// One image a line
    Name,
    /// Each image and where its copy belongs, for `xargs -n 2 crane copy`
    Copy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

/// Those that can ask the program what may stand where their user is typing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell")]
    PowerShell,
    Elvish,
}

impl Shell {
    pub fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::PowerShell => "powershell",
            Self::Elvish => "elvish",
        }
    }
}
