//! The form of a table of what may stand where in a profile. The tables stand beside their readers, and are the one
//! source of the names that these take and of the schema that is published.

/// A field of a mapping.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: &'static str,
    /// What it is, for people: in messages, and in the schema for their editors.
    pub(super) meaning: &'static str,
    pub(super) shape: Shape,
    /// In the end, when all is merged.
    pub(super) is_required: bool,
}

/// How a value looks, as far as a schema can tell.
#[derive(Debug)]
pub(super) enum Shape {
    /// Text that matches a regular expression, and is none of some words.
    Text {
        like: &'static str,
        except: &'static [&'static str],
    },
    Word(&'static [&'static str]),
    List(&'static Shape),
    /// Of the groups of fields in `one_of`, where there are any, some of exactly one must stand.
    Mapping {
        fields: &'static [Entry],
        one_of: &'static [&'static [&'static str]],
    },
    /// A mapping with whatever names match a regular expression.
    Named {
        names: &'static str,
        values: &'static Shape,
    },
    /// A mapping that others know more of, but for some fields that do not belong there.
    Foreign {
        except: &'static [&'static str],
    },
}

impl Entry {
    pub(super) const fn required(name: &'static str, meaning: &'static str, shape: Shape) -> Self {
        Self { name, meaning, shape, is_required: true }
    }

    pub(super) const fn optional(name: &'static str, meaning: &'static str, shape: Shape) -> Self {
        Self { name, meaning, shape, is_required: false }
    }
}

impl Shape {
    pub(super) const fn text(like: &'static str) -> Self {
        Self::Text { like, except: &[] }
    }

    pub(super) const fn mapping(fields: &'static [Entry]) -> Self {
        Self::Mapping { fields, one_of: &[] }
    }
}
