use std::path::Path;
use std::time::Duration;

use super::answer::answer;
use super::show::Show;
use crate::cli::LocalArgs;
use crate::cluster::{self, Target};
use crate::engine;
use crate::event::{Event, Step};
use crate::failure::Failure;
use crate::kind::{ClusterName, Kind, KindError, node_image};
use crate::plan::{self, Layer};
use crate::profile::Profile;

/// How long a cluster may take from its first container to nodes that are ready; a slow laptop needs a minute.
const READY: Duration = Duration::from_secs(5 * 60);

/// A cluster of this machine's own, up and ready.
pub(super) struct Local {
    pub(super) target: Target,
    /// Whether there was none before: then there is nothing in it to ask about.
    pub(super) is_new: bool,
    kind: Kind,
    name: ClusterName,
    images: Vec<String>,
}

impl Local {
    /// Brings the cluster of this name up, and says what its machine has too little of. A new one is begun to be shown at
    /// once, for it takes a while.
    pub(super) async fn bring_up(
        name: &ClusterName,
        arguments: &LocalArgs,
        (profile, layers): (&Profile, &[Layer]),
        kubeconfig: Option<&Path>,
        show: &mut Show,
    ) -> Result<Self, Failure> {
        let kind = Kind::find().await?;
        let images = arguments.load_image.clone();
        let mut findings = kind.machine.lacks();
        findings.extend(kind.loadable(&images).await?);
        let is_new = !kind.has(name).await?;
        if is_new {
            show.begin()?;
        }
        findings.extend(kind.pullable(&self::images(profile, layers), &images).await);
        findings.into_iter().for_each(|finding| show.announcer.say(Event::Found(finding)));
        let bringing_up = async {
            if is_new {
                let suitable =
                    profile.istio.as_ref().and_then(|istio| engine::kubernetes_for(&istio.version));
                let image = arguments.kind_image.as_deref().or(suitable.and_then(node_image));
                create(&kind, name, image, show).await?;
            } else {
                kind.start(name).await?;
            }
            let (target, version) = stoppable(ready(&kind, name), show).await?;
            show.announcer.say(Event::ClusterReady {
                cluster: name.to_string(),
                kubernetes: version,
                made: is_new,
            });
            Ok((target, kind.kubeconfig(name).await?))
        };
        let (target, text) = show.step_to_its_end(Step::Cluster(name.to_string()), bringing_up).await?;
        if let Err(error) = cluster::keep_context(&text, kubeconfig) {
            let warning = format!(
                "the context `{}` could not be written to the kubeconfig: {error}; `kind export kubeconfig --name {name}` does",
                name.context()
            );
            show.warn(&[warning]);
        }
        Ok(Self { target, is_new, kind, name: name.clone(), images })
    }

    /// Loads the images that were asked for, as a step of their own.
    pub(super) async fn load_images(&self, show: &Show) -> Result<(), Failure> {
        if self.images.is_empty() {
            return Ok(());
        }
        let loading = async {
            self.kind.load(&self.name, &self.images).await?;
            show.announcer.say(Event::ImagesLoaded { images: self.images.clone() });
            Ok::<_, Failure>(())
        };
        show.step(Step::Load, loading).await
    }
}

/// The images of the layers, by the names that the nodes have them by.
fn images(profile: &Profile, layers: &[Layer]) -> Vec<String> {
    plan::images_of(layers, &profile.images).iter().map(|image| image.applied.to_string()).collect()
}

/// Makes a cluster. Where that is broken off, what there is of it goes: else it would be taken for one that works.
async fn create(kind: &Kind, name: &ClusterName, image: Option<&str>, show: &Show) -> Result<(), Failure> {
    let made = stoppable(async { Ok(kind.create(name, image).await?) }, show).await;
    let is_half_made = match &made {
        Err(Failure::Interrupted(_)) => true,
        Err(Failure::Kind(error)) => error.is_out_of_time(),
        _ => false,
    };
    if is_half_made && let Err(error) = kind.delete(name, None).await {
        show.warn(&[format!(
            "what was made of the kind cluster `{name}` is left: {}",
            Failure::from(error).text()
        )]);
    }
    made
}

async fn ready(kind: &Kind, name: &ClusterName) -> Result<(Target, String), Failure> {
    let target = Target::of_text(&kind.kubeconfig(name).await?)?;
    match engine::until_ready(&target, READY).await {
        Ok(version) => Ok((target, version)),
        Err(why) => Err(KindError::NotReady { name: name.clone(), after: READY, why }.into()),
    }
}

async fn stoppable<T>(work: impl Future<Output = Result<T, Failure>>, show: &Show) -> Result<T, Failure> {
    tokio::select! {
        done = work => done,
        () = show.stop.cancelled() => Err(show.interrupted()),
    }
}

/// Deletes the cluster of this name, with all that is in it.
pub(super) async fn delete(
    name: &ClusterName,
    kubeconfig: Option<&Path>,
    yes: bool,
    show: &mut Show,
) -> Result<(), Failure> {
    let kind = Kind::find().await?;
    let there = kind.has(name).await?;
    if there && !yes {
        let question = format!("Delete the kind cluster `{name}`, with all that is in it?");
        match answer(question).await? {
            Some(true) => {}
            refused => return Err(Failure::NotDeleted { cluster: name.clone(), asked: refused.is_some() }),
        }
    }
    show.begin()?;
    let deleting = async {
        // Where there is none, its context may be left.
        kind.delete(name, kubeconfig).await?;
        show.announcer.say(Event::ClusterDeleted { cluster: name.to_string(), there });
        Ok::<_, Failure>(())
    };
    show.step(Step::Delete(name.to_string()), deleting).await
}
