//! Every image that a plan runs, and the same images from another place or pinned to digests.

mod find;
mod injector;
mod pod;
mod rewrite;
mod selector;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub(super) use pod::pods;

use super::{Layer, Plan};
use crate::image::{Contradiction, Reference, Rules};
use crate::object::ObjectId;

/// An image, and all that run it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// As the layers have it.
    pub source: Reference,
    /// As it is applied.
    pub applied: Reference,
    /// The name under which its copy belongs where it is moved to.
    pub copy: Reference,
    /// In the order of the plan.
    pub users: Vec<User>,
}

/// A container that runs an image, or a volume that holds one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct User {
    pub layer: String,
    /// What has the pod, or makes it.
    pub object: ObjectId,
    pub container: String,
    /// Whether Istio puts it there: the object says nothing of it.
    pub injected: bool,
}

/// The images of a plan, and what about them a person should know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images {
    /// By their names.
    pub list: Vec<Image>,
    /// Pins for an image that nothing runs.
    pub unused_pins: Vec<Reference>,
    /// What no runtime could pull, and who asks for it. It is left as it is.
    pub unreadable: Vec<(String, User)>,
}

/// Images that cannot be what they are to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    #[error("{first} and {second} would both be {place}")]
    Collision { first: Reference, second: Reference, place: Reference },

    #[error("{user}: {source}")]
    Contradiction { user: User, source: Contradiction },

    /// Something decides on the image that is not known here.
    #[error("{user} would run {found} in the place of {wanted}")]
    Unmoved { user: User, found: String, wanted: Reference },
}

impl Image {
    pub fn is_moved(&self) -> bool {
        self.source.repository() != self.applied.repository()
    }

    /// What is pulled to make the copy: by digest, where it is pinned.
    pub fn pulled(&self) -> Reference {
        match self.applied.digest() {
            Some(digest) => self.source.clone().pinned_to(digest.clone()),
            None => self.source.clone(),
        }
    }
}

impl std::fmt::Display for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} in layer `{}`", self.container, self.object, self.layer)
    }
}

/// The images of layers that are no plan yet, as the rules place them. None where they cannot be placed: that ends a
/// run later, with its own words.
pub fn images_of(layers: &[Layer], rules: &Rules) -> Vec<Image> {
    let (mut plan, _) = Plan::of(layers.to_vec());
    plan.place_images(rules).map(|images| images.list).unwrap_or_default()
}

impl Plan {
    /// Gives every image the place and the digest that the rules say, injected ones included, and lists them.
    ///
    /// # Errors
    /// See [`ImageError`]; the plan is not to be used then.
    pub fn place_images(&mut self, rules: &Rules) -> Result<Images, Box<ImageError>> {
        let found = find::all(self);
        let mut images: BTreeMap<Reference, Image> = BTreeMap::new();
        let mut unreadable = Vec::new();
        for find::Found { image, user } in &found {
            let user = user.clone();
            let Ok(source) = image.parse::<Reference>() else {
                unreadable.push((image.clone(), user));
                continue;
            };
            if let Some(known) = images.get_mut(&source) {
                known.users.push(user);
                continue;
            }
            let applied = rules.applied(&source);
            let applied =
                applied.map_err(|source| ImageError::Contradiction { user: user.clone(), source })?;
            let copy = rules.place(&source);
            images.insert(source.clone(), Image { source, applied, copy, users: vec![user] });
        }
        let list: Vec<Image> = images.into_values().collect();
        refuse_collisions(&list)?;
        if !rules.is_empty() {
            rewrite::all(self, rules);
            refuse_unmoved(&found, find::all(self), rules)?;
        }
        let sources: Vec<Reference> = list.iter().map(|image| image.source.clone()).collect();
        let unused_pins = rules.unused(&sources).cloned().collect();
        Ok(Images { list, unused_pins, unreadable })
    }
}

/// In the mirror only the path and the tag tell images apart, which had hosts to do so before.
fn refuse_collisions(images: &[Image]) -> Result<(), Box<ImageError>> {
    let mut taken: BTreeMap<Reference, &Image> = BTreeMap::new();
    for image in images.iter().filter(|image| image.is_moved()) {
        let Some(first) = taken.insert(image.copy.clone(), image) else { continue };
        let is_same = first.source.repository() == image.source.repository()
            || (first.applied.digest().is_some() && first.applied.digest() == image.applied.digest());
        if !is_same {
            let (first, second, place) = (first.source.clone(), image.source.clone(), image.copy.clone());
            return Err(ImageError::Collision { first, second, place }.into());
        }
    }
    Ok(())
}

/// Looks again at what the plan would run: much decides on what is injected, and a mirror that is missed once is a
/// pod that never starts, or one that runs what nobody pinned.
fn refuse_unmoved(
    before: &[find::Found],
    after: Vec<find::Found>,
    rules: &Rules,
) -> Result<(), Box<ImageError>> {
    for (before, find::Found { image: found, user }) in before.iter().zip(after) {
        let wanted = before.image.parse().ok().and_then(|source| rules.applied(&source).ok());
        if let Some(wanted) = wanted.filter(|wanted| found.parse().as_ref() != Ok(wanted)) {
            return Err(ImageError::Unmoved { user, found, wanted }.into());
        }
    }
    Ok(())
}
