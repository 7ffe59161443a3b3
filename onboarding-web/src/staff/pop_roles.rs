//! The roles of POP, and the ARNs of a stack that was launched.

use axum::{
    Form,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::Value;
use templates::{
    catalog::AWS_ROLES,
    commands, digest,
    quick_create::{self, Launch, LinkError},
};

use crate::{
    access::SignedIn,
    app::App,
    error::{Problem, page},
    pages::{
        customers::Choice,
        frame::FieldError,
        pop_roles::{PopArns, PopLaunch, PopRoles, RoleRow},
    },
    pop_roles::{
        outputs::{self, Arns},
        sheet::{self, Role, Sheet},
    },
};

/// What the stack is called; people may change it in the console.
const STACK_NAME: &str = "pop-roles";

/// What was asked for.
#[derive(Debug, Default, Deserialize)]
pub struct Sent {
    #[serde(default)]
    region: String,
    #[serde(default)]
    outputs: String,
}

/// `GET /templates/pop-roles`
pub async fn show(
    State(app): State<App>,
    signed: SignedIn,
    Query(sent): Query<Sent>,
) -> Result<Response, Problem> {
    let asked = Sent { outputs: String::new(), region: sent.region.trim().to_owned() };
    shown(&app, &signed, asked, Ok(None)).await
}

/// `POST /templates/pop-roles`
pub async fn read(
    State(app): State<App>,
    signed: SignedIn,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let found = outputs::read(&sent.outputs).map(Some);
    shown(&app, &signed, Sent { region: String::new(), ..sent }, found).await
}

async fn shown(
    app: &App,
    signed: &SignedIn,
    sent: Sent,
    found: Result<Option<Arns>, Vec<String>>,
) -> Result<Response, Problem> {
    let sheet = sheet::own().map_err(|why| Problem::internal(&why))?;
    let mut errors = Vec::new();
    let found = found.unwrap_or_else(|problems| {
        errors.extend(problems.into_iter().map(|words| FieldError::new("outputs", words)));
        None
    });
    let published = app.store.published_in(AWS_ROLES.id, AWS_ROLES.version).await?;
    let nowhere = published.as_ref().is_some_and(Vec::is_empty);
    let regions = published.unwrap_or_else(|| app.site.regions.clone());
    let launch = launch(app, (&regions, nowhere), &sent.region).unwrap_or_else(|words| {
        errors.push(FieldError::new("region", words));
        None
    });
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let choice = |region: &String| (region.clone(), region.clone());
    let shown = page(&PopRoles {
        frame: signed.frame(app, "POP roles", "templates"),
        errors,
        policies: sheet.policies.iter().map(|policy| policy.name.clone()).collect(),
        roles: sheet.roles.iter().map(|role| row(&sheet, role)).collect(),
        regions: Choice::list(regions.iter().map(choice), &sent.region),
        nowhere,
        launch,
        version: AWS_ROLES.version.to_owned(),
        digest: digest::sha256(AWS_ROLES.body),
        text: AWS_ROLES.body.to_owned(),
        found: found.as_ref().map(arns),
        region: sent.region,
        outputs: sent.outputs,
    })?;
    Ok((status, shown).into_response())
}

fn row(sheet: &Sheet, role: &Role) -> RoleRow {
    let pretty = |value: &Value| format!("{value:#}");
    let has = |name: &String| (name.clone(), role.policies.contains(name));
    let policies = role.policies.iter().filter_map(|name| sheet.policy(name)).map(|policy| {
        let document = policy.document.as_ref().map(pretty).unwrap_or_default();
        (policy.name.clone(), policy.description.clone(), document)
    });
    RoleRow {
        name: role.name.clone(),
        output: role.output.to_owned(),
        description: role.description.clone(),
        has: sheet.policies.iter().map(|policy| has(&policy.name)).collect(),
        trust: pretty(&role.trust),
        policies: policies.collect(),
    }
}

fn arns(found: &Arns) -> PopArns {
    let owned = |(output, arn): &(&'static str, String)| ((*output).to_owned(), arn.clone());
    PopArns {
        account: found.account.clone(),
        all: found.all.iter().map(owned).collect(),
        parameters: found.parameters_text(),
        words: found.words(),
    }
}

/// The launch in a region that has the template; in words why there is none.
fn launch(
    app: &App,
    (regions, nowhere): (&[String], bool),
    region: &str,
) -> Result<Option<PopLaunch>, String> {
    if region.is_empty() || nowhere {
        return Ok(None);
    }
    let words = |error: LinkError| error.to_string();
    let prefix = &app.site.constants.code_bucket_prefix;
    let template_url = quick_create::object_url(prefix, region, &AWS_ROLES.key()).map_err(words)?;
    if !regions.is_empty() && !regions.iter().any(|one| one == region) {
        return Err(format!("The template is not in {region}. It is in {}.", regions.join(", ")));
    }
    let launch =
        Launch { region, template_url: &template_url, stack_name: STACK_NAME, parameters: &[] };
    Ok(Some(PopLaunch {
        region: region.to_owned(),
        url: quick_create::link(&launch, &[]).map_err(words)?,
        cli: commands::aws_cli_named(&launch),
    }))
}
