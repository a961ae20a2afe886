use std::str::FromStr;

use super::Object;

/// An object as a person names it, in small or capital letters: `Namespace/shop`, `PersistentVolumeClaim/shop/data`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named(String);

impl Named {
    pub fn of(object: &Object) -> Self {
        Self(object.id().to_string().to_lowercase())
    }
}

impl FromStr for Named {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('/').collect();
        if (2..=3).contains(&parts.len()) && parts.iter().all(|part| !part.is_empty()) {
            Ok(Self(text.to_lowercase()))
        } else {
            Err("an object is named as KIND/NAME, or KIND/NAMESPACE/NAME")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_named_by_kind_namespace_and_name() {
        let metadata = json!({"name": "data", "namespace": "shop"});
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata});
        let claim = Named::of(&Object::new(claim).unwrap());
        for (text, is_it) in [
            ("PersistentVolumeClaim/shop/data", true),
            ("persistentvolumeclaim/shop/data", true),
            ("PersistentVolumeClaim/data", false),
        ] {
            assert_eq!(text.parse::<Named>().unwrap() == claim, is_it, "{text}");
        }
        for text in ["data", "a/b/c/d", "Namespace/", ""] {
            assert!(text.parse::<Named>().is_err(), "{text}");
        }
    }
}
