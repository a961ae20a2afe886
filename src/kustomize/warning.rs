use std::fmt;

use super::At;

/// Something that renders, but hardly as it was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub at: At,
    pub kind: WarningKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WarningKind {
    /// kustomize still takes the field, but has another one for it.
    DeprecatedField { field: &'static str, instead: &'static str },
    /// A patch with a `target` that selects no object; kubectl says nothing of it.
    PatchSelectsNothing { target: String },
    /// An `images` entry whose name no container's image has.
    ImageUsedNowhere { name: String },
    /// A var that stands nowhere; kubectl says so too.
    VarUsedNowhere { name: String },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.at)?;
        match &self.kind {
            WarningKind::DeprecatedField { field, instead } => {
                write!(f, "`{field}` is deprecated; `{instead}` does the same")
            }
            WarningKind::PatchSelectsNothing { target } => {
                write!(f, "no resource matches this patch's target ({target}); it changes nothing")
            }
            WarningKind::VarUsedNowhere { name } => {
                write!(f, "`$({name})` stands nowhere; this var changes nothing")
            }
            WarningKind::ImageUsedNowhere { name } => {
                write!(f, "no container runs an image named `{name}`; this entry changes nothing")
            }
        }
    }
}
