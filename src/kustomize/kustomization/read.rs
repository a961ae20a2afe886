//! Reading a kustomization file field by field.

use std::borrow::Cow;

use crate::kustomize::fields::{Entry, Fields};
use crate::kustomize::fieldspec::FieldSpec;
use crate::kustomize::{Error, Warning, WarningKind};

use super::{
    Behavior, Generated, Generator, GeneratorOptions, Image, Kustomization, Labels, Order, Patch, Replicas,
    Target,
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
    "sortOptions",
];

/// Fields of kustomize v5 that mean something we do not do.
const LATER: &[&str] = &[
    "openapi",
    "imageTags",
    "replacements",
    "vars",
    "crds",
    "helmGlobals",
    "helmCharts",
    "helmChartInflationGenerator",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "buildMetadata",
];

const GENERATOR: &[&str] =
    &["name", "namespace", "behavior", "literals", "files", "envs", "env", "options", "type"];

impl Kustomization {
    pub(in crate::kustomize) fn read(
        fields: &Fields<'_>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, Error> {
        fields.allow(KNOWN, LATER)?;
        let says_something = KNOWN[2..].iter().any(|field| fields.has(field));
        if !says_something {
            return Err(Error::Empty { at: fields.here() });
        }
        warn_of_deprecated(fields, warnings);
        let options = match fields.child("generatorOptions")? {
            Some(options) => generator_options(&options)?,
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
            images: each(fields, "images", image)?,
            replicas: each(fields, "replicas", replicas)?,
            patches: each(fields, "patches", patch)?,
            patches_strategic_merge: fields.texts("patchesStrategicMerge")?,
            patches_json6902: each(fields, "patchesJson6902", patch)?,
            generators: generators(fields, &options)?,
            order: order(fields)?,
        })
    }
}

fn each<T>(
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
        ("patchesJson6902", "patches"),
        ("patchesStrategicMerge", "patches"),
    ];
    for (field, instead) in table {
        if fields.has(field) {
            let kind = WarningKind::DeprecatedField { field, instead };
            warnings.push(Warning { at: fields.at(field), kind });
        }
    }
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
    fields.allow(&["pairs", "includeSelectors", "includeTemplates", "fields"], &[])?;
    Ok(Labels {
        pairs: fields.pairs("pairs")?,
        include_selectors: fields.flag("includeSelectors")?,
        include_templates: fields.flag("includeTemplates")?,
        fields: each(fields, "fields", field_spec)?,
    })
}

fn field_spec(fields: &Fields<'_>) -> Result<FieldSpec, Error> {
    fields.allow(&["path", "create", "group", "version", "kind"], &[])?;
    let text = |field| Ok::<Cow<'static, str>, Error>(Cow::Owned(fields.text(field)?.unwrap_or_default()));
    let path = text("path")?;
    if path.is_empty() {
        return Err(Error::MissingField { at: fields.here(), field: "path" });
    }
    let create = fields.flag("create")?;
    Ok(FieldSpec { group: text("group")?, version: text("version")?, kind: text("kind")?, path, create })
}

fn image(fields: &Fields<'_>) -> Result<Image, Error> {
    fields.allow(&["name", "newName", "newTag", "digest", "tagSuffix"], &[])?;
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

fn replicas(fields: &Fields<'_>) -> Result<Replicas, Error> {
    fields.allow(&["name", "count"], &[])?;
    let count = fields.integer("count")?.unwrap_or(0);
    Ok(Replicas { name: required(fields, "name")?, count, at: fields.here() })
}

fn patch(fields: &Fields<'_>) -> Result<Patch, Error> {
    fields.allow(&["patch", "path", "target", "options"], &[])?;
    let options = fields.child("options")?;
    let option = |name: &str| options.as_ref().map_or(Ok(false), |options| options.flag(name));
    if let Some(options) = &options {
        options.allow(&["allowNameChange", "allowKindChange"], &[])?;
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

fn target(fields: &Fields<'_>) -> Result<Target, Error> {
    let known = ["group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector"];
    fields.allow(&known, &[])?;
    let text = |field| Ok::<_, Error>(fields.text(field)?.filter(|text| !text.is_empty()));
    Ok(Target {
        group: text("group")?,
        version: text("version")?,
        kind: text("kind")?,
        name: text("name")?,
        namespace: text("namespace")?,
        label_selector: text("labelSelector")?,
        annotation_selector: text("annotationSelector")?,
        at: fields.here(),
    })
}

fn generators(fields: &Fields<'_>, options: &GeneratorOptions) -> Result<Vec<Generator>, Error> {
    let mut generators = each(fields, "configMapGenerator", |f| generator(f, Generated::ConfigMap, options))?;
    generators.extend(each(fields, "secretGenerator", |f| {
        let type_ = f.text("type")?.filter(|type_| !type_.is_empty());
        generator(f, Generated::Secret { type_: type_.unwrap_or_else(|| "Opaque".into()) }, options)
    })?);
    Ok(generators)
}

fn generator(fields: &Fields<'_>, kind: Generated, global: &GeneratorOptions) -> Result<Generator, Error> {
    let known = if kind == Generated::ConfigMap { &GENERATOR[..GENERATOR.len() - 1] } else { GENERATOR };
    fields.allow(known, &[])?;
    let mut options = match fields.child("options")? {
        Some(options) => generator_options(&options)?,
        None => GeneratorOptions::default(),
    };
    options.inherit(global);
    let mut envs = fields.texts("envs")?;
    if let Some(text) = fields.text("env")?.filter(|text| !text.is_empty()) {
        envs.push(Entry { text, at: fields.at("env") });
    }
    Ok(Generator {
        kind,
        name: required(fields, "name")?,
        namespace: fields.text("namespace")?.filter(|namespace| !namespace.is_empty()),
        behavior: behavior(fields)?,
        envs,
        literals: fields.texts("literals")?,
        files: fields.texts("files")?,
        options,
        at: fields.here(),
    })
}

fn behavior(fields: &Fields<'_>) -> Result<Behavior, Error> {
    match fields.text("behavior")?.as_deref() {
        None | Some("" | "create") => Ok(Behavior::Create),
        Some("merge") => Ok(Behavior::Merge),
        Some("replace") => Ok(Behavior::Replace),
        Some(other) => Err(Error::WrongValue {
            at: fields.at("behavior"),
            field: "behavior".into(),
            value: other.into(),
            expected: "create, merge or replace",
        }),
    }
}

fn generator_options(fields: &Fields<'_>) -> Result<GeneratorOptions, Error> {
    fields.allow(&["labels", "annotations", "disableNameSuffixHash", "immutable"], &[])?;
    Ok(GeneratorOptions {
        labels: fields.pairs("labels")?,
        annotations: fields.pairs("annotations")?,
        disable_name_suffix_hash: fields.flag("disableNameSuffixHash")?,
        immutable: fields.flag("immutable")?,
    })
}

fn order(fields: &Fields<'_>) -> Result<Option<Order>, Error> {
    let Some(options) = fields.child("sortOptions")? else { return Ok(None) };
    options.allow(&["order"], &["legacySortOptions"])?;
    match options.text("order")?.as_deref() {
        Some("fifo") => Ok(Some(Order::Fifo)),
        Some("legacy") => Ok(Some(Order::Legacy)),
        other => Err(Error::WrongValue {
            at: options.at("order"),
            field: "order".into(),
            value: other.unwrap_or_default().into(),
            expected: "fifo or legacy",
        }),
    }
}

fn required(fields: &Fields<'_>, field: &'static str) -> Result<String, Error> {
    let text = fields.text(field)?.filter(|text| !text.is_empty());
    text.ok_or_else(|| Error::MissingField { at: fields.here(), field })
}
