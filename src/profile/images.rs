use crate::image::{ImageDigest, Reference, Rules};

use super::error::Mistake;
use super::shape::{Entry, Shape};
use super::sheet::{Field, all};

pub(super) const IMAGES: &str = "where images come from, and the digests that they must have";
pub(super) const SHAPE: Shape = Shape::mapping(FIELDS);

const FIELDS: &[Entry] = &[
    Entry::optional("registry", REGISTRY, Shape::text("^[A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9._/-]*)?$")),
    Entry::optional(
        "digests",
        DIGESTS,
        Shape::Named {
            names: "^[A-Za-z0-9][A-Za-z0-9._:/-]*$",
            values: &Shape::text("^sha256:[0-9a-f]{64}$"),
        },
    ),
];

const REGISTRY: &str = "HOST or HOST/PATH without a scheme, such as registry.example.com/mirror";
const DIGESTS: &str = "a mapping of images to their digests";
const NAME: &str = "the name and tag of an image, such as docker.io/istio/proxyv2:1.18.0";
const DIGEST: &str = "the digest of an image: `sha256:` and 64 hexadecimal digits in small letters";

pub(super) fn read(field: Field<'_>) -> Option<Rules> {
    let fields = field.mapping(FIELDS)?;
    let registry = fields.get("registry").map_or(Some(None), |field| {
        let text = field.text_that_is(REGISTRY)?;
        text.parse().map(Some).ok().or_else(|| field.wrong(REGISTRY))
    });
    let digests = fields.get("digests").map_or(Some(Vec::new()), digests);
    Some(Rules { registry: registry?, digests: digests?.into_iter().collect() })
}

fn digests(field: Field<'_>) -> Option<Vec<(Reference, ImageDigest)>> {
    let names = field.any_mapping(DIGESTS)?.keys();
    let pins = names.filter_map(|name| Some((name, field.peek(name)?)));
    let mut known: Vec<(Reference, Field<'_>)> = Vec::new();
    all(pins.map(|(name, pin)| {
        let digest =
            pin.text_that_is(DIGEST).and_then(|text| text.parse().ok().or_else(|| pin.wrong(DIGEST)));
        let image = name.parse::<Reference>().ok().filter(|image| image.digest().is_none());
        let Some(image) = image else {
            return pin.refuse(Mistake::Wrong { found: format!("`{name}`"), expected: NAME, nearest: None });
        };
        if let Some((_, first)) = known.iter().find(|(known, _)| *known == image) {
            let (first, first_place) = (first.path().to_owned(), first.place().clone());
            return pin.refuse(Mistake::Repeated { value: format!("`{image}`"), first, first_place });
        }
        known.push((image.clone(), pin));
        Some((image, digest?))
    }))
}
