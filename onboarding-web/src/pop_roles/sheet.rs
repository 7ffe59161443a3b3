//! The template as a matrix: six roles, and the policies that each has.

use serde_json::{Map, Value};
use templates::catalog::AWS_ROLES;

use super::OUTPUTS;

/// What the template makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// In the order of [`OUTPUTS`].
    pub roles: Vec<Role>,
    /// In the order in which the roles name them.
    pub policies: Vec<Policy>,
}

/// A role of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its output, and so the parameter of POP's main template.
    pub output: &'static str,
    /// Its name without a prefix, such as `POP.Scheduler.app`.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who may assume it.
    pub trust: Value,
    /// Names of its policies.
    pub policies: Vec<String>,
}

/// A policy that roles of the template have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name without a prefix, such as `POP.SQSEditor`.
    pub name: String,
    /// What stands in its ARN after `policy/`, without a prefix.
    pub path: String,
    /// What it is for; empty for AWS's own.
    pub description: String,
    /// What it allows, with `*` where the template's parameters stand; `None` for AWS's own.
    pub document: Option<Value>,
}

impl Sheet {
    /// The policy of this name.
    pub fn policy(&self, name: &str) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.name == name)
    }
}

/// The template that this release carries.
pub fn own() -> Result<Sheet, String> {
    read(AWS_ROLES.body)
}

/// Reads a template of this form.
pub fn read(body: &str) -> Result<Sheet, String> {
    let template: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let mut sheet = Sheet { roles: Vec::new(), policies: Vec::new() };
    for output in OUTPUTS {
        let id = template["Outputs"][output]["Value"]["Fn::GetAtt"][0].as_str();
        let properties = id.map(|id| &template["Resources"][id]["Properties"]);
        let Some(properties) = properties.filter(|one| one.is_object()) else {
            return Err(format!("the template has no role for the output {output}"));
        };
        let attached = properties["ManagedPolicyArns"].as_array();
        let mut policies = Vec::new();
        for policy in attached.into_iter().flatten().filter_map(|one| policy(&template, one)) {
            policies.push(policy.name.clone());
            if sheet.policy(&policy.name).is_none() {
                sheet.policies.push(policy);
            }
        }
        sheet.roles.push(Role {
            output,
            name: unfilled(&properties["RoleName"]),
            description: properties["Description"].as_str().unwrap_or_default().to_owned(),
            trust: properties["AssumeRolePolicyDocument"].clone(),
            policies,
        });
    }
    Ok(sheet)
}

/// One of AWS's by its ARN, or one that the template makes.
fn policy(template: &Value, attached: &Value) -> Option<Policy> {
    let Some(id) = attached["Ref"].as_str() else {
        let arn = unfilled(attached);
        let path = arn.split_once(":policy/")?.1.to_owned();
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        return Some(Policy { name, path, description: String::new(), document: None });
    };
    let properties = &template["Resources"][id]["Properties"];
    let name = unfilled(&properties["ManagedPolicyName"]);
    let document = with_defaults(&properties["PolicyDocument"], &template["Parameters"]);
    Some(Policy {
        path: name.clone(),
        name,
        description: properties["Description"].as_str().unwrap_or_default().to_owned(),
        document: Some(document),
    })
}

/// The text of an `Fn::Sub` without what is filled in.
fn unfilled(value: &Value) -> String {
    let text = value["Fn::Sub"].as_str().or(value.as_str()).unwrap_or_default();
    let mut parts = text.split("${");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('}').map_or("", |(_, rest)| rest))
}

/// The value with the parameters' defaults.
fn with_defaults(value: &Value, parameters: &Value) -> Value {
    match value {
        Value::Object(map) => {
            if let Some(name) = map.get("Ref").and_then(Value::as_str) {
                return parameters[name]["Default"].clone();
            }
            let all = map.iter();
            let all = all.map(|(key, one)| (key.clone(), with_defaults(one, parameters)));
            Value::Object(all.collect::<Map<String, Value>>())
        }
        Value::Array(list) => list.iter().map(|one| with_defaults(one, parameters)).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_six_roles_and_four_policies() {
        let sheet = own().unwrap();
        let [vpc, sqs, db, call] = [
            "AWSLambdaVPCAccessExecutionRole",
            "POP.SQSEditor",
            "POP.DynamoDBEditor",
            "POP.LambdaLauncher",
        ];
        let names: Vec<&str> = sheet.policies.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, [vpc, sqs, db, call]);
        let matrix: [(&str, &[&str]); 6] = [
            ("POP.UnifiedEndpoint.app", &[vpc, sqs, db]),
            ("POP.Scheduler.app", &[vpc, sqs, db, call]),
            ("POP.Callback.trigger", &[vpc, db]),
            ("POP.Reclaimer.app", &[vpc, db]),
            ("POP.Reaper.app", &[vpc, db]),
            ("POP.authorizer", &[vpc]),
        ];
        assert_eq!(sheet.roles.len(), 6);
        for (role, (name, policies)) in sheet.roles.iter().zip(matrix) {
            assert_eq!((role.name.as_str(), &role.policies[..]), (name, &policies.map_owned()[..]));
            assert!(role.description.starts_with("POP: "));
            assert_eq!(role.trust["Statement"][0]["Principal"]["Service"], "lambda.amazonaws.com");
        }
        let document = sheet.policy(call).unwrap().document.as_ref().unwrap();
        assert_eq!(document["Statement"][0]["Resource"], "*");
        assert_eq!(sheet.policy(vpc).unwrap().path, format!("service-role/{vpc}"));
    }

    trait MapOwned {
        fn map_owned(&self) -> Vec<String>;
    }

    impl MapOwned for [&str] {
        fn map_owned(&self) -> Vec<String> {
            self.iter().map(|&one| one.to_owned()).collect()
        }
    }

    #[test]
    fn what_is_not_that_template_is_refused() {
        assert!(read("{").is_err());
        let why = read("{}").unwrap_err();
        assert_eq!(why, "the template has no role for the output UnifiedEndpointRole");
    }
}
