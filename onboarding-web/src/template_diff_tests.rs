use templates::catalog::{LOGS_ANALYSIS_ONBOARDING, STACK_LAUNCH_ROLE};

use super::*;

fn words(changes: &[Change]) -> Vec<String> {
    changes.iter().map(ToString::to_string).collect()
}

fn parameters_of(old: &str, new: &str) -> Vec<String> {
    let whole = |parameters: &str| format!("Parameters: {{{parameters}}}\nResources: {{}}\n");
    words(&diff(&whole(old), &whole(new)).parameters)
}

#[test]
fn a_text_is_not_different_from_itself() {
    for template in [LOGS_ANALYSIS_ONBOARDING, STACK_LAUNCH_ROLE] {
        assert_eq!(diff(template.body, template.body), Diff::default());
    }
}

#[test]
fn a_permission_taken_from_the_template_is_told_in_words_and_lines() {
    let old = LOGS_ANALYSIS_ONBOARDING.body;
    let new = old.replace("                  - s3:GetBucketTagging\n", "");
    let found = diff(old, &new);
    assert_eq!(
        words(&found.permissions),
        [
            "Execution role DTLogsAnalysisLambdaExecutionRole: may no longer use s3:GetBucketTagging (read \
          a bucket's tags) on arn:${AWS::Partition}:s3:::dtlogs-* (buckets of your account whose \
          name begins with dtlogs-), only buckets of your own account"
        ]
    );
    assert!(found.parameters.is_empty());
    let kinds: Vec<Kind> = found.lines.iter().map(|line| line.kind).collect();
    let [Kind::Skipped(before), around @ .., Kind::Skipped(after)] = kinds.as_slice() else {
        panic!("{kinds:?}")
    };
    assert_eq!(
        around,
        [Kind::Same, Kind::Same, Kind::Same, Kind::Removed, Kind::Same, Kind::Same, Kind::Same]
    );
    assert_eq!(before + after + around.len(), old.lines().count());
    let removed = &found.lines[4];
    assert_eq!((removed.old, removed.new), (Some(before + 4), None));
    assert_eq!(removed.text.trim(), "- s3:GetBucketTagging");
}

#[test]
fn a_constant_in_the_mappings_changes_the_condition_that_uses_it() {
    let old = LOGS_ANALYSIS_ONBOARDING.body;
    let new = old.replace("https://logs-intake.example.com", "https://elsewhere.example");
    let found = words(&diff(old, &new).permissions);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("now only for the subscriber https://elsewhere.example/sns"));
}

#[test]
fn another_comment_changes_lines_alone() {
    let found = diff(STACK_LAUNCH_ROLE.body, &format!("# New.\n{}", STACK_LAUNCH_ROLE.body));
    assert!(found.permissions.is_empty() && found.parameters.is_empty());
    assert_eq!(found.lines[0].kind, Kind::Added);
    assert_eq!((found.lines[1].old, found.lines[1].new), (Some(1), Some(2)));
}

#[test]
fn parameters_that_come_and_go_are_told() {
    assert_eq!(
        parameters_of("A: {Type: String}", "B: {Type: Number, Default: 7}, C: {Type: String}"),
        [
            "Parameter B is new: Number, with the default “7”",
            "Parameter C is new: String, without a default, so that it must be filled in at launch",
            "Parameter A is gone",
        ]
    );
}

#[test]
fn changes_of_a_parameter_are_told_one_by_one() {
    assert_eq!(
        parameters_of(
            "A: {Type: String, Default: '', MaxLength: 3}",
            "A: {Type: Number, Default: 1}"
        ),
        [
            "Parameter A: type changed from “String” to “Number”",
            "Parameter A: default changed from blank to “1”",
            "Parameter A: MaxLength removed, was “3”",
        ]
    );
    assert_eq!(
        parameters_of("A: {Default: x}", "A: {}"),
        ["Parameter A: default removed, so that it must be filled in at launch"]
    );
}

#[test]
fn a_default_that_is_not_echoed_is_not_shown() {
    let lines = parameters_of(
        "A: {NoEcho: true, Default: hunter2}, C: {NoEcho: 'true'}",
        "A: {NoEcho: true, Default: hunter3}, B: {NoEcho: true, Default: hunter4}, C: {NoEcho: 'true', Default: hunter5}",
    );
    assert_eq!(lines.len(), 3);
    assert!(!lines.concat().contains("hunter"), "{lines:?}");
}

#[test]
fn a_text_that_is_no_template_still_gets_its_lines() {
    let found = diff("a: [", STACK_LAUNCH_ROLE.body);
    assert_eq!(found.permissions.len(), 1);
    assert!(found.permissions[0].words.starts_with("The older text cannot be read as a template"));
    assert!(!found.lines.is_empty());
}

proptest::proptest! {
    #[test]
    fn every_line_of_both_texts_is_accounted_for(old in "([ab]\n){0,30}", new in "([abc]\n){0,30}") {
        let found = diff(&old, &new).lines;
        let count = |wanted: &[Kind]| -> usize {
            found
                .iter()
                .map(|line| match line.kind {
                    Kind::Skipped(count) => count,
                    kind => usize::from(wanted.contains(&kind)),
                })
                .sum()
        };
        let nth = |text: &str, number: usize| text.lines().nth(number - 1).map(str::to_owned);
        for line in &found {
            for (text, number) in [(&old, line.old), (&new, line.new)] {
                if let Some(number) = number {
                    proptest::prop_assert_eq!(nth(text, number), Some(line.text.clone()));
                }
            }
        }
        if found.is_empty() {
            proptest::prop_assert_eq!(old, new);
        } else {
            proptest::prop_assert_eq!(count(&[Kind::Same, Kind::Removed]), old.lines().count());
            proptest::prop_assert_eq!(count(&[Kind::Same, Kind::Added]), new.lines().count());
        }
    }
}
