use std::fmt::Write;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::quiet::quietly;
use super::told;
use crate::cli::{ImageForm, ListArgs};
use crate::engine;
use crate::failure::Failure;
use crate::plan::{Image, User};
use crate::profile::Profile;
use crate::settings::Inputs;

/// Lists every image that a profile runs.
pub(super) async fn run(profile: &str, list: ListArgs) -> ExitCode {
    let form = list.output;
    match images(profile, list).await {
        Ok(images) if form == ImageForm::Copy && !images.iter().any(Image::is_moved) => {
            told::failure(&Failure::NothingToCopy)
        }
        Ok(images) => told::print(&text(&images, form)),
        Err(failure) => told::failure(&failure),
    }
}

async fn images(profile: &str, list: ListArgs) -> Result<Vec<Image>, Failure> {
    let inputs = Inputs::resolve(profile, list.bundle.as_deref(), list.plan)?;
    let (layers, warnings) = inputs.render()?;
    for warning in warnings {
        told::warning(&warning);
    }
    tell_of_strangers(inputs.profile());

    quietly(async |announcer, _| {
        let release = match &inputs.profile().istio {
            Some(istio) => Some(engine::fetch(istio, &inputs.supply, announcer).await?),
            None => None,
        };
        Ok(engine::images(inputs.profile(), layers, release.as_ref(), &inputs.supply, announcer).await?)
    })
    .await
}

fn tell_of_strangers(profile: &Profile) {
    if profile.istio.is_none() {
        let warning = format!(
            "the profile `{}` brings no Istio: what a mesh that is there already injects is not listed",
            profile.name
        );
        told::warning(&warning);
    }
}

fn text(images: &[Image], form: ImageForm) -> String {
    match form {
        ImageForm::Text => images.iter().map(in_words).collect::<Vec<_>>().join("\n"),
        ImageForm::Json => format!("{:#}\n", Value::from_iter(images.iter().map(as_json))),
        ImageForm::Name => lines(images.iter().map(|image| image.applied.to_string())),
        ImageForm::Copy => {
            let moved = images.iter().filter(|image| image.is_moved());
            lines(moved.map(|image| format!("{} {}", image.pulled(), image.copy)))
        }
    }
}

/// Each once: several names may have become one.
fn lines(lines: impl Iterator<Item = String>) -> String {
    let mut lines: Vec<String> = lines.map(|line| line + "\n").collect();
    lines.sort();
    lines.dedup();
    lines.concat()
}

/// The image, where it was before, and who runs it, an object a line.
fn in_words(image: &Image) -> String {
    let mut text = format!("{}\n", image.applied);
    if image.applied != image.source {
        let _never_fails = writeln!(text, "  from {}", image.source);
    }
    for of_object in image.users.chunk_by(|a, b| (&a.layer, &a.object) == (&b.layer, &b.object)) {
        let User { layer, object, .. } = &of_object[0];
        let containers: Vec<String> = of_object.iter().map(container).collect();
        let _never_fails = writeln!(text, "  {layer}: {object}: {}", containers.join(", "));
    }
    text
}

fn container(user: &User) -> String {
    let injected = if user.injected { " (injected)" } else { "" };
    format!("{}{injected}", user.container)
}

fn as_json(image: &Image) -> Value {
    let users = image.users.iter().map(|user| {
        json!({
            "layer": user.layer,
            "object": user.object.to_string(),
            "container": user.container,
            "injected": user.injected,
        })
    });
    json!({
        "image": image.applied.to_string(),
        "source": image.source.to_string(),
        "used_by": users.collect::<Vec<_>>(),
    })
}
