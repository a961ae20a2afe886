/// Node images with the digests of kind's release notes, by the minor version of their Kubernetes; the digests are of
/// indexes, for amd64 and arm64. kind 0.25.0 is the last that has 1.26 and 1.27, and so all are its:
/// <https://github.com/kubernetes-sigs/kind/releases/tag/v0.25.0>.
const IMAGES: [(u32, &str); 4] = [
    (26, "kindest/node:v1.26.15@sha256:c79602a44b4056d7e48dc20f7504350f1e87530fe953428b792def00bc1076dd"),
    (27, "kindest/node:v1.27.16@sha256:2d21a61643eafc439905e18705b8186f3296384750a835ad7a005dceb9546d20"),
    (28, "kindest/node:v1.28.15@sha256:a7c05c7ae043a0b8c818f5a06188bc2c4098f6cb59ca7d1856df00375d839251"),
    (29, "kindest/node:v1.29.10@sha256:3b2d8c31753e6c8069d4fc4517264cd20e86fd36220671fb7d0a5855103aa84b"),
];

/// The image with the newest Kubernetes of these minor versions, the first and the last. None where there is none: then
/// kind's own default suits kind best, which it pins by digest too.
pub fn node_image(minors: (u32, u32)) -> Option<&'static str> {
    let suits = |(minor, _): &&(u32, &str)| (minors.0..=minors.1).contains(minor);
    IMAGES.iter().rev().find(suits).map(|(_, image)| *image)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Reference;

    #[test]
    fn the_newest_kubernetes_that_suits_is_taken() {
        let table = [
            ((24, 27), Some("v1.27.16")),
            ((25, 28), Some("v1.28.15")),
            ((29, 99), Some("v1.29.10")),
            ((33, 35), None),
        ];
        for (minors, expected) in table {
            let tag = node_image(minors).map(|image| image.parse::<Reference>().unwrap());
            assert_eq!(tag.as_ref().and_then(Reference::tag), expected, "{minors:?}");
        }
    }

    #[test]
    fn every_image_is_pinned_and_of_the_kubernetes_that_it_stands_for() {
        for (minor, image) in IMAGES {
            let image: Reference = image.parse().unwrap();
            assert!(image.digest().is_some() && image.repository() == "docker.io/kindest/node", "{image}");
            assert!(image.tag().unwrap().starts_with(&format!("v1.{minor}.")), "{image}");
        }
    }
}
