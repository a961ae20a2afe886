use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::process::Command;

use super::engine::CHOICE;
use super::{ClusterName, Engine, KindError, Machine};
use crate::child::{self, ChildError, Ended};

/// How long a question may take.
const ANSWER: Duration = Duration::from_secs(60);
/// How long a cluster may take to be made: its image has some 300 MB.
const MAKING: Duration = Duration::from_secs(20 * 60);
/// How long images may take from this machine into the node.
const LOADING: Duration = Duration::from_secs(15 * 60);
/// How long a cluster may take to go.
const DELETING: Duration = Duration::from_secs(5 * 60);

/// One node that pulls its images side by side: one after the other, a large one would hold up all others until the time
/// of a layer is over.
const CONFIG: &str = "\
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
- role: control-plane
  kubeadmConfigPatches:
  - |
    kind: KubeletConfiguration
    serializeImagePulls: false
";

/// kind and a container engine, both there.
#[derive(Debug)]
pub struct Kind {
    engine: Engine,
    /// What the engine runs on.
    pub machine: Machine,
}

impl Kind {
    /// Looks for both, so that all that is missing is told at once.
    ///
    /// # Errors
    /// Where one of them is not on the PATH, or the engine does not answer.
    pub async fn find() -> Result<Self, KindError> {
        let mut version = Command::new("kind");
        version.arg("version");
        let has_kind = match child::run(&mut version, b"", ANSWER).await {
            Err(ChildError::Start(error)) if error.kind() == io::ErrorKind::NotFound => false,
            Err(source) => return Err(KindError::Child { command: "kind version".to_owned(), source }),
            Ok(_) => true,
        };
        match (has_kind, Engine::find().await) {
            (true, found) => found.map(|(engine, machine)| Self { engine, machine }),
            (false, Err(KindError::Missing { .. })) => Err(KindError::Missing { kind: true, engine: true }),
            (false, _) => Err(KindError::Missing { kind: true, engine: false }),
        }
    }

    /// Whether there is a cluster of that name, running or not.
    pub async fn has(&self, name: &ClusterName) -> Result<bool, KindError> {
        let listed = self.kind(&["get", "clusters"], b"", ANSWER).await?;
        Ok(listed.text().lines().any(|line| line.trim() == name.as_str()))
    }

    /// Makes a cluster, from this node image or from kind's own. Its kubeconfig is left to [`Self::kubeconfig`].
    pub async fn create(&self, name: &ClusterName, image: Option<&str>) -> Result<(), KindError> {
        // Else it would go into the user's own, and be the current one there.
        let folder = tempfile::tempdir().map_err(KindError::Workspace)?;
        let kubeconfig = folder.path().join("kubeconfig");
        let kubeconfig = kubeconfig.to_string_lossy();
        let mut arguments = vec!["create", "cluster", "--name", name.as_str()];
        arguments.extend(image.map(|image| ["--image", image]).into_iter().flatten());
        arguments.extend(["--config", "-", "--kubeconfig", &kubeconfig]);
        self.kind(&arguments, CONFIG.as_bytes(), MAKING).await.map(drop)
    }

    /// Starts the nodes of a cluster where they do not run: after this machine was, say.
    pub async fn start(&self, name: &ClusterName) -> Result<(), KindError> {
        let nodes = self.kind(&["get", "nodes", "--name", name.as_str()], b"", ANSWER).await?.text();
        let nodes: Vec<&str> = nodes.split_whitespace().collect();
        let arguments: Vec<&str> = ["start"].into_iter().chain(nodes).collect();
        self.engine(&arguments, ANSWER).await.map(drop)
    }

    /// With one context, for this machine.
    pub async fn kubeconfig(&self, name: &ClusterName) -> Result<String, KindError> {
        let got = self.kind(&["get", "kubeconfig", "--name", name.as_str()], b"", ANSWER).await;
        match got {
            Err(KindError::Failed { said, .. }) => Err(KindError::HalfMade { name: name.clone(), said }),
            got => Ok(got?.text()),
        }
    }

    /// Brings images of this machine to the cluster's nodes.
    pub async fn load(&self, name: &ClusterName, images: &[String]) -> Result<(), KindError> {
        let images = || images.iter().map(String::as_str);
        if self.engine == Engine::Docker {
            let load = ["load", "docker-image", "--name", name.as_str()];
            let arguments: Vec<&str> = load.into_iter().chain(images()).collect();
            return self.kind(&arguments, b"", LOADING).await.map(drop);
        }
        // kind asks docker alone for images.
        let folder = tempfile::tempdir().map_err(KindError::Workspace)?;
        let archive = folder.path().join("images.tar");
        let archive = archive.to_string_lossy();
        let mut save = vec!["save", "-o", &archive];
        if self.engine == Engine::Podman && images().count() > 1 {
            save.push("--multi-image-archive");
        }
        let arguments: Vec<&str> = save.into_iter().chain(images()).collect();
        self.engine(&arguments, LOADING).await?;
        self.kind(&["load", "image-archive", "--name", name.as_str(), &archive], b"", LOADING).await.map(drop)
    }

    /// Takes a cluster away, and its context out of this kubeconfig or the user's own.
    pub async fn delete(&self, name: &ClusterName, kubeconfig: Option<&Path>) -> Result<(), KindError> {
        let kubeconfig = kubeconfig.map(|path| path.to_string_lossy());
        let mut arguments = vec!["delete", "cluster", "--name", name.as_str()];
        arguments.extend(kubeconfig.as_deref().map(|path| ["--kubeconfig", path]).into_iter().flatten());
        self.kind(&arguments, b"", DELETING).await.map(drop)
    }

    async fn kind(&self, arguments: &[&str], input: &[u8], limit: Duration) -> Result<Ended, KindError> {
        let mut command = Command::new("kind");
        // kind would take the first engine that is installed, whether or not it answers.
        command.args(arguments).env(CHOICE, self.engine.name());
        run(&mut command, input, limit).await
    }

    pub(super) async fn engine(&self, arguments: &[&str], limit: Duration) -> Result<Ended, KindError> {
        run(Command::new(self.engine.name()).args(arguments), b"", limit).await
    }

    pub(super) fn runs_on(&self) -> Engine {
        self.engine
    }
}

async fn run(command: &mut Command, input: &[u8], limit: Duration) -> Result<Ended, KindError> {
    let ended = child::run(command, input, limit).await;
    let ended = ended.map_err(|source| KindError::Child { command: shown(command), source })?;
    if ended.status.success() {
        return Ok(ended);
    }
    Err(KindError::Failed { command: shown(command), status: ended.status.to_string(), said: ended.said() })
}

/// As a person would type it.
fn shown(command: &Command) -> String {
    let command = command.as_std();
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
