//! `replacements`: values copied from one object into fields of others.

use serde_json::Value;

use crate::object::yaml::LocatedDocument;

use super::fieldpath::{Found, NoWay, Shape};
use super::fields::{Document, Entry, Fields, Unknown};
use super::kustomization::{
    Part, Path, Replacement, ReplacementEntry, SourceField, Target, TargetFields, replacement,
};
use super::label_selector::LabelSelector;
use super::load::{self, Folder};
use super::resource::{Resource, ResourceId, Resources};
use super::{At, Error, ReplacementProblem, Source, scalar};

/// The replacements of all entries, those in files included.
pub(super) fn read(
    source: &dyn Source,
    folder: &Folder,
    entries: &[ReplacementEntry],
) -> Result<Vec<Replacement>, Error> {
    let mut all = Vec::new();
    for entry in entries {
        match entry {
            ReplacementEntry::Inline(replacement) => all.push((**replacement).clone()),
            ReplacementEntry::File(entry) => all.extend(from_file(source, folder, entry)?),
        }
    }
    Ok(all)
}

fn from_file(source: &dyn Source, folder: &Folder, entry: &Entry) -> Result<Vec<Replacement>, Error> {
    let (file, document) = load::one_document(source, folder, entry)?;
    let Some(LocatedDocument { value, lines, .. }) = document else {
        return Err(Error::Empty { at: At { file, line: None } });
    };
    let document = Document { file, lines, line: None, unknown: Unknown::Ignored };
    Fields::one_or_list(&document, &value)?.iter().map(replacement::replacement).collect()
}

/// Makes them all, in order: each sees what the ones before it wrote.
pub(super) fn make(replacements: &[Replacement], resources: &mut Resources) -> Result<(), Error> {
    for replacement in replacements {
        let value = value(replacement, resources)?;
        for target in &replacement.targets {
            write(&value, target, resources)?;
        }
    }
    Ok(())
}

fn value(replacement: &Replacement, resources: &Resources) -> Result<Value, Error> {
    let SourceField { object, path, part } = &replacement.source;
    let refuse = |problem| Error::Replacement { at: replacement.at.clone(), problem: Box::new(problem) };
    let mut selected = resources.list.iter().filter(|resource| is_selected(object, resource));
    let Some(resource) = selected.next() else {
        return Err(refuse(ReplacementProblem::NoSource { selector: object.to_string() }));
    };
    if let Some(second) = selected.next() {
        let objects = vec![resource.name(), second.name()];
        return Err(refuse(ReplacementProblem::SeveralSources { selector: object.to_string(), objects }));
    }
    let field = || (resource.name(), path.text.clone());
    let no_way = |way: NoWay| {
        let (object, path) = field();
        refuse(ReplacementProblem::NoWay { object, path, reason: way.to_string() })
    };
    match path.steps.lookup(&resource.object.to_value()).map_err(no_way)?.filter(|value| !is_empty(value)) {
        None => {
            let (object, path) = field();
            Err(refuse(ReplacementProblem::EmptySource { object, path }))
        }
        Some(value) => match part {
            None => Ok(value.clone()),
            Some(part) => part.of(value).map_err(|problem| {
                let (object, path) = field();
                refuse(problem.told(object, path))
            }),
        },
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn write(value: &Value, target: &TargetFields, resources: &mut Resources) -> Result<(), Error> {
    let labels = Chosen::new(&target.select)?;
    let rejected: Vec<Chosen> = target.reject.iter().map(Chosen::new).collect::<Result<_, _>>()?;
    for resource in &mut resources.list {
        let is_rejected = target.reject.iter().zip(&rejected).any(|(words, labels)| {
            (labels.says_something && labels.holds(resource))
                || (has_words(words) && is_selected(words, resource))
        });
        if labels.holds(resource) && !is_rejected && is_selected(&target.select, resource) {
            for path in &target.paths {
                write_field(value, path, target, resource)?;
            }
        }
    }
    Ok(())
}

fn write_field(
    value: &Value,
    path: &Path,
    target: &TargetFields,
    resource: &mut Resource,
) -> Result<(), Error> {
    let object = resource.name();
    let refuse = |problem: Misfit| Error::Replacement {
        at: target.at.clone(),
        problem: Box::new(problem.told(object.clone(), path.text.clone())),
    };
    let create = target.create.then_some(Shape::of(value));
    let mut all = Value::Object(std::mem::take(resource.object.fields_mut()));
    let found = path.steps.each(&mut all, create, &mut |found| set(found, value, target.part.as_ref()));
    if let Value::Object(fields) = all {
        *resource.object.fields_mut() = fields;
    }
    resource.follow_shared();
    match found.map_err(refuse)? {
        0 => Err(refuse(Misfit::Nothing)),
        _ => Ok(()),
    }
}

/// A single value gives a single field its text, and the field keeps its type; all else is replaced.
fn set(found: Found<'_>, value: &Value, part: Option<&Part>) -> Result<(), Misfit> {
    let field = found.value;
    let text = scalar::text(value).unwrap_or_default();
    let is_single = Shape::of(field) == Shape::Scalar;
    let text = match part {
        Some(_) if !is_single => return Err(Misfit::NotSingle),
        Some(part) => part.put_into(&own_text(field, found.is_new), text),
        None => text,
    };
    match (is_single, found.is_new) {
        (true, true) => *field = scalar::plain(&text),
        (true, false) => {
            scalar::assign(field, &text).map_err(|type_| Misfit::Type { text, type_ })?;
        }
        (false, _) => *field = value.clone(),
    }
    Ok(())
}

fn own_text(field: &Value, is_new: bool) -> String {
    let text = scalar::text(field).filter(|_| !is_new);
    text.unwrap_or_default()
}

impl Part {
    fn of(&self, value: &Value) -> Result<Value, Misfit> {
        let text = scalar::text(value).ok_or(Misfit::NotSingle)?;
        let index = usize::try_from(self.index).ok();
        let part = index.and_then(|index| text.split(&self.delimiter).nth(index).map(str::to_owned));
        let Some(part) = part else { return Err(Misfit::NoPart { index: self.index, text }) };
        let mut value = value.clone();
        match scalar::assign(&mut value, &part) {
            Ok(()) => Ok(value),
            Err(_) => Ok(part.into()),
        }
    }

    /// The text with this part of it replaced; before the first and after the last one it is put in.
    fn put_into(&self, text: &str, part: String) -> String {
        let mut parts: Vec<&str> = text.split(&self.delimiter).collect();
        match usize::try_from(self.index) {
            Err(_) => parts.insert(0, &part),
            Ok(index) if index >= parts.len() => parts.push(&part),
            Ok(index) => parts[index] = &part,
        }
        parts.join(&self.delimiter)
    }
}

/// Why a field takes no value, or gives none.
enum Misfit {
    Nothing,
    NoWay(NoWay),
    NotSingle,
    NoPart { index: i64, text: String },
    Type { text: String, type_: &'static str },
}

impl From<NoWay> for Misfit {
    fn from(way: NoWay) -> Self {
        Self::NoWay(way)
    }
}

impl Misfit {
    fn told(self, object: String, path: String) -> ReplacementProblem {
        match self {
            Self::Nothing => ReplacementProblem::NoField { object, path },
            Self::NoWay(way) => ReplacementProblem::NoWay { object, path, reason: way.to_string() },
            Self::NotSingle => ReplacementProblem::NotSingle { object, path },
            Self::NoPart { index, text } => ReplacementProblem::NoPart { object, path, index, text },
            Self::Type { text, type_ } => ReplacementProblem::Type { object, path, text, type_ },
        }
    }
}

/// The selectors of a target, ready to be asked.
struct Chosen {
    labels: LabelSelector,
    annotations: LabelSelector,
    says_something: bool,
}

impl Chosen {
    fn new(target: &Target) -> Result<Self, Error> {
        Ok(Self {
            labels: LabelSelector::read(target.label_selector.as_deref(), &target.at)?,
            annotations: LabelSelector::read(target.annotation_selector.as_deref(), &target.at)?,
            says_something: target.label_selector.is_some() || target.annotation_selector.is_some(),
        })
    }

    fn holds(&self, resource: &Resource) -> bool {
        self.labels.holds(resource.object.pointer("/metadata/labels"))
            && self.annotations.holds(resource.object.pointer("/metadata/annotations"))
    }
}

fn has_words(target: &Target) -> bool {
    let words = [&target.group, &target.version, &target.kind, &target.name, &target.namespace];
    words.into_iter().any(Option::is_some)
}

/// Whether an object has, or once had, exactly these names: here they are no regular expressions. An object
/// without a namespace is in `default`, even one that can have none.
fn is_selected(words: &Target, resource: &Resource) -> bool {
    let is = |word: &Option<String>, actual: &str| word.as_ref().is_none_or(|word| word == actual);
    let has_words = |id: &ResourceId, namespace: &str| {
        is(&words.group, &id.group)
            && is(&words.version, &id.version)
            && is(&words.kind, &id.kind)
            && is(&words.name, &id.name)
            && is(&words.namespace, namespace)
    };
    let namespace = resource.object.namespace().unwrap_or("default");
    has_words(&resource.id(), namespace) || resource.past_ids().any(|id| has_words(&id, &id.namespace))
}
