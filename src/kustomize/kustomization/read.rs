//! Reading a kustomization file field by field.

use crate::kustomize::fields::{Entry, Fields};
use crate::kustomize::gvk::{FIRST, Gvk, LAST};
use crate::kustomize::origin::Metadata;
use crate::kustomize::vars::Var;
use crate::kustomize::{Error, Warning, WarningKind, config};

use super::{
    GeneratorOptions, Image, Kustomization, Labels, OpenApi, Order, Patch, Replicas, Target, generator,
    replacement,
};

const KNOWN: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "resources",
    "bases",
    "components",
    "namespace",
    "namePrefix",
    "nameSuffix",
    "labels",
    "commonLabels",
    "commonAnnotations",
    "images",
    "replicas",
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "configMapGenerator",
    "secretGenerator",
    "generatorOptions",
    "replacements",
    "vars",
    "configurations",
    "crds",
    "openapi",
    "generators",
    "transformers",
    "validators",
    "imageTags",
    "helmGlobals",
    "sortOptions",
    "buildMetadata",
];

/// Fields for Helm charts.
const HELM: &[&str] = &["helmCharts", "helmChartInflationGenerator"];

impl Kustomization {
    pub(in crate::kustomize) fn read(
        fields: &Fields<'_>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, Error> {
        refuse_helm(fields)?;
        fields.allow(KNOWN)?;
        let says_something = KNOWN[2..].iter().any(|field| fields.has(field));
        if !says_something {
            return Err(Error::Empty { at: fields.here() });
        }
        warn_of_deprecated(fields, warnings);
        let options = match fields.child("generatorOptions")? {
            Some(options) => generator::options(&options)?,
            None => GeneratorOptions::default(),
        };
        Ok(Self {
            is_component: is_component(fields)?,
            resources: resources(fields)?,
            components: fields.texts("components")?,
            namespace: fields.text("namespace")?.filter(|namespace| !namespace.is_empty()),
            name_prefix: fields.text("namePrefix")?.unwrap_or_default(),
            name_suffix: fields.text("nameSuffix")?.unwrap_or_default(),
            labels: each(fields, "labels", labels)?,
            common_labels: fields.pairs("commonLabels")?,
            common_annotations: fields.pairs("commonAnnotations")?,
            images: [each(fields, "images", image)?, each(fields, "imageTags", image)?].concat(),
            replicas: each(fields, "replicas", replicas)?,
            patches: each(fields, "patches", patch)?,
            patches_strategic_merge: fields.texts("patchesStrategicMerge")?,
            patches_json6902: each(fields, "patchesJson6902", patch)?,
            generators: generator::all(fields, &options)?,
            replacements: each(fields, "replacements", replacement::entry)?,
            vars: each(fields, "vars", var)?,
            generating: fields.texts("generators")?,
            transforming: fields.texts("transformers")?,
            validating: fields.texts("validators")?,
            configurations: fields.texts("configurations")?,
            crds: fields.texts("crds")?,
            openapi: openapi(fields)?,
            order: order(fields)?,
            metadata: metadata(fields)?,
            at: fields.here(),
        })
    }
}

pub(in crate::kustomize) fn each<T>(
    fields: &Fields<'_>,
    list: &str,
    read: impl Fn(&Fields<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    fields.items(list)?.iter().map(read).collect()
}

fn warn_of_deprecated(fields: &Fields<'_>, warnings: &mut Vec<Warning>) {
    let table = [
        ("bases", "resources"),
        ("commonLabels", "labels"),
        ("imageTags", "images"),
        ("patchesJson6902", "patches"),
        ("patchesStrategicMerge", "patches"),
        ("vars", "replacements"),
    ];
    for (field, instead) in table {
        if fields.has(field) {
            let kind = WarningKind::DeprecatedField { field, instead };
            warnings.push(Warning { at: fields.at(field), kind });
        }
    }
}

fn refuse_helm(fields: &Fields<'_>) -> Result<(), Error> {
    for field in HELM {
        if !fields.values(field)?.is_empty() {
            return Err(Error::Helm { at: fields.at(field), field: (*field).into() });
        }
    }
    Ok(())
}

fn is_component(fields: &Fields<'_>) -> Result<bool, Error> {
    let kind = fields.text("kind")?.unwrap_or_default();
    let (is_component, version) = match kind.as_str() {
        "" | "Kustomization" => (false, "kustomize.config.k8s.io/v1beta1"),
        "Component" => (true, "kustomize.config.k8s.io/v1alpha1"),
        _ => {
            let expected = "Kustomization or Component";
            return Err(Error::WrongValue {
                at: fields.at("kind"),
                field: "kind".into(),
                value: kind,
                expected,
            });
        }
    };
    match fields.text("apiVersion")? {
        Some(value) if !value.is_empty() && value != version => {
            let field = "apiVersion".into();
            Err(Error::WrongValue { at: fields.at("apiVersion"), field, value, expected: version })
        }
        _ => Ok(is_component),
    }
}

fn resources(fields: &Fields<'_>) -> Result<Option<Vec<Entry>>, Error> {
    if !fields.has("resources") && !fields.has("bases") {
        return Ok(None);
    }
    let mut resources = fields.texts("resources")?;
    resources.extend(fields.texts("bases")?);
    Ok(Some(resources))
}

fn labels(fields: &Fields<'_>) -> Result<Labels, Error> {
    fields.allow(&["pairs", "includeSelectors", "includeTemplates", "fields"])?;
    Ok(Labels {
        pairs: fields.pairs("pairs")?,
        include_selectors: fields.flag("includeSelectors")?,
        include_templates: fields.flag("includeTemplates")?,
        fields: each(fields, "fields", config::field_spec)?,
        at: fields.here(),
    })
}

pub(in crate::kustomize) fn image(fields: &Fields<'_>) -> Result<Image, Error> {
    fields.allow(&["name", "newName", "newTag", "digest", "tagSuffix"])?;
    let text = |field| Ok::<_, Error>(fields.text(field)?.filter(|text| !text.is_empty()));
    Ok(Image {
        name: required(fields, "name")?,
        new_name: text("newName")?,
        new_tag: text("newTag")?,
        digest: text("digest")?,
        tag_suffix: text("tagSuffix")?,
        at: Some(fields.here()),
    })
}

pub(in crate::kustomize) fn replicas(fields: &Fields<'_>) -> Result<Replicas, Error> {
    fields.allow(&["name", "count"])?;
    let count = fields.integer("count")?.unwrap_or(0);
    Ok(Replicas { name: required(fields, "name")?, count, at: fields.here() })
}

pub(in crate::kustomize) fn patch(fields: &Fields<'_>) -> Result<Patch, Error> {
    fields.allow(&["patch", "path", "target", "options"])?;
    let options = fields.child("options")?;
    let option = |name: &str| options.as_ref().map_or(Ok(false), |options| options.flag(name));
    if let Some(options) = &options {
        options.allow(&["allowNameChange", "allowKindChange"])?;
    }
    Ok(Patch {
        text: fields.text("patch")?.filter(|text| !text.trim().is_empty()),
        path: fields.text("path")?.filter(|path| !path.is_empty()),
        target: fields.child("target")?.as_ref().map(target).transpose()?,
        allow_name_change: option("allowNameChange")?,
        allow_kind_change: option("allowKindChange")?,
        at: fields.here(),
    })
}

pub(in crate::kustomize) fn target(fields: &Fields<'_>) -> Result<Target, Error> {
    let known = ["group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector"];
    fields.allow(&known)?;
    let text = |field| Ok::<_, Error>(fields.text(field)?.filter(|text| !text.is_empty()));
    Ok(Target {
        label_selector: text("labelSelector")?,
        annotation_selector: text("annotationSelector")?,
        ..target_words(fields)?
    })
}

/// A target among other fields, without selectors.
pub(in crate::kustomize) fn target_words(fields: &Fields<'_>) -> Result<Target, Error> {
    let text = |field| Ok::<_, Error>(fields.text(field)?.filter(|text| !text.is_empty()));
    Ok(Target {
        group: text("group")?,
        version: text("version")?,
        kind: text("kind")?,
        name: text("name")?,
        namespace: text("namespace")?,
        label_selector: None,
        annotation_selector: None,
        at: fields.here(),
    })
}

fn order(fields: &Fields<'_>) -> Result<Option<Order>, Error> {
    let Some(options) = fields.child("sortOptions")? else { return Ok(None) };
    options.allow(&["order", "legacySortOptions"])?;
    let legacy = options.child("legacySortOptions")?;
    let order = options.text("order")?.unwrap_or_default();
    let wrong = |expected| {
        let (at, field, value) = (options.at("order"), "order".into(), order.clone());
        Err(Error::WrongValue { at, field, value, expected })
    };
    match (order.as_str(), legacy) {
        ("fifo", None) => Ok(Some(Order::Fifo)),
        ("fifo", Some(_)) => wrong("legacy where there are `legacySortOptions`"),
        ("legacy", legacy) => legacy_order(legacy.as_ref()).map(Some),
        _ => wrong("fifo or legacy"),
    }
}

fn legacy_order(options: Option<&Fields<'_>>) -> Result<Order, Error> {
    let Some(options) = options else {
        let words = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect();
        return Ok(Order::Legacy { first: words(&FIRST), last: words(&LAST) });
    };
    options.allow(&["orderFirst", "orderLast"])?;
    let words =
        |list: &str| Ok::<_, Error>(options.texts(list)?.into_iter().map(|entry| entry.text).collect());
    Ok(Order::Legacy { first: words("orderFirst")?, last: words("orderLast")? })
}

fn required(fields: &Fields<'_>, field: &'static str) -> Result<String, Error> {
    given(fields, field, fields.text(field)?)
}

pub(super) fn given(fields: &Fields<'_>, field: &'static str, text: Option<String>) -> Result<String, Error> {
    let text = text.filter(|text| !text.is_empty());
    text.ok_or_else(|| Error::MissingField { at: fields.here(), field })
}

fn var(fields: &Fields<'_>) -> Result<Var, Error> {
    fields.allow(&["name", "objref", "fieldref"])?;
    let Some(object) = fields.child("objref")? else {
        return Err(Error::MissingField { at: fields.here(), field: "objref" });
    };
    object.allow(&["apiVersion", "group", "version", "kind", "name", "namespace"])?;
    let text = |field| Ok::<_, Error>(object.text(field)?.unwrap_or_default());
    let (mut group, mut version) = (text("group")?, text("version")?);
    match text("apiVersion")?.split('/').collect::<Vec<_>>()[..] {
        [own_group, own_version] => (group, version) = (own_group.into(), own_version.into()),
        [own_version] if !own_version.is_empty() => version = own_version.into(),
        _ => {}
    }
    let field = fields.child("fieldref")?;
    if let Some(field) = &field {
        field.allow(&["fieldPath"])?;
    }
    let path = field.map(|field| field.text("fieldPath")).transpose()?.flatten();
    Ok(Var {
        name: required(fields, "name")?,
        of: Gvk { group: group.into(), version: version.into(), kind: text("kind")?.into() },
        object: text("name")?,
        namespace: text("namespace")?,
        path: path.filter(|path| !path.is_empty()).unwrap_or_else(|| "metadata.name".into()),
        at: fields.here(),
    })
}

fn openapi(fields: &Fields<'_>) -> Result<OpenApi, Error> {
    let Some(openapi) = fields.child("openapi")? else { return Ok(OpenApi::default()) };
    let entry = |field| -> Result<Option<Entry>, Error> {
        Ok(openapi.text(field)?.map(|text| Entry { text, at: openapi.at(field) }))
    };
    Ok(OpenApi { path: entry("path")?, version: entry("version")? })
}

fn metadata(fields: &Fields<'_>) -> Result<Metadata, Error> {
    let asked = fields.texts("buildMetadata")?;
    let has = |option: &str| asked.iter().any(|entry| entry.text == option);
    Ok(Metadata {
        is_noted: !asked.is_empty(),
        origins: has("originAnnotations"),
        transformations: has("transformerAnnotations"),
        managed_by: has("managedByLabel"),
    })
}
