//! Reading what Kubernetes' components say in their messages.

/// `x` in `failed calling webhook "x": ...`, after the words that lead to it.
pub(super) fn quoted_after<'a>(message: &'a str, words: &str) -> Option<&'a str> {
    let (_, rest) = message.split_once(words)?;
    let (quoted, _) = rest.strip_prefix('"')?.split_once('"')?;
    Some(quoted)
}

pub(super) fn lower_first(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
