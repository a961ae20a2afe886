//! The one place where this room reads YAML.

use serde_json::Value;

use crate::object::{NotAnObject, Object};

/// Why a text is not the YAML that was expected.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableYaml {
    #[error("not valid YAML: {0}")]
    Syntax(String),
    #[error("document {index} is no Kubernetes object")]
    NotAnObject { index: usize, source: NotAnObject },
}

/// The documents of a YAML stream; empty ones are left out.
pub(super) fn documents(text: &str) -> Result<Vec<Value>, UnreadableYaml> {
    let options = serde_saphyr::options! {
        // The API server gets `0644` as 420 from kubectl.
        legacy_octal_numbers: true,
        // Istio's CRDs alone are 700 kB, far past the default budget for untrusted input.
        budget: None,
    };
    let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| UnreadableYaml::Syntax(error.to_string()))?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

/// The Kubernetes objects of a YAML stream.
pub(super) fn objects(text: &str) -> Result<Vec<Object>, UnreadableYaml> {
    let documents = documents(text)?.into_iter().enumerate();
    documents
        .map(|(index, document)| {
            Object::new(document).map_err(|source| UnreadableYaml::NotAnObject { index, source })
        })
        .collect()
}
