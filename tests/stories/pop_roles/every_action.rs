//! Every action that AWS has, each put to each of the roles: what is not listed here, nobody may do.
//!
//! AWS's list of actions ships with cfn-lint; the emulator's policy simulator decides.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use aws_sdk_iam::types::PolicyEvaluationDecisionType;
use harness::emulators;
use serde_json::{Value, json};

use super::{
    account::Account,
    template::{differences, document},
    wiki,
};

/// What the wiki's policies come to in AWS's own list of actions, in lower case as the list has them.
const MEANING: [(&str, &[&str]); 4] = [
    (
        "AWSLambdaVPCAccessExecutionRole",
        &[
            "ec2:assignprivateipaddresses",
            "ec2:createnetworkinterface",
            "ec2:deletenetworkinterface",
            "ec2:describenetworkinterfaces",
            "ec2:describesubnets",
            "ec2:unassignprivateipaddresses",
            "logs:createloggroup",
            "logs:createlogstream",
            "logs:putlogevents",
        ],
    ),
    (
        "CustomerManaged-POP.SQSEditor",
        &[
            "sqs:changemessagevisibility",
            "sqs:deletemessage",
            "sqs:getqueueattributes",
            "sqs:getqueueurl",
            "sqs:receivemessage",
            "sqs:sendmessage",
        ],
    ),
    (
        "CustomerManaged-POP.DynamoDBEditor",
        &[
            "dynamodb:batchgetitem",
            "dynamodb:batchwriteitem",
            "dynamodb:conditioncheckitem",
            "dynamodb:createglobaltable",
            "dynamodb:createtable",
            "dynamodb:deleteitem",
            "dynamodb:deletetable",
            "dynamodb:describeglobaltable",
            "dynamodb:describestream",
            "dynamodb:describetable",
            "dynamodb:getabacstatus",
            "dynamodb:getitem",
            "dynamodb:getrecords",
            "dynamodb:getresourcepolicy",
            "dynamodb:getsharditerator",
            "dynamodb:importtable",
            "dynamodb:listbackups",
            "dynamodb:listcontributorinsights",
            "dynamodb:listexports",
            "dynamodb:listglobaltables",
            "dynamodb:listimports",
            "dynamodb:liststreams",
            "dynamodb:listtables",
            "dynamodb:listtagsofresource",
            "dynamodb:putitem",
            "dynamodb:putresourcepolicy",
            "dynamodb:query",
            "dynamodb:scan",
            "dynamodb:updateglobaltable",
            "dynamodb:updateitem",
            "dynamodb:updatetable",
        ],
    ),
    ("CustomerManaged-POP.LambdaLauncher", &["lambda:invokefunction"]),
];

fn every_action() -> Result<Vec<String>> {
    let python = emulators::environment("checks")?;
    let venv = python.ancestors().nth(2).context("no environment")?;
    let version = std::fs::read_dir(venv.join("lib"))?.next().context("no packages")??.path();
    let list = version.join("site-packages/cfnlint/data/AdditionalSpecs/Policies.json");
    let services: BTreeMap<String, Value> = serde_json::from_slice(&std::fs::read(list)?)?;
    let named = |(service, known): (&String, &Value)| -> Vec<String> {
        let actions = known["Actions"].as_object().into_iter().flatten();
        actions.map(|(action, _)| format!("{service}:{action}")).collect()
    };
    let all: Vec<String> = services.iter().flat_map(named).collect();
    anyhow::ensure!(all.len() > 20_000, "AWS has more than {} actions", all.len());
    Ok(all)
}

/// Which of the actions a role may take.
async fn allowed(account: &Account, role: &str, actions: &[String]) -> Result<BTreeSet<String>> {
    let mut allowed = BTreeSet::new();
    for some in actions.chunks(2_000) {
        let request = account.root.iam.simulate_principal_policy().policy_source_arn(role);
        let answer = request.set_action_names(Some(some.to_vec())).send().await?;
        let results = answer.evaluation_results();
        anyhow::ensure!(results.len() == some.len(), "some actions were not decided");
        let yes = results
            .iter()
            .filter(|one| *one.eval_decision() == PolicyEvaluationDecisionType::Allowed);
        allowed.extend(yes.map(|one| one.eval_action_name().to_owned()));
    }
    Ok(allowed)
}

#[tokio::test]
async fn of_all_actions_of_aws_each_role_may_take_its_own_and_no_other() -> Result<()> {
    let account = Account::new().await?;
    let outputs = account.launch("pop", &[]).await?;
    let (actions, meaning) = (every_action()?, BTreeMap::from(MEANING));
    for (output, name) in wiki::OUTPUTS {
        let policies = wiki::roles().remove(name).unwrap_or_default();
        let expected = policies.into_iter().flat_map(|policy| meaning[policy]);
        let expected: BTreeSet<String> = expected.map(|&action| action.to_owned()).collect();
        assert_eq!(allowed(&account, &outputs[output], &actions).await?, expected, "{name}");
    }
    Ok(())
}

/// A refusal proves something only where the simulator would have let a wider policy pass.
#[tokio::test]
async fn a_wider_template_would_have_been_noticed_here_too() -> Result<()> {
    let account = Account::new().await?;
    let mut wider = document();
    let statement = "/Resources/SQSEditor/Properties/PolicyDocument/Statement/0/Action";
    *wider.pointer_mut(statement).context("a statement")? = json!("sqs:*");
    assert!(!differences(&wider).is_empty());
    let outputs = account.launch_text("pop", &wider.to_string(), &[]).await?;
    let asked = ["sqs:purgequeue".to_owned(), "dynamodb:tagresource".to_owned()];
    for (output, may) in [("SchedulerRole", true), ("ReaperRole", false)] {
        let found = allowed(&account, &outputs[output], &asked).await?;
        assert_eq!(found.contains("sqs:purgequeue"), may, "{output}");
        assert!(!found.contains("dynamodb:tagresource"), "{output}");
    }
    Ok(())
}
