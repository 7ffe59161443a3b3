use serde_json::json;
use templates::partition::Partition;

use super::*;

fn bucket() -> Bucket {
    Bucket {
        region: "eu-west-1".into(),
        name: "vendor-code-eu-west-1".into(),
        owner: "222233334444".into(),
        partition: Partition::Aws,
    }
}

fn artefacts() -> Vec<Artefact> {
    ["bootstrap", "stack"]
        .map(|id| Artefact {
            id,
            version: "0.1.0",
            key: format!("logs-analysis/0.1.0/{id}"),
            content_type: "text/plain",
            body: Vec::new(),
            digest: format!("digest of {id}"),
        })
        .into()
}

/// A bucket as `publish` leaves it.
fn done() -> Here {
    Here {
        policy: Some(policy::document(&bucket())),
        public_access: Some(PUBLIC_ACCESS),
        keeps_versions: true,
        digests: artefacts().into_iter().map(|one| Some(one.digest)).collect(),
    }
}

fn of(here: Here) -> Result<Vec<Step>, Vec<String>> {
    plan(&bucket(), &Found::Here(here), &artefacts())
}

#[test]
fn an_absent_bucket_is_made_and_closed_before_anything_lies_in_it() {
    let steps = plan(&bucket(), &Found::Absent, &artefacts()).unwrap();
    assert_eq!(steps[0], Step::Create);
    let first = steps.iter().position(|step| matches!(step, Step::Upload(_))).unwrap();
    let policy = steps.iter().position(|step| *step == Step::SetPolicy).unwrap();
    assert!(policy < first && steps.len() == 6, "{steps:?}");
}

#[test]
fn what_is_there_already_is_left_as_it_is() {
    assert_eq!(of(done()), Ok(vec![]));
}

#[test]
fn what_an_interrupted_run_left_out_is_done() {
    let mut here = done();
    here.digests[1] = None;
    here.keeps_versions = false;
    assert_eq!(of(here), Ok(vec![Step::KeepVersions, Step::Upload(1)]));
}

#[test]
fn other_bytes_under_the_same_version_are_a_conflict_with_both_digests() {
    let mut here = done();
    here.digests = vec![Some("other".into()), None];
    let problems = of(here).unwrap_err();
    assert_eq!(problems.len(), 1);
    for part in
        ["vendor-code-eu-west-1", "0.1.0/bootstrap", "other", "digest of bootstrap", "Raise"]
    {
        assert!(problems[0].contains(part), "{problems:?}");
    }
}

#[test]
fn a_bucket_that_is_not_ours_is_left_alone() {
    let mut here = done();
    here.policy = Some(json!({"Statement": [{"Sid": "Theirs"}]}));
    assert!(of(here).unwrap_err()[0].contains("the statement Theirs"));
    let elsewhere = plan(&bucket(), &Found::Elsewhere("us-east-1".into()), &artefacts());
    assert!(elsewhere.unwrap_err()[0].contains("is in us-east-1"));
    let closed = plan(&bucket(), &Found::Closed("no".into()), &artefacts());
    assert_eq!(closed, Err(vec!["no".to_owned()]));
}

#[test]
fn settings_that_somebody_changed_are_set_right() {
    let mut here = done();
    here.public_access = Some(PublicAccess { block_acls: false, ..PUBLIC_ACCESS });
    assert_eq!(of(here), Ok(vec![Step::SetPublicAccess]));
}
