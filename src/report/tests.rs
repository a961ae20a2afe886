use insta::assert_snapshot;
use jiff::Timestamp;

use super::{File, Form, Report};
use crate::event::recording::{self, Recording};
use crate::event::{CheckOutcome, Ending, Event};
use crate::finding::{Code, Finding};

fn of(recording: Recording) -> Report {
    let mut report = Report::new(Timestamp::UNIX_EPOCH);
    recording.iter().for_each(|(_, event)| report.fold(event));
    report
}

#[test]
fn a_failed_run_as_a_document() {
    assert_snapshot!(Form::Json.render(&of(recording::failed())));
}

#[test]
fn a_failed_run_as_junit() {
    assert_snapshot!(Form::Junit.render(&of(recording::failed())));
}

#[test]
fn a_failed_run_as_a_summary() {
    assert_snapshot!(Form::Markdown.render(&of(recording::failed())));
}

#[test]
fn a_failed_run_as_a_page() {
    let page = Form::Html.render(&of(recording::failed()));
    let (style, body) = (page.find("<style>").unwrap(), page.find("</style>").unwrap());
    assert_snapshot!(format!("{}{}", &page[..style], &page[body..]));
}

#[test]
fn an_interrupted_run_tells_which_layers_it_did_not_come_to() {
    assert_snapshot!(Form::Markdown.render(&of(recording::interrupted())));
}

/// What a CI system would take for a run that went well, or for a mistake.
#[test]
fn junit_has_a_failure_where_the_run_failed_and_a_case_always() {
    for name in recording::NAMES {
        let report = of(recording::named(name).unwrap());
        let failed = report.finished.as_ref().is_some_and(|finished| finished.outcome != Ending::Done);
        let xml = Form::Junit.render(&report);
        assert!(xml.contains("<testcase "), "{name}: {xml}");
        assert_eq!(xml.contains("<failure ") || xml.contains("<error "), failed, "{name}: {xml}");
    }
}

#[test]
fn what_a_cluster_says_is_neither_markup_nor_a_secret() {
    let said = "<script>|`a`\nhttps://me:hunter2@db.test failed, password=hunter2 & \u{1b}[31m";
    let mut report = Report::new(Timestamp::UNIX_EPOCH);
    report.fold(&Event::Found(Finding::error(Code::UnknownKind, said, said)));
    report.fold(&Event::Warned { warning: said.to_owned() });
    report.fold(&Event::checked("mtls", CheckOutcome::Passed, said, Vec::new()));
    for form in [Form::Json, Form::Junit, Form::Html, Form::Markdown] {
        let text = form.render(&report);
        assert!(!text.contains("hunter2"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
        assert_eq!(text.contains("<script>"), form == Form::Json, "{text}");
    }
    let summary = Form::Markdown.render(&report);
    assert!(summary.contains("| mtls | passed | &lt;script&gt;\\|\\`a\\`<br>https"), "{summary}");
}

#[test]
fn the_extension_says_in_which_form_and_what_cannot_be_written_is_told_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for name in ["a.json", "a.XML", "a.b.html"] {
        assert!(File::named(&path(name)).is_ok(), "{name}");
    }
    let table = [
        ("a", "its name is to end in .json"),
        ("a.txt", "its name is to end in .json"),
        (".json", "its name is to end in .json"),
        ("none/a.json", "there is no folder"),
    ];
    for (name, expected) in table {
        let error = File::named(&path(name)).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{name}: {error}");
    }
    std::fs::create_dir(path("folder.xml")).unwrap();
    assert_eq!(File::named(&path("folder.xml")).unwrap_err().to_string(), "it is a folder");
    assert!(File::junit(&path("a")).is_ok());
}

#[test]
fn a_file_is_replaced_whole_and_a_shared_one_is_added_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    std::fs::write(&path, "the last run").unwrap();
    let report = of(recording::checked());
    File::named(path.to_str().unwrap()).unwrap().write(&report).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), Form::Json.render(&report));

    let summary = folder.path().join("summary.md");
    std::fs::write(&summary, "from another step\n").unwrap();
    for _ in 0..2 {
        File::summary(summary.clone()).write(&report).unwrap();
    }
    let section = Form::Markdown.render(&report);
    assert_eq!(std::fs::read_to_string(&summary).unwrap(), format!("from another step\n{section}{section}"));
    // No unfinished file is left behind.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);

    let readable = std::fs::metadata(&path).unwrap().permissions();
    assert_ne!(std::os::unix::fs::PermissionsExt::mode(&readable) & 0o400, 0);
    std::fs::remove_dir_all(folder.path()).unwrap();
    assert!(File::summary(summary).write(&report).is_err());
}
