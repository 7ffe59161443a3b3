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

/// One event after the other, each under the role of its stack, and what each answered.
struct Events<'a> {
    lab: &'a Lab,
    without: Option<&'a str>,
    told: Vec<(&'static str, String)>,
}

impl Events<'_> {
    async fn send(&mut self, name: &'static str, event: Value, role: Policy) -> Result<()> {
        self.lab.proxy.enforce(match self.without {
            Some(action) => role.without(action),
            None => role,
        });
        // Two seconds for changes where something is denied, so that it is not waited out.
        let time = self.without.map_or(Duration::from_mins(4), |_| Duration::from_secs(22));
        let answer = self.lab.send_within(&event, time).await?;
        self.told.push((name, answer.reason));
        Ok(())
    }

    async fn create(
        &mut self,
        name: &'static str,
        stack: &mut Stack,
        launch: &Launch,
    ) -> Result<()> {
        let event = self.lab.create_event(stack, launch)?;
        self.send(name, event, role(stack)?).await
    }

    async fn update(&mut self, name: &'static str, stack: &Stack, launch: &Launch) -> Result<()> {
        let template = launch.template(&stack.id)?;
        let properties = json!(template.properties("InvokeLambdaFunction")?);
        let id = json!(physical_id(stack));
        let fields = [("PhysicalResourceId", id), ("ResourceProperties", properties)];
        let event = self.lab.event("Update", stack, &fields);
        self.send(name, event, template.role_policy("DTLogsAnalysisLambdaExecutionRole")?).await
    }

    async fn delete(&mut self, name: &'static str, stack: &Stack) -> Result<()> {
        let event = self.lab.delete_event(stack, &physical_id(stack));
        self.send(name, event, role(stack)?).await
    }
}

/// Everything that the handler can do in an account, and what each answered.
async fn everything(lab: &Lab, without: Option<&str>) -> Result<Vec<(&'static str, String)>> {
    let customer = &lab.customer;
    let web = customer.application_load_balancer("web").await?;
    let api = customer.application_load_balancer("api").await?;
    let (theirs, empty) =
        (format!("theirs-{}", customer.account), format!("empty-{}", customer.account));
    customer.bucket(&theirs).await?;
    customer.bucket(&empty).await?;
    let statement = elb_may_write(&theirs, "x", &customer.account);
    customer
        .set_policy(&theirs, &json!({"Version": "2012-10-17", "Statement": [statement]}))
        .await?;
    let (mut one, mut two, mut three) = (lab.stack("one"), lab.stack("two"), lab.stack("three"));
    let mut changed = Launch::of(&[&web]).into_bucket(&theirs);
    "https://new.vendor.test/sns".clone_into(&mut changed.endpoint);
    let shared = Launch::of(&[&api]).into_bucket(&theirs);
    let alone = Launch::of(&[&web]).into_bucket(&empty);

    let mut events = Events { lab, without, told: Vec::new() };
    events.create("create with an own bucket", &mut one, &Launch::of(&["tag:a=b", "all"])).await?;
    events.update("update to the customer's bucket", &one, &changed).await?;
    events.create("create on the same bucket", &mut two, &shared).await?;
    events.delete("delete from the shared bucket", &two).await?;
    events.delete("delete", &one).await?;
    events.create("create in an empty bucket", &mut three, &alone).await?;
    events.delete("delete from an empty bucket", &three).await?;
    Ok(events.told)
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
