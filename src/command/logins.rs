use std::collections::BTreeSet;
use std::path::Path;

use crate::docker;
use crate::failure::Failure;
use crate::image::Logins;
use crate::plan::{self, Layer};
use crate::profile::Profile;

/// Who the pods are to be to the registries that they pull from, by the configuration that was named; nobody where none was.
pub(super) async fn logins(
    file: Option<&Path>,
    profile: &Profile,
    layers: &[Layer],
    warn: impl FnOnce(String),
) -> Result<Logins, Failure> {
    let Some(file) = file else { return Ok(Logins::default()) };
    let hosts = hosts(profile, layers);
    let logins = docker::logins(file, &hosts).await?;
    if logins.is_empty() {
        let hosts: Vec<String> = hosts.into_iter().collect();
        warn(format!("{} has no login for {}", file.display(), hosts.join(", ")));
    }
    Ok(logins)
}

/// Where the layers' images come from, and the mirror that Istio's do.
fn hosts(profile: &Profile, layers: &[Layer]) -> BTreeSet<String> {
    let images = plan::images_of(layers, &profile.images);
    let mirror = profile.images.registry.iter().map(|registry| registry.host().to_owned());
    images.iter().map(|image| image.applied.host().to_owned()).chain(mirror).collect()
}
