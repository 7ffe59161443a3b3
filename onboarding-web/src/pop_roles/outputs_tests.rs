use super::*;

fn expected() -> Arns {
    let names = [
        "POP.UnifiedEndpoint.app",
        "POP.Scheduler.app",
        "POP.Callback.trigger",
        "POP.Reclaimer.app",
        "POP.Reaper.app",
        "POP.authorizer",
    ];
    let arn = |name| format!("arn:aws:iam::111122223333:role/{name}");
    Arns {
        account: "111122223333".to_owned(),
        all: OUTPUTS.into_iter().zip(names.map(arn)).collect(),
    }
}

fn lines(line: impl Fn(&str, &str) -> String) -> String {
    let all = expected().all;
    all.iter().map(|(name, arn)| line(name, arn) + "\n").collect()
}

fn list() -> Value {
    let one = |(name, arn): &(&'static str, String)| json!({"OutputKey": name, "OutputValue": arn, "Description": "ARN of the role"});
    let mut list: Vec<Value> = expected().all.iter().map(one).collect();
    list.push(json!({"OutputKey": "TemplateVersion", "OutputValue": "0.1.0"}));
    Value::Array(list)
}

#[test]
fn every_form_that_people_have_is_read() {
    let whole = json!({"Stacks": [{
        "StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/pop/1",
        "Parameters": [{"ParameterKey": "NamePrefix", "ParameterValue": ""}],
        "Outputs": list(),
        "Tags": [],
    }]});
    let map: serde_json::Map<String, Value> =
        expected().all.iter().map(|(name, arn)| ((*name).to_owned(), json!(arn))).collect();
    let forms = [
        ("describe-stacks", whole.to_string()),
        ("with a mark before it", format!("\u{feff}{whole:#}")),
        ("a stack", whole["Stacks"][0].to_string()),
        ("the outputs", list().to_string()),
        ("a map", Value::Object(map).to_string()),
        ("parameters", expected().parameters_text()),
        (
            "the console",
            format!(
                "Key\tValue\tDescription\tExport name\n{}TemplateVersion\t0.1.0\tVersion\t-\n",
                lines(|name, arn| format!("{name}\t{arn}\tARN of the role that takes requests\t-"))
            ),
        ),
        ("cells below each other", lines(|name, arn| format!("{name}\n{arn}\nARN of the role\n-"))),
        ("two columns", lines(|name, arn| format!("{name:<24}{arn}"))),
        ("lines", lines(|name, arn| format!("{name}={arn}"))),
        ("lines for a shell", lines(|name, arn| format!("export {name}='{arn}'"))),
        ("lines with room", lines(|name, arn| format!("{name} = \"{arn}\""))),
        ("colons", lines(|name, arn| format!("{name}: {arn}"))),
        ("Windows", lines(|name, arn| format!("{name}={arn}\r"))),
        (
            "yaml",
            lines(|name, arn| {
                format!("- Description: ARN of the role\n  OutputKey: {name}\n  OutputValue: {arn}")
            }),
        ),
        (
            "table",
            lines(|name, arn| {
                format!(
                    "||  Description |  ARN of the role ||\n||  OutputKey   |  {name} ||\n||  OutputValue |  {arn} ||"
                )
            }),
        ),
        ("text", lines(|name, arn| format!("OUTPUTS\tARN of the role\t{name}\t{arn}"))),
        ("words", expected().words().replace(" \\\n", "\n")),
    ];
    for (form, text) in forms {
        assert_eq!(read(&text), Ok(expected()), "{form}: {text}");
    }
}

#[test]
fn parameters_are_what_the_aws_cli_takes() {
    let parameters = expected().parameters();
    assert_eq!(parameters.as_array().map(Vec::len), Some(6));
    assert_eq!(
        parameters[5],
        json!({
            "ParameterKey": "AuthorizerRole",
            "ParameterValue": "arn:aws:iam::111122223333:role/POP.authorizer",
        })
    );
    let words = expected().words();
    assert!(words.starts_with(
        "ParameterKey=UnifiedEndpointRole,ParameterValue=arn:aws:iam::111122223333:role/POP.Unif"
    ));
    let mut odd = expected();
    odd.all[5].1 = "arn:aws:iam::111122223333:role/a,b=c-POP.authorizer".to_owned();
    assert!(
        odd.words()
            .ends_with("ParameterValue=\"arn:aws:iam::111122223333:role/a,b=c-POP.authorizer\"'")
    );
    assert_eq!(read(&lines(|name, arn| format!("{name}={arn}"))).unwrap().words(), words);
}

fn problems(change: impl Fn(&str) -> String) -> String {
    let text = change(&lines(|name, arn| format!("{name}={arn}")));
    read(&text).expect_err(&text).join("\n")
}

#[test]
fn what_is_wrong_is_said_in_words() {
    for (text, told) in [
        (problems(|_| "  \n".to_owned()), "Paste the outputs of the stack."),
        (
            problems(|_| "hello".to_owned()),
            "None of the six outputs is there. They are called Unif",
        ),
        (problems(|_| "[]".to_owned()), "None of the six"),
        (problems(|_| "x".repeat(MAX_BYTES + 1)), "too long"),
        (problems(|all| all.replace("ReaperRole=", "Other=")), "Not there: ReaperRole."),
        (
            problems(|all| all.replace("CallbackRole", "A").replace("SchedulerRole", "B")),
            "Not there: SchedulerRole, CallbackRole.",
        ),
        (
            problems(|all| all.replace(":role/POP.Sch", ":user/POP.Sch")),
            "SchedulerRole is arn:aws:iam::",
        ),
        (
            problems(|all| all.replace("111122223333:role/POP.R", "1111:role/POP.R")),
            "is no ARN of a role",
        ),
        (
            problems(|all| all.replace("arn:aws:iam::111122223333:role/POP.authorizer", "")),
            "AuthorizerRole is empty",
        ),
        (
            problems(|all| all.replace("111122223333:role/POP.Reap", "444455556666:role/POP.Reap")),
            "several accounts: 111122223333, 444455556666",
        ),
        (
            problems(|all| format!("{all}ReaperRole=arn:aws:iam::111122223333:role/Other")),
            "ReaperRole is there with several values",
        ),
        (
            problems(|all| all.replace("POP.Reaper.app", "POP.Reclaimer.app")),
            "ReclaimerRole and ReaperRole are the same role",
        ),
        (problems(|all| all.replace("POP.Reaper.app", &"x".repeat(700))), "x…, which is no ARN"),
    ] {
        assert!(text.contains(told), "'{told}' is not in {text}");
    }
}

#[test]
fn other_partitions_and_paths_are_taken() {
    let text = lines(|name, arn| format!("{name}={}", arn.replace("aws:iam", "aws-us-gov:iam")));
    assert!(read(&text.replace("role/", "role/team/a/")).is_ok());
    assert_eq!(role_name("arn:aws:iam::111122223333:role/team/a/POP.authorizer"), "POP.authorizer");
}
