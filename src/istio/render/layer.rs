use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::child::{self, Surroundings};
use super::kept::{Place, Rendering};
use super::manner::Manner;
use super::operator::{self, Operator};
use super::{RenderError, installed_state, manifests, namespace, owner, tag};
use crate::istio::release::Istioctl;
use crate::istio::yaml;
use crate::object::Object;

/// What to render.
#[derive(Clone, Debug)]
pub struct RenderRequest {
    /// The release's version, which every object carries in a label.
    pub version: String,
    /// IstioOperator documents; istioctl lays each over those before it, and all over the profile
    /// that they name.
    pub overlays: Vec<Value>,
    /// The cluster that is asked for what depends on it (the versions of its APIs, the kind of its
    /// tokens). Without one, istioctl assumes a cluster of its own time.
    pub cluster: Option<Cluster>,
    /// Whether there is a MutatingWebhookConfiguration with `app=sidecar-injector` in the cluster:
    /// only the first of several named revisions becomes the default.
    pub previous_install: bool,
    /// How long each run of istioctl may take.
    pub timeout: Duration,
    /// The folder where renderings are kept, which may not be there yet; None where none are to be.
    pub kept: Option<PathBuf>,
}

/// A cluster as istioctl is told of it.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub kubeconfig: PathBuf,
    pub context: String,
    /// All of it that a rendering may depend on: two clusters of which this is the same get the same.
    pub traits: String,
}

/// Everything that `istioctl install` leaves in a cluster.
#[derive(Clone, Debug)]
pub struct IstioLayer {
    /// In an order in which they can be applied: the namespace, then the components in the order of
    /// their dependencies, each object with its component in the label [`super::COMPONENT`], then
    /// the record `installed-state`.
    pub objects: Vec<Object>,
    /// The IstioOperator that istioctl merged from the profile and the overlays.
    pub operator: Value,
}

/// Renders the layer. Nothing is written to any cluster.
///
/// Cancel-safe: dropping the future kills the child and removes the temporary folder.
///
/// # Errors
/// See [`RenderError`]; each names the command that was run.
pub async fn render(istioctl: &Istioctl, request: &RenderRequest) -> Result<IstioLayer, RenderError> {
    let place = Place::of(istioctl, request);
    let Rendering { operator, components } = match place.as_ref().and_then(Place::read) {
        Some(kept) => kept,
        None => {
            let rendering = run(istioctl, request).await?;
            place.inspect(|place| place.write(&rendering));
            rendering
        }
    };
    let objects = assemble(components, Operator(&operator), request)?;
    Ok(IstioLayer { objects, operator })
}

/// Has istioctl render.
async fn run(istioctl: &Istioctl, request: &RenderRequest) -> Result<Rendering, RenderError> {
    let workspace = TempDir::with_prefix("kubestock-istio-").map_err(RenderError::Workspace)?;
    let workspace = workspace.path();
    let overlays = write_overlays(workspace, &request.overlays)?;
    let manner = Manner::of(&request.version);
    let operator = async {
        match manner {
            Manner::Folder => merge(istioctl, request, workspace, &overlays).await,
            Manner::Stream => Ok(operator::laid_over(&request.overlays)),
        }
    };
    let components = generate(istioctl, request, workspace, &overlays, manner);
    // What is wrong with the overlays both say, and the same of them each time.
    let (operator, components) = tokio::join!(operator, components);
    Ok(Rendering { operator: operator?, components: components? })
}

/// `istioctl profile dump`: what the overlays amount to.
async fn merge(
    istioctl: &Istioctl,
    request: &RenderRequest,
    workspace: &Path,
    overlays: &[OsString],
) -> Result<Value, RenderError> {
    let mut arguments: Vec<OsString> = ["profile", "dump"].map(OsString::from).into();
    arguments.extend_from_slice(overlays);
    let text = child::run(istioctl, &arguments, workspace, Surroundings::Bare, request.timeout).await?;
    let command = child::shown(&arguments);
    let documents = yaml::documents(&text).map_err(|source| RenderError::NotObjects {
        command: command.clone(),
        what: "the profile".to_owned(),
        source,
    })?;
    let operator = documents.into_iter().find(|document| document["kind"] == "IstioOperator");
    operator.ok_or(RenderError::Nothing { command, what: "IstioOperator" })
}

/// `istioctl manifest generate`: the charts' objects by component.
async fn generate(
    istioctl: &Istioctl,
    request: &RenderRequest,
    workspace: &Path,
    overlays: &[OsString],
    manner: Manner,
) -> Result<Vec<manifests::Component>, RenderError> {
    let folder = workspace.join("manifests");
    let mut arguments: Vec<OsString> = ["manifest", "generate"].map(OsString::from).into();
    arguments.extend_from_slice(overlays);
    if manner == Manner::Folder {
        fs_err::create_dir(&folder).map_err(RenderError::Workspace)?;
        arguments.extend(["-o".into(), folder.clone().into_os_string()]);
    }
    let mut surroundings = Surroundings::Bare;
    if let Some(cluster) = &request.cluster {
        surroundings = Surroundings::ForLogin;
        arguments.extend(["--cluster-specific".into(), "--kubeconfig".into()]);
        arguments.push(cluster.kubeconfig.clone().into_os_string());
        arguments.extend(["--context".into(), cluster.context.clone().into()]);
    }
    let printed = child::run(istioctl, &arguments, workspace, surroundings, request.timeout).await?;
    let command = child::shown(&arguments);
    match manner {
        Manner::Folder => manifests::read(&folder, &command),
        Manner::Stream => manifests::split(&printed, &command),
    }
}

/// Adds to the charts' objects what `install` adds.
fn assemble(
    components: Vec<manifests::Component>,
    operator: Operator<'_>,
    request: &RenderRequest,
) -> Result<Vec<Object>, RenderError> {
    let manner = Manner::of(&request.version);
    let mut objects = Vec::new();
    let has_namespace = |object: &Object| object.is("", "Namespace") && object.name() == operator.namespace();
    if !components.iter().flat_map(|component| &component.objects).any(has_namespace) {
        objects.push(made(namespace::namespace(operator))?);
    }
    for component in components {
        let place = objects.len();
        objects.extend(component.objects);
        for object in &mut objects[place..] {
            owner::label(object, &component.name, operator, &request.version);
        }
        // Before the gateways, whose pods may ask to be injected.
        if component.name == "Pilot" && operator.needs_default_tag(request.previous_install) {
            tag::add_default_tag(&mut objects, operator, manner);
        }
    }
    if manner == Manner::Folder {
        objects.push(made(installed_state::installed_state(operator))?);
    }
    Ok(objects)
}

fn made(value: Value) -> Result<Object, RenderError> {
    // Only an empty namespace name could make this fail, and there is a default for that.
    Object::new(value).map_err(|source| RenderError::NotObjects {
        command: "istioctl profile dump".to_owned(),
        what: "the namespace".to_owned(),
        source: crate::istio::UnreadableYaml::NotAnObject { index: 0, source },
    })
}

/// One file an overlay, readable by this user alone (they may hold secrets), and the flags that name
/// them. JSON is YAML.
fn write_overlays(workspace: &Path, overlays: &[Value]) -> Result<Vec<OsString>, RenderError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut flags = Vec::new();
    for (index, overlay) in overlays.iter().enumerate() {
        let path = workspace.join(format!("overlay-{index}.yaml"));
        let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let written = file.and_then(|mut file| file.write_all(overlay.to_string().as_bytes()));
        written.map_err(RenderError::Workspace)?;
        flags.extend(["-f".into(), path.into_os_string()]);
    }
    Ok(flags)
}
