//! `--junit FILE`: the run as test cases in the XML that CI servers read.
//!
//! The run as it is is one case; with `--fail each` every allocation that failed is one. A case with findings has one
//! `failure` with all of them, as they are told on a terminal.

use super::each::Each;
use crate::render;
use kmem_modules::finding::Finding;
use std::fmt::Write as _;

/// A test case.
struct Case<'a> {
    name: String,
    findings: Vec<&'a Finding>,
    /// What else went wrong.
    problem: Option<&'a str>,
}

/// Writes the document. `problem` is what else was wrong with the first run: an init or a script that failed.
pub(super) fn document(suite: &str, findings: &[Finding], problem: Option<&str>, each: Option<&Each>) -> String {
    let mut cases = vec![Case { name: "run".into(), findings: findings.iter().collect(), problem }];
    for point in each.iter().flat_map(|each| &each.points) {
        let groups = each.iter().flat_map(|each| &each.groups);
        let its = groups.filter(|group| group.points.iter().any(|other| other.number == point.number));
        let findings = its.map(|group| &group.finding).collect();
        cases.push(Case { name: format!("failing {}", point.shown), findings, problem: None });
    }
    let failures = cases.iter().filter(|case| case.is_failure()).count();
    let (all, suite) = (cases.len(), escape(suite));
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a String cannot fail.
    let _ = writeln!(text, "<testsuites name=\"kmem run\" tests=\"{all}\" failures=\"{failures}\">");
    let _ = writeln!(text, "  <testsuite name=\"{suite}\" tests=\"{all}\" failures=\"{failures}\" errors=\"0\">");
    for case in &cases {
        case.write(&mut text, &suite);
    }
    text.push_str("  </testsuite>\n</testsuites>\n");
    text
}

impl Case<'_> {
    fn is_failure(&self) -> bool {
        !self.findings.is_empty() || self.problem.is_some()
    }
    fn write(&self, text: &mut String, suite: &str) {
        let place = self.findings.iter().find_map(|finding| finding.at.as_ref());
        let at = place.map_or(String::new(), |at| {
            format!(" file=\"{}\" line=\"{}\"", escape(&at.file.to_string_lossy()), at.line)
        });
        let name = escape(&self.name);
        // As above.
        let _ = write!(text, "    <testcase classname=\"{suite}\" name=\"{name}\"{at}");
        if !self.is_failure() {
            text.push_str("/>\n");
            return;
        }
        let kind = self.findings.first().map_or("run", |finding| finding.kind.name());
        let titles = self.findings.iter().map(|finding| finding.title.as_str()).chain(self.problem);
        let message = escape(&titles.collect::<Vec<_>>().join("; "));
        let told: Vec<String> = self
            .findings
            .iter()
            .map(|finding| anstream::adapter::strip_str(&render::finding(finding)).to_string())
            .chain(self.problem.map(str::to_owned))
            .collect();
        let told = escape(&told.join("\n\n"));
        let _ =
            writeln!(text, ">\n      <failure type=\"{kind}\" message=\"{message}\">{told}</failure>\n    </testcase>");
    }
}

/// Text as it may stand in XML: five characters have names, control characters cannot be.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmem_modules::finding::{FindingKind, Place};

    #[test]
    fn a_finding_is_a_failure_with_its_place() {
        let at = Place { file: "no/a<b.c".into(), line: 3, column: 1, function: "f".into() };
        let finding = Finding::new(FindingKind::Leak, "8 \"bytes\" & \u{1}", Some(at), "here");
        let text = document("a.c", &[finding], None, None);
        assert!(text.contains(r#"<testsuite name="a.c" tests="1" failures="1" errors="0">"#), "{text}");
        assert!(text.contains(r#"<testcase classname="a.c" name="run" file="no/a&lt;b.c" line="3">"#), "{text}");
        assert!(
            text.contains("<failure type=\"leak\" message=\"8 &quot;bytes&quot; &amp; \u{fffd}\">error[leak]"),
            "{text}"
        );
        let text = document("a.c", &[], None, None);
        assert!(text.contains(r#"<testcase classname="a.c" name="run"/>"#), "{text}");
        assert!(document("a.c", &[], Some("init: -11"), None).contains("failures=\"1\""));
    }
}
