//! `images`: other names, tags and digests for the images of containers.

use regex::Regex;
use serde_json::Value;

use super::fieldspec::{FieldSpec, NoWay, set_scalar};
use super::kustomization::Image;
use super::patch::in_one_line;
use super::resource::Resources;
use super::{At, Error, Warning, WarningKind, scalar};

/// Gives the images with a name another name, tag or digest.
#[derive(Clone, Debug)]
pub(super) struct SetImage {
    pub(super) image: Image,
    pub(super) fields: Vec<FieldSpec>,
}

impl SetImage {
    /// Changes the images of all `containers` and `initContainers`, wherever in an object they stand, and
    /// then those in the fields of the rules: a change that can be made twice is. The schemas in a
    /// CustomResourceDefinition have such fields without being any.
    pub(super) fn run(&self, resources: &mut Resources, warnings: &mut Vec<Warning>) -> Result<(), Error> {
        let matcher = matcher(&self.image)?;
        let mut is_used = false;
        let mut change = |value: &mut Value| {
            let text = scalar::text(value).ok_or(NoWay)?;
            if !matcher.is_match(&text) {
                return Ok(());
            }
            is_used = true;
            set_scalar(value, self.image.applied_to(&text))
        };
        for resource in &mut resources.list {
            if resource.object.kind() == "CustomResourceDefinition" {
                continue;
            }
            let mut fields = resource.object.fields_mut().values_mut();
            fields.try_for_each(|field| each_container_image(field, &mut change)).map_err(|NoWay| {
                Error::FieldShape {
                    at: resource.at(),
                    object: resource.name(),
                    path: "containers/image".into(),
                }
            })?;
            for field in &self.fields {
                field.apply(resource, None, &mut change)?;
            }
        }
        if let (false, Some(at)) = (is_used, &self.image.at) {
            let kind = WarningKind::ImageUsedNowhere { name: self.image.name.clone() };
            warnings.push(Warning { at: at.clone(), kind });
        }
        Ok(())
    }
}

/// The name of an entry is a regular expression to kustomize: a dot in it stands for any sign.
fn matcher(image: &Image) -> Result<Regex, Error> {
    let rest = "(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$";
    Regex::new(&format!("^{}{rest}", image.name)).map_err(|problem| Error::Regex {
        at: image.at.clone().unwrap_or(At { file: Default::default(), line: None }),
        field: "name".into(),
        problem: in_one_line(&problem),
    })
}

fn each_container_image(
    value: &mut Value,
    change: &mut impl FnMut(&mut Value) -> Result<(), NoWay>,
) -> Result<(), NoWay> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| each_container_image(item, change)),
        Value::Object(fields) => fields.iter_mut().try_for_each(|(name, field)| {
            each_container_image(field, change)?;
            match field {
                Value::Array(containers) if matches!(name.as_str(), "containers" | "initContainers") => {
                    containers.iter_mut().try_for_each(|container| match container {
                        Value::Object(container) => container.get_mut("image").map_or(Ok(()), &mut *change),
                        Value::Null => Ok(()),
                        _ => Err(NoWay),
                    })
                }
                _ => Ok(()),
            }
        }),
        _ => Ok(()),
    }
}

impl Image {
    fn applied_to(&self, reference: &str) -> String {
        let (name, tag, digest) = split(reference);
        let name = self.new_name.as_deref().unwrap_or(name);
        let own_tag = tag.map(str::to_owned);
        let own_digest = digest.map(str::to_owned);
        let (tag, digest) = match (&self.new_tag, &self.digest, &self.tag_suffix) {
            (Some(tag), digest, _) => (Some(tag.clone()), digest.clone()),
            (None, Some(digest), _) => (None, Some(digest.clone())),
            (None, None, Some(suffix)) => (Some(own_tag.unwrap_or_default() + suffix), None),
            (None, None, None) => (own_tag, own_digest),
        };
        let mut reference = name.to_owned();
        reference.extend(tag.filter(|tag| !tag.is_empty()).map(|tag| format!(":{tag}")));
        reference.extend(digest.filter(|digest| !digest.is_empty()).map(|digest| format!("@{digest}")));
        reference
    }
}

/// Name, tag and digest of an image reference. A colon before the first slash belongs to a port.
fn split(reference: &str) -> (&str, Option<&str>, Option<&str>) {
    let (rest, digest) = match reference.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (reference, None),
    };
    let host = rest.find('/').unwrap_or(0);
    match rest[host..].find(':') {
        Some(colon) => (&rest[..host + colon], Some(&rest[host + colon + 1..]), digest),
        None => (rest, None, digest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(name: &str, set: impl Fn(&mut Image)) -> Image {
        let mut image = Image { name: name.into(), ..Image::default() };
        set(&mut image);
        image
    }

    #[test]
    fn an_entry_changes_name_tag_and_digest_as_kustomize_does() {
        let tag = image("nginx", |i| i.new_tag = Some("2".into()));
        let name = image("nginx", |i| i.new_name = Some("r.io:5/x".into()));
        let digest = image("nginx", |i| i.digest = Some("sha256:aa".into()));
        let both = image("nginx", |i| (i.new_tag, i.digest) = (Some("2".into()), Some("sha256:aa".into())));
        let suffix = image("nginx", |i| i.tag_suffix = Some("-x".into()));
        let table = [
            (&tag, "nginx", Some("nginx:2")),
            (&tag, "nginx:1@sha256:bb", Some("nginx:2")),
            (&tag, "nginx-more:1", None),
            (&tag, "host:80/nginx:1", None),
            (&name, "nginx:1", Some("r.io:5/x:1")),
            (&name, "nginx@sha256:bb", Some("r.io:5/x@sha256:bb")),
            (&digest, "nginx:1", Some("nginx@sha256:aa")),
            (&both, "nginx:1", Some("nginx:2@sha256:aa")),
            (&suffix, "nginx:1", Some("nginx:1-x")),
            (&suffix, "nginx", Some("nginx:-x")),
        ];
        for (image, reference, expected) in table {
            let changed = matcher(image).unwrap().is_match(reference).then(|| image.applied_to(reference));
            assert_eq!(changed.as_deref(), expected, "{reference}");
        }
        assert_eq!(split("host:80/a/b:1@sha256:c"), ("host:80/a/b", Some("1"), Some("sha256:c")));
        assert_eq!(split("host:80/a"), ("host:80/a", None, None));
    }
}
