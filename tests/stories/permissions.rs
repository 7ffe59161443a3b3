//! The execution role has what the handler needs, and nothing else.

use std::{collections::BTreeSet, time::Duration};

use anyhow::Result;
use harness::{
    cloudformation::{Lab, Launch, Stack},
    customer::elb_may_write,
    iam::Policy,
};
use serde_json::{Value, json};

/// Lambda's own service writes the log with these; the handler never calls them.
const OF_LAMBDA_ITSELF: [&str; 2] = ["logs:CreateLogStream", "logs:PutLogEvents"];

fn role(stack: &Stack) -> Result<Policy> {
    Launch::of(&["all"]).template(&stack.id)?.role_policy("DTLogsAnalysisLambdaExecutionRole")
}

/// Everything that the handler can do in an account, one event after the other; what each answered.
async fn everything(lab: &Lab, without: Option<&str>) -> Result<Vec<(&'static str, String)>> {
    let customer = &lab.customer;
    let web = customer.application_load_balancer("web").await?;
    let api = customer.application_load_balancer("api").await?;
    let bucket = format!("theirs-{}", customer.account);
    customer.bucket(&bucket).await?;
    let theirs = json!({"Version": "2012-10-17", "Statement": [elb_may_write(&bucket, "x", &customer.account)]});
    customer.set_policy(&bucket, &theirs).await?;
    let empty = format!("empty-{}", customer.account);
    customer.bucket(&empty).await?;
    let mut told = Vec::new();
    let (mut stack, mut second) = (lab.stack("logs"), lab.stack("second"));
    let mut run = async |name: &'static str, event: Value, of: &Stack| -> Result<()> {
        let role = role(of)?;
        lab.proxy.enforce(without.map_or_else(|| role.clone(), |action| role.without(action)));
        // Little time, so that a denial is not waited out.
        let answer = lab.send_within(&event, Duration::from_millis(20_900)).await?;
        told.push((name, if answer.failed() { answer.reason } else { String::new() }));
        Ok(())
    };
    let all = Launch::of(&["tag:logs=yes", "all"]);
    let event = lab.create_event(&mut stack, &all)?;
    run("create with a bucket of its own", event, &stack).await?;
    stack.physical_id = Some(physical_id(&stack));
    let mut changed = Launch::of(&[&web]).into_bucket(&bucket);
    changed.endpoint = "https://new.vendor.test/sns".to_owned();
    let properties = changed.template(&stack.id)?.properties("InvokeLambdaFunction")?;
    let fields = [
        ("PhysicalResourceId", json!(stack.physical_id)),
        ("ResourceProperties", json!(properties)),
    ];
    let event = lab.event("Update", &stack, &fields);
    // The template's condition names the new endpoint after the update of the role.
    let widened = changed.template(&stack.id)?.role_policy("DTLogsAnalysisLambdaExecutionRole")?;
    lab.proxy.enforce(without.map_or_else(|| widened.clone(), |action| widened.without(action)));
    let answer = lab.send_within(&event, Duration::from_millis(20_900)).await?;
    told.push((
        "update to the customer's bucket",
        if answer.failed() { answer.reason } else { String::new() },
    ));
    let mut run = async |name: &'static str, event: Value, of: &Stack| -> Result<()> {
        let role = role(of)?;
        lab.proxy.enforce(without.map_or_else(|| role.clone(), |action| role.without(action)));
        let answer = lab.send_within(&event, Duration::from_millis(20_900)).await?;
        told.push((name, if answer.failed() { answer.reason } else { answer.reason.clone() }));
        Ok(())
    };
    let event = lab.create_event(&mut second, &Launch::of(&[&api]).into_bucket(&bucket))?;
    run("create of a second stack on the same bucket", event, &second).await?;
    second.physical_id = Some(physical_id(&second));
    let event = lab.delete_event(&second, &physical_id(&second));
    run("delete of the second stack", event, &second).await?;
    let event = lab.delete_event(&stack, &physical_id(&stack));
    run("delete", event, &stack).await?;
    let mut third = lab.stack("third");
    let event = lab.create_event(&mut third, &Launch::of(&[&web]).into_bucket(&empty))?;
    run("create in an empty bucket", event, &third).await?;
    let event = lab.delete_event(&third, &physical_id(&third));
    run("delete from an empty bucket", event, &third).await?;
    Ok(told)
}

fn physical_id(stack: &Stack) -> String {
    let guid = stack.id.rsplit('/').next().unwrap_or_default();
    format!("DTLogsAnalysis-{guid}-InvokeLambdaFunction")
}

#[tokio::test]
async fn with_all_of_the_role_everything_works_and_no_call_is_outside_it() -> Result<()> {
    let lab = Lab::new().await?;
    for (event, reason) in everything(&lab, None).await? {
        assert!(!reason.contains("not authorized"), "{event}: {reason}");
        assert!(!reason.contains("failed"), "{event}: {reason}");
    }
    assert_eq!(lab.proxy.violations(), Vec::<String>::new());
    let denied: Vec<_> = lab.proxy.calls().into_iter().filter(|call| call.status == 403).collect();
    assert!(denied.is_empty(), "{denied:?}");
    let used: BTreeSet<&str> =
        lab.proxy.calls().iter().flat_map(|call| call.actions.clone()).collect();
    let granted = role(&lab.stack("logs"))?.actions();
    let unused: Vec<&String> = granted
        .iter()
        .filter(|action| {
            !used.contains(action.as_str()) && !OF_LAMBDA_ITSELF.contains(&action.as_str())
        })
        .collect();
    assert!(unused.is_empty(), "the role grants what nothing uses: {unused:?}");
    Ok(())
}

/// Every action for itself: without it something fails, and what the customer reads names the action.
#[tokio::test]
async fn without_any_one_action_something_fails_with_a_reason_that_names_it() -> Result<()> {
    let granted = role(&Lab::new().await?.stack("logs"))?.actions();
    for action in granted.iter().filter(|action| !OF_LAMBDA_ITSELF.contains(&action.as_str())) {
        let lab = Lab::new().await?;
        let told = everything(&lab, Some(action)).await?;
        let named = told.iter().any(|(_, reason)| reason.contains(action.as_str()));
        assert!(named, "nothing that failed names {action}: {told:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn the_role_can_neither_read_nor_delete_a_log() -> Result<()> {
    for action in role(&Lab::new().await?.stack("logs"))?.actions() {
        assert!(!action.contains('*'), "{action} is a pattern");
        assert!(!action.contains("Object"), "{action} is about objects");
    }
    Ok(())
}
