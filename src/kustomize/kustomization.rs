//! The fields of a kustomization file.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::fields::{Entry, Fields};
use super::fieldspec::FieldSpec;
use super::{At, Error, Warning, WarningKind};

/// What one kustomization asks for.
#[derive(Clone, Debug)]
pub(super) struct Kustomization {
    pub(super) is_component: bool,
    /// None where neither `resources` nor `bases` is given.
    pub(super) resources: Option<Vec<Entry>>,
    pub(super) components: Vec<Entry>,
    pub(super) namespace: Option<String>,
    pub(super) name_prefix: String,
    pub(super) name_suffix: String,
    pub(super) labels: Vec<Labels>,
    pub(super) common_labels: BTreeMap<String, String>,
    pub(super) common_annotations: BTreeMap<String, String>,
    pub(super) images: Vec<Image>,
    pub(super) replicas: Vec<Replicas>,
    pub(super) patches: Vec<Patch>,
    pub(super) patches_strategic_merge: Vec<Entry>,
    pub(super) patches_json6902: Vec<Patch>,
    pub(super) generators: Vec<Generator>,
    pub(super) order: Option<Order>,
}

#[derive(Clone, Debug)]
pub(super) struct Labels {
    pub(super) pairs: BTreeMap<String, String>,
    pub(super) include_selectors: bool,
    pub(super) include_templates: bool,
    pub(super) fields: Vec<FieldSpec>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    pub(super) name: String,
    pub(super) new_name: Option<String>,
    pub(super) new_tag: Option<String>,
    pub(super) digest: Option<String>,
    pub(super) tag_suffix: Option<String>,
    pub(super) at: Option<At>,
}

#[derive(Clone, Debug)]
pub(super) struct Replicas {
    pub(super) name: String,
    pub(super) count: i64,
    pub(super) at: At,
}

#[derive(Clone, Debug)]
pub(super) struct Patch {
    pub(super) text: Option<String>,
    pub(super) path: Option<String>,
    pub(super) target: Option<Target>,
    pub(super) allow_name_change: bool,
    pub(super) allow_kind_change: bool,
    pub(super) at: At,
}

/// Which objects a patch is for. All but the selectors are regular expressions for the whole word.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) group: Option<String>,
    pub(super) version: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) label_selector: Option<String>,
    pub(super) annotation_selector: Option<String>,
    pub(super) at: At,
}

#[derive(Clone, Debug)]
pub(super) struct Generator {
    pub(super) kind: Generated,
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) behavior: Behavior,
    pub(super) envs: Vec<Entry>,
    pub(super) literals: Vec<Entry>,
    pub(super) files: Vec<Entry>,
    pub(super) options: GeneratorOptions,
    pub(super) at: At,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Generated {
    ConfigMap,
    Secret { type_: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behavior {
    Create,
    Merge,
    Replace,
}

#[derive(Clone, Debug, Default)]
pub(super) struct GeneratorOptions {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) disable_name_suffix_hash: bool,
    pub(super) immutable: bool,
}

/// The order in which the objects of the outermost kustomization come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// As loaded.
    Fifo,
    /// By kind; what kubectl does where nothing is said.
    Legacy,
}

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
    pub(super) fn read(fields: &Fields<'_>, warnings: &mut Vec<Warning>) -> Result<Self, Error> {
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

impl GeneratorOptions {
    /// Takes over what the kustomization says for all its generators; the generator's own labels win.
    fn inherit(&mut self, global: &Self) {
        for (own, theirs) in
            [(&mut self.labels, &global.labels), (&mut self.annotations, &global.annotations)]
        {
            for (key, value) in theirs {
                own.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        self.disable_name_suffix_hash |= global.disable_name_suffix_hash;
        self.immutable |= global.immutable;
    }
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
