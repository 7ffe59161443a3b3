use proptest::prelude::*;

use super::*;

const STACK: &str =
    "arn:aws:cloudformation:eu-west-1:111122223333:stack/logs/51af3dc0-da77-11e4-872e-1234567db123";

fn identity() -> Identity {
    Identity::new(STACK, "InvokeLambdaFunction").unwrap()
}

fn grants(prefix: &str) -> Grants {
    Grants { prefix: prefix.into(), application_writes: true, network_writes: true }
}

fn put(prefix: &str) -> PolicyEdit {
    let put = statements(&identity(), "b", "222233334444", &grants(prefix));
    PolicyEdit { put, ..PolicyEdit::default() }
}

fn foreign(sid: Option<&str>) -> Value {
    let mut statement =
        json!({"Effect": "Allow", "Principal": {"AWS": "1"}, "Action": ["s3:Get*"]});
    if let Some(sid) = sid {
        statement["Sid"] = json!(sid);
    }
    statement
}

#[test]
fn the_vendor_may_read_what_load_balancers_wrote_and_nothing_else() {
    let all = statements(&identity(), "b", "222233334444", &grants("web"));
    let of_vendor: Vec<&Value> = all
        .iter()
        .filter(|one| one["Principal"]["AWS"] == "arn:aws:iam::222233334444:root")
        .collect();
    assert_eq!(of_vendor.len(), 2);
    assert_eq!(of_vendor[0]["Action"], "s3:GetObject");
    assert_eq!(
        of_vendor[0]["Resource"],
        "arn:aws:s3:::b/web/AWSLogs/111122223333/elasticloadbalancing/*"
    );
    assert_eq!(of_vendor[1]["Action"], "s3:ListBucket");
    assert_eq!(
        of_vendor[1]["Condition"]["StringLike"]["s3:prefix"],
        "web/AWSLogs/111122223333/elasticloadbalancing/*"
    );
}

#[test]
fn load_balancers_may_write_below_the_accounts_own_folder_only() {
    for statement in statements(&identity(), "b", "222233334444", &grants("")) {
        if statement["Action"] == "s3:PutObject" {
            assert_eq!(statement["Resource"], "arn:aws:s3:::b/AWSLogs/111122223333/*");
        }
    }
}

#[test]
fn a_network_load_balancers_logs_come_from_this_account_and_belong_to_it() {
    let all = statements(&identity(), "b", "222233334444", &grants("web"));
    let delivery: Vec<&Value> = all
        .iter()
        .filter(|one| one["Principal"]["Service"] == "delivery.logs.amazonaws.com")
        .collect();
    let actions: Vec<&Value> = delivery.iter().map(|one| &one["Action"]).collect();
    assert_eq!(actions, ["s3:GetBucketAcl", "s3:PutObject"]);
    assert_eq!(delivery[0]["Resource"], "arn:aws:s3:::b");
    assert_eq!(delivery[1]["Resource"], "arn:aws:s3:::b/web/AWSLogs/111122223333/*");
    let equals = &delivery[1]["Condition"]["StringEquals"];
    assert_eq!(equals["s3:x-amz-acl"], "bucket-owner-full-control");
    for one in delivery {
        let condition = &one["Condition"];
        assert_eq!(condition["StringEquals"]["aws:SourceAccount"], "111122223333");
        let source = &condition["ArnLike"]["aws:SourceArn"];
        assert_eq!(source, "arn:aws:logs:eu-west-1:111122223333:*");
    }
}

#[test]
fn plain_http_is_refused_to_everybody_for_the_bucket_and_all_in_it() {
    let statement = tls_only(&identity(), "b");
    assert_eq!((&statement["Effect"], &statement["Principal"]), (&json!("Deny"), &json!("*")));
    assert_eq!(statement["Action"], "s3:*");
    assert_eq!(statement["Resource"], json!(["arn:aws:s3:::b", "arn:aws:s3:::b/*"]));
    assert_eq!(statement["Condition"], json!({"Bool": {"aws:SecureTransport": "false"}}));
    assert!(identity().owns_sid(statement["Sid"].as_str().unwrap()));
}

#[test]
fn in_china_the_older_principal_may_write_too() {
    let id =
        Identity::new(&STACK.replace(":aws:", ":aws-cn:").replace("eu-west-1", "cn-north-1"), "L");
    let all = statements(&id.unwrap(), "b", "222233334444", &grants(""));
    let legacy =
        all.iter().find(|one| one["Principal"]["AWS"] == "arn:aws-cn:iam::638102146993:root");
    assert_eq!(legacy.unwrap()["Resource"], "arn:aws-cn:s3:::b/AWSLogs/111122223333/*");
}

#[test]
fn a_lone_statement_outside_a_list_is_kept() {
    let policy = json!({"Version": "2008-10-17", "Id": "theirs", "Statement": foreign(None)});
    let merged = merge(Some(&policy), &put("")).unwrap();
    assert_eq!(merged["Statement"][0], foreign(None));
    assert_eq!(merged["Version"], "2008-10-17");
    assert_eq!(merged["Id"], "theirs");
}

#[test]
fn a_policy_that_was_only_ours_is_gone_after_we_leave() {
    let merged = merge(None, &put("")).unwrap();
    let remove = own_sids(&identity(), Some(&merged));
    assert_eq!(merge(Some(&merged), &PolicyEdit { put: vec![], remove }), None);
}

#[test]
fn what_s3_spells_otherwise_is_not_a_change() {
    let mut merged = merge(None, &put("")).unwrap();
    let statement = merged["Statement"].as_array_mut().unwrap().last_mut().unwrap();
    statement["Action"] = json!(["s3:ListBucket"]);
    assert!(!changes(Some(&merged), &put("")));
    statement_edit_is_a_change(&merged);
}

fn statement_edit_is_a_change(policy: &Value) {
    let mut edited = policy.clone();
    edited["Statement"][0]["Effect"] = json!("Deny");
    assert!(changes(Some(&edited), &put("")));
}

#[test]
fn another_stack_in_the_same_policy_is_noticed() {
    let other = Identity::new(&STACK.replace("db123", "db124"), "InvokeLambdaFunction").unwrap();
    let theirs = statements(&other, "b", "222233334444", &grants(""));
    let policy = json!({"Statement": theirs});
    assert!(is_shared(&identity(), Some(&policy)));
    assert!(!is_shared(&other, Some(&policy)));
}

proptest! {
    #[test]
    fn foreign_statements_survive_and_leaving_undoes_coming(
        sids in proptest::collection::vec(proptest::option::of("[A-Za-z0-9]{1,20}"), 1..8),
        prefix in "[a-z]{0,8}",
    ) {
        let theirs: Vec<Value> = sids.iter().map(|sid| foreign(sid.as_deref())).collect();
        let before = json!({"Version": "2012-10-17", "Statement": theirs});
        let edit = put(&prefix);
        let with = merge(Some(&before), &edit).unwrap();
        prop_assert_eq!(&with["Statement"].as_array().unwrap()[..theirs.len()], &theirs[..]);
        prop_assert!(!changes(Some(&with), &edit));
        prop_assert_eq!(merge(Some(&with), &edit), Some(with.clone()));
        let remove = own_sids(&identity(), Some(&with));
        prop_assert_eq!(merge(Some(&with), &PolicyEdit { put: vec![], remove }), Some(before));
    }
}
