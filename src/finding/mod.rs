//! The one shape of "something is wrong": what was seen, on which object, and what to do about it. Pure.
//!
//! `docs/findings.md` has an entry for each [`Code`].

mod code;

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::kustomize::At;
use crate::object::ObjectId;

pub use code::Code;

/// Something that is wrong, or hardly as it was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub code: Code,
    pub severity: Severity,
    /// None where it is about no single object.
    pub object: Option<ObjectId>,
    /// The workloads that it holds up, where they are not its object: six services that one quota refuses.
    pub affects: Vec<ObjectId>,
    /// Where the object was written; None where it came from no file.
    pub at: Option<At>,
    /// The evidence: one line, which reads on from the object's name.
    pub seen: String,
    /// The next step: one line.
    pub hint: String,
}

/// How much a finding weighs. Ordered: what weighs most comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something will be refused, will not run, or will not be reached.
    Error,
    /// It may be meant so, or what was not looked at may mend it.
    Warning,
}

impl Finding {
    pub fn new(code: Code, severity: Severity, seen: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            object: None,
            affects: Vec::new(),
            at: None,
            seen: seen.into(),
            hint: hint.into(),
        }
    }

    pub fn error(code: Code, seen: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, seen, hint)
    }

    pub fn warning(code: Code, seen: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, seen, hint)
    }

    pub fn on(self, object: ObjectId) -> Self {
        Self { object: Some(object), ..self }
    }

    pub fn at(self, at: Option<At>) -> Self {
        Self { at, ..self }
    }

    /// How it begins: `error[KSI-201]`.
    pub fn label(&self) -> String {
        format!("{}[{}]", self.severity.name(), self.code)
    }
}

/// Puts findings in the order in which they are told: the weightiest first, then by code and object.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let by_weight = (a.severity, a.code).cmp(&(b.severity, b.code));
        by_weight.then_with(|| a.object.cmp(&b.object)).then_with(|| a.seen.cmp(&b.seen))
    });
}

/// `Deployment/shop/web (overlays/web.yaml:3): what was seen`; without its code, severity and hint.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.object, &self.at) {
            (Some(object), Some(at)) => write!(f, "{object} ({at}): ")?,
            (Some(object), None) => write!(f, "{object}: ")?,
            (None, Some(at)) => write!(f, "{at}: ")?,
            (None, None) => {}
        }
        f.write_str(&self.seen)?;
        for (number, workload) in self.affects.iter().enumerate() {
            let before = if number == 0 { "; it holds up " } else { ", " };
            write!(f, "{before}{workload}")?;
        }
        Ok(())
    }
}

/// `docs/events.md` promises these fields.
impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Finding", 8)?;
        fields.serialize_field("code", &self.code)?;
        fields.serialize_field("severity", self.severity.name())?;
        fields.serialize_field("object", &self.object.as_ref().map(ToString::to_string))?;
        let affects: Vec<String> = self.affects.iter().map(ToString::to_string).collect();
        fields.serialize_field("affects", &affects)?;
        fields.serialize_field("file", &self.at.as_ref().map(|at| at.file.display().to_string()))?;
        fields.serialize_field("line", &self.at.as_ref().and_then(|at| at.line))?;
        fields.serialize_field("seen", &self.seen)?;
        fields.serialize_field("hint", &self.hint)?;
        fields.end()
    }
}

/// As it is written.
#[cfg(test)]
impl schemars::JsonSchema for Finding {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Finding".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "Something that is wrong, or hardly as it was meant; docs/findings.md has an entry for each code.",
            "properties": {
                "code": {"type": "string", "pattern": "^KSI-[0-9]{3}$"},
                "severity": {"enum": ["error", "warning"]},
                "object": {"type": ["string", "null"]},
                "affects": {"type": "array", "items": {"type": "string"}},
                "file": {"type": ["string", "null"]},
                "line": {"type": ["integer", "null"], "minimum": 1},
                "seen": {"type": "string"},
                "hint": {"type": "string"}
            },
            "required": ["code", "severity", "object", "affects", "file", "line", "seen", "hint"]
        })
    }
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::GroupKind;
    use serde_json::json;

    fn finding() -> Finding {
        let group_kind = GroupKind { group: "apps".to_owned(), kind: "Deployment".to_owned() };
        let object = ObjectId { group_kind, namespace: Some("shop".to_owned()), name: "web".to_owned() };
        Finding::error(Code::SelectorMatchesNothing, "no pod is called that", "call one that").on(object)
    }

    #[test]
    fn a_finding_reads_as_one_line_with_its_place() {
        let at = Some(At { file: "overlays/web.yaml".into(), line: Some(3) });
        let placed = finding().at(at.clone());
        assert_eq!(placed.to_string(), "Deployment/shop/web (overlays/web.yaml:3): no pod is called that");
        assert_eq!(finding().to_string(), "Deployment/shop/web: no pod is called that");
        let placeless = Finding { object: None, ..placed };
        assert_eq!(placeless.to_string(), "overlays/web.yaml:3: no pod is called that");
    }

    #[test]
    fn a_program_gets_every_field_and_null_for_what_is_not_known() {
        let placed = finding().at(Some(At { file: "web.yaml".into(), line: Some(3) }));
        let fields = json!({"code": "KSI-212", "severity": "error", "object": "Deployment/shop/web", "affects": [],
            "file": "web.yaml", "line": 3, "seen": "no pod is called that", "hint": "call one that"});
        assert_eq!(serde_json::to_value(&placed).unwrap(), fields);
        let bare = Finding { object: None, ..finding() };
        let fields = serde_json::to_value(&bare).unwrap();
        assert!(["object", "file", "line"].iter().all(|field| fields[field].is_null()), "{fields}");
    }

    #[test]
    fn what_weighs_most_is_told_first() {
        let warning = |code| Finding::warning(code, "", "");
        let mut findings = [
            warning(Code::UnknownKind),
            finding(),
            warning(Code::HostUnknown),
            Finding::error(Code::UnknownKind, "", ""),
        ];
        sort(&mut findings);
        let order = findings.map(|finding| format!("{} {}", finding.severity.name(), finding.code));
        assert_eq!(order, ["error KSI-201", "error KSI-212", "warning KSI-201", "warning KSI-206"]);
    }
}
