use std::time::Duration;

use futures::future;
use serde_json::Value;

use super::{Kind, KindError};
use crate::finding::{Code, Finding};
use crate::image::Reference;

/// How long an engine may take to find an image that it has.
const HERE: Duration = Duration::from_secs(30);
/// How long a registry may take to say for which machines it has an image.
const THERE: Duration = Duration::from_secs(20);

impl Kind {
    /// Looks whether these images are on this machine, before a cluster is made for them; those for other machines.
    ///
    /// # Errors
    /// [`KindError::NoImage`] for the first that is not.
    pub async fn loadable(&self, images: &[String]) -> Result<Vec<Finding>, KindError> {
        let mut findings = Vec::new();
        for image in images {
            let arguments = ["image", "inspect", "--format", "{{.Architecture}}", image];
            let inspected = self.engine(&arguments, HERE).await.map_err(|error| match error {
                KindError::Failed { said, .. } => {
                    KindError::NoImage { image: image.clone(), engine: self.runs_on(), said }
                }
                error => error,
            })?;
            let has = inspected.text().trim().to_owned();
            findings.extend(self.foreign(image, &[has]));
        }
        Ok(findings)
    }

    /// Those of these images, unless they are loaded, whose registry has none for this machine. Asked on arm64 alone, for which not all are made;
    /// what a registry does not tell is left to the pull.
    pub async fn pullable(&self, images: &[String], loaded: &[String]) -> Vec<Finding> {
        if self.machine.architecture.as_deref() != Some("arm64") {
            return Vec::new();
        }
        let full = |name: &String| name.parse::<Reference>().ok();
        let is_pulled = |image: &&String| !loaded.iter().any(|loaded| full(loaded) == full(image));
        let asked = images.iter().filter(is_pulled).map(async |image| {
            let manifest = self.engine(&["manifest", "inspect", image], THERE).await.ok()?;
            let manifest = serde_json::from_slice(&manifest.stdout).ok()?;
            self.foreign(image, &architectures(&manifest))
        });
        future::join_all(asked).await.into_iter().flatten().collect()
    }

    /// None where it is for this machine, too, or does not say.
    fn foreign(&self, image: &str, has: &[String]) -> Option<Finding> {
        let own = self.machine.architecture.as_deref()?;
        if has.is_empty() || has.iter().any(|has| has == own || has.is_empty()) {
            return None;
        }
        let seen = format!("the image {image} is for {}, and this machine is {own}", has.join(", "));
        let hint = format!(
            "its containers may end with `exec format error`; build it for this machine (`--platform linux/{own}`), and have it \
             loaded with --load-image"
        );
        Some(Finding::warning(Code::ImageArchitecture, seen, hint))
    }
}

/// For which machines an index has an image; none where it is no index.
fn architectures(manifest: &Value) -> Vec<String> {
    let manifests = manifest["manifests"].as_array().into_iter().flatten();
    let of_linux = manifests.map(|image| &image["platform"]).filter(|platform| platform["os"] == "linux");
    of_linux.filter_map(|platform| platform["architecture"].as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::architectures;
    use serde_json::json;

    #[test]
    fn an_index_says_for_which_machines_it_is() {
        let platform =
            |os: &str, architecture: &str| json!({"platform": {"os": os, "architecture": architecture}});
        let index = json!({"manifests": [platform("linux", "amd64"), platform("windows", "arm64"),
            platform("unknown", "unknown")]});
        assert_eq!(architectures(&index), ["amd64"]);
        assert!(architectures(&json!({"config": {}, "layers": []})).is_empty());
    }
}
