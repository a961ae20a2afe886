use std::path::PathBuf;

use super::document::Node;
use super::merge::merge;
use super::{Profile, ProfileError, ProfileFile, extends, set};

/// What is laid over a profile, the lowest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    pub files: Vec<PathBuf>,
    /// `a.b=1,c={x,y}`, as Helm has it.
    pub set: Vec<String>,
    /// The same, where all values are text.
    pub set_string: Vec<String>,
}

/// A profile, and the document that it was read from.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    pub profile: Profile,
    pub(super) document: Node,
}

/// The profile in a file, with all that it extends below it and the overrides above. It is named for the file.
///
/// # Errors
/// [`ProfileError::Unknown`], [`ProfileError::Unreadable`], [`ProfileError::NotYaml`],
/// [`ProfileError::NotOneDocument`] and [`ProfileError::Circle`] for files of which there is nothing to merge;
/// [`ProfileError::Wrong`] with everything that is wrong with what was merged.
pub fn resolve(file: &ProfileFile, overrides: &Overrides) -> Result<Resolved, ProfileError> {
    let mut document = extends::read(file)?;
    for path in &overrides.files {
        let file = ProfileFile::Path(path.clone());
        document = merge(document, Node::parse(&file, &file.text()?)?);
    }
    let (document, problems) = set::lay_over(document, overrides);
    let profile = Profile::from_document(&document, file, problems)?;
    Ok(Resolved { profile, document })
}
