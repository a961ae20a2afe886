use std::process::ExitCode;
use std::time::Instant;

use super::show::Show;
use crate::bundle::{self, Contents};
use crate::cli::{BundleArgs, LookArgs};
use crate::engine::{self, Tally};
use crate::event::{Event, Step};
use crate::failure::Failure;
use crate::istio::release::Platform;
use crate::object::Object;
use crate::plan::Layer;
use crate::settings::Inputs;

/// Writes a bundle of what a profile describes.
pub(super) async fn run(profile: &str, arguments: BundleArgs, look: &LookArgs) -> ExitCode {
    let mut show = Show::new(arguments.output, look);
    let begun = Instant::now();
    let ended = bundle(profile, arguments, &mut show).await;
    show.end(ended, &Tally::default(), begun.elapsed()).await
}

async fn bundle(profile: &str, arguments: BundleArgs, show: &mut Show) -> Result<Vec<String>, Failure> {
    let inputs = Inputs::resolve(profile, None, arguments.plan)?;
    let (layers, warnings) = inputs.render()?;
    let platform = arguments.platform.map_or_else(Platform::current, Ok)?;
    show.begin()?;
    show.warn(&warnings);
    let (release, archive) = match &inputs.profile().istio {
        Some(istio) => {
            let fetching = engine::fetch_with_archive(istio, &inputs.supply, platform, &show.announcer);
            let (release, archive) = show.step(Step::Fetch, fetching).await?;
            (Some(release), Some(archive))
        }
        None => (None, None),
    };
    let (to, announcer) = (arguments.to, &show.announcer);
    let writing = async {
        let images =
            engine::images(inputs.profile(), layers.clone(), release.as_ref(), &inputs.supply, announcer)
                .await?;
        let contents = Contents {
            name: inputs.profile().name.clone(),
            profile: inputs.resolved.to_yaml_of_rendered(bundle::layer_path),
            layers: layers.into_iter().map(objects).collect(),
            release: archive,
            images: images.iter().map(|image| image.source.to_string()).collect(),
        };
        let path = to.clone();
        let written = tokio::task::spawn_blocking(move || bundle::write(&contents, &path)).await;
        let written = written.map_err(|error| Failure::Runtime(error.into()))??;
        let (path, sha256) = (to.display().to_string(), written.sha256.to_string());
        announcer.say(Event::BundleWritten { path, bytes: written.bytes, sha256 });
        Ok::<_, Failure>(())
    };
    show.step(Step::Bundle, writing).await?;
    Ok(vec![format!("kubestock-install install --bundle {}", to.display())])
}

fn objects(layer: Layer) -> (String, Vec<Object>) {
    let objects = layer.objects().map(|placed| placed.object.clone()).collect();
    (layer.name, objects)
}
