use super::{
    scenes::{OLD, THEIRS, TOPIC, WEB},
    *,
};

#[test]
fn a_person_reads_what_a_step_does_and_to_what() {
    let id = identity();
    let web = load_balancer(&id.home, WEB);
    let (load_balancer, settings) = (web.clone(), Vec::new());
    let endpoint = Endpoint { protocol: "https", address: OLD.into() };
    let cases = [
        (Step::CreateTopic { policy: None, tags: Vec::new() }, "create the SNS topic".to_owned()),
        (Step::SetSignatureVersion, "have messages signed with SHA-256".to_owned()),
        (Step::CreateBucket(THEIRS.into()), format!("create bucket {THEIRS}")),
        (
            Step::Subscribe { topic: TOPIC.into(), endpoint },
            format!("subscribe the vendor to topic {TOPIC}"),
        ),
        (
            Step::Unsubscribe { subscription: "arn:one".into() },
            "remove subscription arn:one".into(),
        ),
        (
            Step::SetLogging { load_balancer, settings: Vec::new() },
            format!("turn on logging of load balancer {web}"),
        ),
        (
            Step::RestoreLogging { load_balancer: web.clone(), settings },
            format!("put back logging of load balancer {web}"),
        ),
        (Step::DeleteTopic(TOPIC.into()), format!("remove topic {TOPIC}")),
    ];
    for (step, words) in cases {
        assert_eq!(step.label(), words);
    }
}
