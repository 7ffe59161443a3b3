//! Looks at the account, has the handler's own plan decide, and gathers what is to be told.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use tokio::time::Instant;

use super::{
    findings::{Change, Findings, Permissions, Trouble},
    options::Options,
    permissions::{self, Principal, Question},
    wanted::{self, Wanted, shown},
    words,
};
use crate::{
    arn::{Home, LoadBalancerArn, LoadBalancerKind},
    aws::{self, Readers, Scope, elb, iam, sts},
    desired::Desired,
    error::AwsError,
    observed::{Bucket, Observed},
    plan,
    retry::Clock,
};

/// Nothing is waited for: what a customer may not look at now, he may not look at later either.
const PATIENCE: Duration = Duration::ZERO;
/// When looking ends in any case.
const AT_MOST: Duration = Duration::from_mins(3);

/// Looks, and tells. `template` is the text of the template that will be launched.
pub async fn look(
    readers: &Readers,
    options: &Options,
    template: Option<&str>,
) -> Result<Findings, Trouble> {
    let region = readers.region.clone().ok_or_else(|| {
        let words = "No region is known. Give --region, for instance --region eu-west-1";
        Trouble::Usage(words.to_owned())
    })?;
    let caller = sts::caller(&readers.sts).await?;
    let home = home(&caller, &region)?;
    let wanted = wanted::wanted(options, template, &home).map_err(Trouble::Usage)?;
    let mut findings = Findings {
        account: home.account,
        region,
        stack_name: options.stack_name.clone(),
        template_version: wanted.release.version.clone(),
        signed_in_as: caller.clone(),
        attention: wanted.attention.clone(),
        refused: wanted.refused.iter().cloned().collect(),
        ..Findings::default()
    };
    if let Some(desired) = &wanted.desired {
        of_the_account(readers, &wanted, desired, &mut findings).await?;
    }
    if !wanted.wrong_account {
        findings.permissions = of_iam(readers, options, &wanted, &caller).await?;
    }
    Ok(findings.concluded())
}

/// Account and partition of the credentials, in a region.
fn home(caller: &str, region: &str) -> Result<Home, Trouble> {
    let parts: Vec<&str> = caller.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, _, _, account, _] => Ok(Home {
            partition: (*partition).to_owned(),
            region: region.to_owned(),
            account: (*account).to_owned(),
        }),
        _ => Err(Trouble::Usage(format!("Who is signed in cannot be read: {caller}"))),
    }
}

async fn of_the_account(
    readers: &Readers,
    wanted: &Wanted,
    desired: &Desired,
    findings: &mut Findings,
) -> Result<(), Trouble> {
    let id = &wanted.id;
    let bucket = desired.existing_bucket.clone();
    let scope = Scope { id, desired: Some(desired), named: Vec::new(), bucket, remembered: None };
    let clock = Clock { last_change: Instant::now() + AT_MOST, propagation: PATIENCE };
    let mut seen = aws::observe(&readers.aws, &scope, clock).await?;
    // No stack has the id that stands for the new one, so its buckets cannot be there, whatever S3
    // says to somebody who may not look.
    for name in id.bucket_names() {
        seen.buckets.insert(name, Bucket::Absent);
    }
    let planned = plan::judge(id, desired, &seen);
    findings.attention.extend(words::denied_buckets(&seen));
    findings.attention.extend(quiet_load_balancers(readers, &seen).await);
    let text = |line: String| shown(id, &line);
    match planned {
        Err(refusals) => findings.refused.extend(refusals.into_iter().map(text)),
        // A part of what was asked for would work, and the stack is refused all the same.
        Ok(_) if !findings.refused.is_empty() => {}
        Ok(planned) => {
            let told = |change: Change| Change {
                resource: shown(id, &change.resource),
                does: change.does.iter().map(|line| shown(id, line)).collect(),
                ..change
            };
            findings.changes = words::changes(id, &seen, &planned).into_iter().map(told).collect();
            findings.untouched = words::untouched(&seen, &planned);
            let attention = words::attention(desired, &seen, &planned);
            findings.attention.extend(attention.into_iter().map(text));
        }
    }
    Ok(())
}

/// Network load balancers that will write no logs, because no listener speaks TLS.
async fn quiet_load_balancers(readers: &Readers, seen: &Observed) -> Vec<String> {
    let network = |arn: &&LoadBalancerArn| {
        let there = seen.load_balancers.get(*arn).is_some_and(Option::is_some);
        arn.kind() == LoadBalancerKind::Network && there
    };
    let ask = async |arn: &LoadBalancerArn| {
        let who = words::name(arn);
        match elb::listens_with_tls(&readers.aws.elb, arn).await {
            Ok(true) => None,
            Ok(false) => Some(format!(
                "{who} has no TLS listener. Network load balancers log TLS requests only, so no log of it \
                 would come"
            )),
            Err(error) => Some(format!(
                "{who}: whether it has a TLS listener could not be looked at ({}). Without one it writes \
                 no logs",
                error.code
            )),
        }
    };
    join_all(seen.selected.iter().filter(network).map(ask)).await.into_iter().flatten().collect()
}

/// What the person, and the launch role if there is one, may do.
async fn of_iam(
    readers: &Readers,
    options: &Options,
    wanted: &Wanted,
    caller: &str,
) -> Result<Permissions, Trouble> {
    let (home, name) = (&wanted.id.home, &options.stack_name);
    let role = options.launch_role.as_deref();
    let of_stack =
        permissions::of_cloudformation(home, name, &wanted.release).map_err(Trouble::Usage)?;
    let of_person = permissions::of_person(home, name, role);
    let mut all = Permissions::default();
    match role {
        Some(role) => {
            if Principal::of(role) != Principal::Known(role.to_owned()) {
                let words = format!("'{role}' is not the ARN of a role. Correct --launch-role");
                return Err(Trouble::Usage(words));
            }
            ask(readers, role, &of_stack, &mut all).await;
            ask(readers, caller, &of_person, &mut all).await;
        }
        None => ask(readers, caller, &[of_person, of_stack].concat(), &mut all).await,
    }
    all.advice = (!all.lacking.is_empty()).then(|| permissions::advice(name, role));
    Ok(all)
}

/// Asks IAM about one principal. What IAM does not answer is told, and stops nothing.
async fn ask(readers: &Readers, arn: &str, questions: &[Question], all: &mut Permissions) {
    let principal = match Principal::of(arn) {
        Principal::Known(arn) => arn,
        Principal::Role(name) => match iam::role_arn(&readers.iam, &name).await {
            Ok(arn) => arn,
            Err(error) => return all.not_checked.push(why(arn, &error)),
        },
        Principal::Root => {
            let words = "is the account's root user, who may do everything that the organisation lets \
                         the account do";
            return all.not_checked.push(format!("{arn} {words}"));
        }
        Principal::Unknown => {
            let words = "is neither a user nor a role, and IAM can be asked about those only";
            return all.not_checked.push(format!("{arn} {words}"));
        }
    };
    let answers =
        questions.iter().map(|question| iam::simulate(&readers.iam, &principal, question));
    let mut problems = BTreeSet::new();
    for answer in join_all(answers).await {
        match answer {
            Ok(verdicts) => {
                all.checked += verdicts.len();
                let lacking = verdicts.iter().filter_map(|one| permissions::lack(&principal, one));
                all.lacking.extend(lacking);
            }
            Err(error) => {
                problems.insert(why(&principal, &error));
            }
        }
    }
    all.not_checked.extend(problems);
    all.principals.push(principal);
}

fn why(principal: &str, error: &AwsError) -> String {
    let AwsError { operation, action, code, message, .. } = error;
    if error.is_denied() {
        format!("what {principal} may do, because your credentials may not do {action}")
    } else {
        format!("what {principal} may do, because {operation} failed: {message} ({code})")
    }
}
