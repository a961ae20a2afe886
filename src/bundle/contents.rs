use std::collections::BTreeMap;
use std::path::PathBuf;

use super::manifest::is_plain;
use crate::object::{Object, yaml};

/// What goes into a bundle.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The name of the profile.
    pub name: String,
    /// The profile as a file of its own, whose layers are at their [`layer_path`].
    pub profile: String,
    /// Name and objects of each layer.
    pub layers: Vec<(String, Vec<Object>)>,
    /// The release's archive: its name in the release, and where it lies.
    pub release: Option<(String, PathBuf)>,
    /// Every image that will run.
    pub images: Vec<String>,
}

/// What becomes a file of the bundle.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Text(String),
    /// A copy of the file at this path.
    Copy(PathBuf),
}

/// The path of a layer as the profile in a bundle writes it.
pub fn layer_path(name: &str) -> String {
    format!("./layers/{name}")
}

impl Contents {
    /// The path of the profile in the bundle. What it is called there is what it is called when it is read.
    pub(super) fn profile_path(&self) -> String {
        let plain = |c: char| if is_plain(c.encode_utf8(&mut [0; 4])) { c } else { '-' };
        format!("{}.yaml", self.name.chars().map(plain).collect::<String>())
    }

    /// The path of the release's archive in the bundle.
    pub(super) fn release_path(&self) -> Option<String> {
        self.release.as_ref().map(|(name, _)| format!("istio/{name}"))
    }

    /// The files by their paths in the bundle.
    pub(super) fn pieces(&self) -> BTreeMap<String, Piece> {
        let text = |path: String, text: String| (path, Piece::Text(text));
        let images = self.images.iter().map(|image| format!("{image}\n")).collect();
        let mut pieces = BTreeMap::from([
            text(self.profile_path(), self.profile.clone()),
            text("images.txt".to_owned(), images),
        ]);
        for (name, objects) in &self.layers {
            let folder = format!("layers/{name}");
            pieces.extend([
                text(format!("{folder}/kustomization.yaml"), "resources:\n- objects.yaml\n".to_owned()),
                text(format!("{folder}/objects.yaml"), yaml::objects_to_string(objects)),
            ]);
        }
        if let (Some(path), Some((_, archive))) = (self.release_path(), &self.release) {
            pieces.insert(path, Piece::Copy(archive.clone()));
        }
        pieces
    }
}
