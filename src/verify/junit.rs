//! Reports as JUnit XML, in the form that Jenkins and GitLab read.

use std::fmt::Write;
use std::time::Duration;

use super::report::{Outcome, Report};

/// A test suite with a test case for each check. What is blocked counts as skipped.
pub fn junit(reports: &[Report], took: Duration) -> String {
    let number = |is: fn(Outcome) -> bool| reports.iter().filter(|report| is(report.outcome)).count();
    let failures = number(|outcome| outcome == Outcome::Failed);
    let skipped = number(|outcome| matches!(outcome, Outcome::Blocked(_)));
    let cases: String = reports.iter().map(case).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites>\n  \
         <testsuite name=\"kubestock-install verify\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" \
         skipped=\"{skipped}\" time=\"{:.3}\">\n{cases}  </testsuite>\n</testsuites>\n",
        reports.len(),
        took.as_secs_f64(),
    )
}

fn case(report: &Report) -> String {
    let name = report.check.name();
    let mut case = format!("    <testcase classname=\"mesh\" name=\"{name}\">\n");
    let seen = escaped(&report.seen);
    let _never_fails = match report.outcome {
        Outcome::Passed => writeln!(case, "      <system-out>{seen}{}</system-out>", findings(report)),
        Outcome::Failed => writeln!(case, "      <failure message=\"{seen}\">{}</failure>", findings(report)),
        Outcome::Blocked(by) => writeln!(case, "      <skipped message=\"blocked by {by}: {seen}\"/>"),
    };
    case + "    </testcase>\n"
}

fn findings(report: &Report) -> String {
    let line = |finding: &crate::finding::Finding| {
        escaped(&format!("\n{}: {finding}\n    hint: {}", finding.label(), finding.hint))
    };
    report.findings.iter().map(line).collect()
}

/// For text and for attributes. XML 1.0 has no place for most control characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Code, Finding};
    use crate::object::ObjectId;
    use crate::profile::Check;

    #[test]
    fn each_check_is_a_test_case_and_what_a_cluster_says_is_no_markup() {
        let finding = Finding::error(Code::NoAnswer, "503 <\"a\" & b>\u{1b}[31m", "mend it")
            .on(ObjectId::core("Service", Some("shop"), "web"));
        let report =
            |check, outcome, seen: &str, findings| Report { check, outcome, seen: seen.to_owned(), findings };
        let reports = [
            report(Check::Services, Outcome::Passed, "ready: 1 workload", Vec::new()),
            report(Check::Connectivity, Outcome::Failed, "503 <\"a\" & b>", vec![finding]),
            report(Check::Mtls, Outcome::Blocked(Check::Connectivity), "no answer", Vec::new()),
        ];
        insta::assert_snapshot!(junit(&reports, Duration::from_millis(8200)), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites>
          <testsuite name="kubestock-install verify" tests="3" failures="1" errors="0" skipped="1" time="8.200">
            <testcase classname="mesh" name="services">
              <system-out>ready: 1 workload</system-out>
            </testcase>
            <testcase classname="mesh" name="connectivity">
              <failure message="503 &lt;&quot;a&quot; &amp; b&gt;">
        error[KSI-531]: Service/shop/web: 503 &lt;&quot;a&quot; &amp; b&gt;�[31m
            hint: mend it</failure>
            </testcase>
            <testcase classname="mesh" name="mtls">
              <skipped message="blocked by connectivity: no answer"/>
            </testcase>
          </testsuite>
        </testsuites>
        "#);
    }
}
