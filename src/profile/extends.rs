//! From a profile's file to the one document that it and all that it extends make together.

use std::path::Path;

use serde_json::Value;

use super::document::{Content, Node};
use super::error::{Mistake, Problem};
use super::file::joined;
use super::merge::merge;
use super::{ProfileError, ProfileFile, embedded};

pub(super) const EXTENDS: &str = "extends";
pub(super) const PARENT: &str = "the name of one profile of this program, or one file as ./base.yaml";

/// The document of a file, laid over what it extends.
pub(super) fn read(file: &ProfileFile) -> Result<Node, ProfileError> {
    extended(Node::parse(file, &file.text()?)?, file, &[])
}

/// A document that is read already, laid over what it extends. `above` are the files by which its file is extended,
/// the uppermost first.
pub(super) fn extended(
    mut document: Node,
    file: &ProfileFile,
    above: &[ProfileFile],
) -> Result<Node, ProfileError> {
    let Some(extends) = document.take(EXTENDS) else { return Ok(document) };
    let parent = parent(&extends, file)?;
    let text = parent.text().map_err(|error| error.extended_at(&extends.place))?;
    let mut chain = [above, std::slice::from_ref(file)].concat();
    if chain.iter().any(|file| identity(file) == identity(&parent)) {
        chain.push(parent);
        return Err(ProfileError::Circle { place: extends.place, chain });
    }
    let lower = extended(Node::parse(&parent, &text)?, &parent, &chain)?;
    Ok(merge(lower, document))
}

/// The profile that a file says it extends.
fn parent(extends: &Node, file: &ProfileFile) -> Result<ProfileFile, ProfileError> {
    let word = match &extends.content {
        Content::Scalar(Value::String(word)) if !word.is_empty() => word,
        other => {
            let mistake = Mistake::Wrong { found: other.shown(), expected: PARENT, nearest: None };
            return Err(wrong(extends, mistake));
        }
    };
    match ProfileFile::named(word) {
        ProfileFile::Path(path) => {
            let folder = file.folder().unwrap_or(Path::new(""));
            Ok(ProfileFile::Path(joined(folder, &path)))
        }
        ProfileFile::Embedded(name) => match embedded::text(&name) {
            Ok(_) => Ok(ProfileFile::Embedded(name)),
            Err(ProfileError::Unknown { nearest, known, .. }) => {
                Err(wrong(extends, Mistake::UnknownParent { name, nearest, known }))
            }
            Err(error) => Err(error),
        },
    }
}

fn wrong(extends: &Node, mistake: Mistake) -> ProfileError {
    let problem = Problem { place: extends.place.clone(), field: EXTENDS.to_owned(), mistake };
    ProfileError::Wrong { problems: vec![problem] }
}

/// Two ways of writing one file are one file.
fn identity(file: &ProfileFile) -> ProfileFile {
    match file {
        ProfileFile::Path(path) => ProfileFile::Path(path.canonicalize().unwrap_or_else(|_| path.clone())),
        embedded => embedded.clone(),
    }
}
