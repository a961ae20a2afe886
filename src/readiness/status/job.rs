use super::Judgement;
use crate::object::Object;
use crate::readiness::conditions::{Condition, conditions, count, int};

/// kstatus takes a Job for current once it runs. Who waits for a Job waits for its work to be done, so
/// here it is in progress until it is complete.
pub(super) fn job(object: &Object) -> Judgement {
    let ended = conditions(object).filter(Condition::is_true).find_map(|condition| match condition.kind {
        "Complete" => Some(Judgement::current("completed")),
        "Failed" => Some(match condition.words() {
            words if words.is_empty() => Judgement::failed("failed"),
            words => Judgement::failed(format!("failed: {words}")),
        }),
        // Nothing will happen until a person resumes it.
        "Suspended" => Some(Judgement::current("suspended")),
        _ => None,
    });
    ended.unwrap_or_else(|| running(object))
}

fn running(object: &Object) -> Judgement {
    if object.text("/status/startTime").is_none_or(str::is_empty) {
        return Judgement::in_progress("not started yet");
    }
    let (succeeded, completions) = pods(object);
    let failed = match count(object, "failed") {
        ..=0 => String::new(),
        1 => ", 1 failed and is tried again".into(),
        failed => format!(", {failed} failed and are tried again"),
    };
    Judgement::in_progress(format!("{succeeded} of {completions} completed{failed}"))
}

/// Pods that have succeeded, of those that are to.
pub(super) fn pods(object: &Object) -> (i64, i64) {
    let parallelism = int(object, "/spec/parallelism").unwrap_or(1);
    let completions = int(object, "/spec/completions").unwrap_or(parallelism);
    (count(object, "succeeded"), completions)
}
