use std::collections::BTreeMap;

use super::{ImageDigest, Reference, Registry};

/// Where images come from and which they must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Where all images come from in the place of their own registries.
    pub registry: Option<Registry>,
    /// The digests of images, by the name that they have before they are moved.
    pub digests: BTreeMap<Reference, ImageDigest>,
}

/// An image that has a digest of its own, and is pinned to another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{image}` is pinned to {pinned}")]
pub struct Contradiction {
    pub image: Reference,
    pub pinned: ImageDigest,
}

impl Rules {
    pub fn is_empty(&self) -> bool {
        self.registry.is_none() && self.digests.is_empty()
    }

    /// The name and tag under which a copy of the image belongs.
    pub fn place(&self, image: &Reference) -> Reference {
        let moved = self.moved(image);
        if moved.tag().is_some() { moved.without_digest() } else { moved }
    }

    fn moved(&self, image: &Reference) -> Reference {
        match &self.registry {
            Some(registry) => registry.moved(image.clone()),
            None => image.clone(),
        }
    }

    /// The image as it is to be pulled.
    ///
    /// # Errors
    /// Where it has another digest than it is pinned to.
    pub fn applied(&self, image: &Reference) -> Result<Reference, Contradiction> {
        let moved = self.moved(image);
        match (self.pin(image), image.digest()) {
            (None, _) => Ok(moved),
            (Some(pinned), Some(own)) if own != pinned => {
                Err(Contradiction { image: image.clone(), pinned: pinned.clone() })
            }
            (Some(pinned), _) => Ok(moved.pinned_to(pinned.clone())),
        }
    }

    /// The digest that the profile gives for this name and tag.
    fn pin(&self, image: &Reference) -> Option<&ImageDigest> {
        self.digests.get(&image.clone().without_digest())
    }

    /// The pins that are for none of these images.
    pub fn unused<'a>(&'a self, images: &'a [Reference]) -> impl Iterator<Item = &'a Reference> {
        let is_used = |pin: &Reference| images.iter().any(|image| image.clone().without_digest() == *pin);
        self.digests.keys().filter(move |pin| !is_used(pin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(of: &str) -> ImageDigest {
        format!("sha256:{}", of.repeat(32)).parse().unwrap()
    }

    fn rules(registry: Option<&str>) -> Rules {
        Rules {
            registry: registry.map(|registry| registry.parse().unwrap()),
            digests: BTreeMap::from([("istio/proxyv2:1.18.0".parse().unwrap(), digest("ab"))]),
        }
    }

    #[test]
    fn a_pin_holds_for_one_name_and_tag_wherever_the_image_is_moved() {
        let (ab, cd) = (digest("ab"), digest("cd"));
        let cases = [
            (None, "docker.io/istio/proxyv2:1.18.0", format!("docker.io/istio/proxyv2@{ab}")),
            (Some("r.test/m"), "istio/proxyv2:1.18.0", format!("r.test/m/istio/proxyv2@{ab}")),
            (Some("r.test/m"), "istio/proxyv2:1.18.1", "r.test/m/istio/proxyv2:1.18.1".to_owned()),
            (None, "quay.io/istio/proxyv2:1.18.0", "quay.io/istio/proxyv2:1.18.0".to_owned()),
            (None, &format!("istio/proxyv2:1.18.0@{ab}"), format!("docker.io/istio/proxyv2@{ab}")),
            (None, &format!("istio/proxyv2@{cd}"), format!("docker.io/istio/proxyv2@{cd}")),
        ];
        for (registry, image, applied) in cases {
            let found = rules(registry).applied(&image.parse().unwrap()).unwrap();
            assert_eq!(found.to_string(), applied, "{image}");
        }
    }

    #[test]
    fn a_digest_of_its_own_that_is_another_is_a_contradiction() {
        let image: Reference = format!("istio/proxyv2:1.18.0@{}", digest("cd")).parse().unwrap();
        let expected = Contradiction { image: image.clone(), pinned: digest("ab") };
        assert_eq!(rules(None).applied(&image), Err(expected));
    }

    #[test]
    fn a_pin_that_is_for_nothing_is_found() {
        let images = ["istio/proxyv2:1.18.1", "istio/proxyv2:1.18.0"].map(|image| image.parse().unwrap());
        let rules = rules(None);
        assert_eq!(rules.unused(&images[..1]).count(), 1);
        assert_eq!(rules.unused(&images).count(), 0);
    }
}
