//! A site on which everything has happened: customers in every state, hostile names, two versions of
//! the template, lists of more than one page.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, Result, ensure};
use harness::{
    site::{Site, Visitor},
    target,
};
use onboarding_web::{
    clock::{Clock, DAY, HOUR},
    onboarding::{Onboarding, Signal, next},
    store::{Actor, Change, NewCustomer, Store},
    token::Key,
};
use templates::{
    catalog::LOGS_ANALYSIS_ONBOARDING,
    quick_create,
    report::{Phase, Report, Step},
};

/// As long as a name may be, without a place to break it.
const LONG: &str =
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft_GmbH";
const SCRIPT: &str = r#"<script>window.owned=1</script><img src=x onerror="window.owned=2">"#;
pub(in crate::site) const NEWEST: &str = LOGS_ANALYSIS_ONBOARDING.version;
pub(in crate::site) const OLDER: &str = "0.0.9";

/// A customer, and what its stacks and its people have.
#[derive(Debug, Clone, Default)]
pub(in crate::site) struct Person {
    pub(in crate::site) id: String,
    pub(in crate::site) account: String,
    /// The path of the customer's page.
    pub(in crate::site) page: String,
    /// Region and onboarding token.
    pub(in crate::site) tokens: Vec<(String, String)>,
}

/// How a request of a stack ends, for now.
#[derive(Debug, Clone, Copy)]
pub(in crate::site) enum End<'a> {
    At(Step),
    Failed(&'a str),
    Succeeded,
}

pub(in crate::site) struct Seeded {
    pub(in crate::site) site: Site,
    pub(in crate::site) admin: Visitor,
    pub(in crate::site) people: BTreeMap<&'static str, Person>,
    /// How many requests of stacks there were.
    told: AtomicU64,
}

/// The folder with an older version of the template: one permission less, and another default.
pub(in crate::site) fn template_folder() -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let make = || {
        let folder = target().join("stories/older-templates");
        let of_one = folder.join(LOGS_ANALYSIS_ONBOARDING.id);
        fs::create_dir_all(&of_one).expect("a folder for templates");
        let body = LOGS_ANALYSIS_ONBOARDING.body.replace(NEWEST, OLDER);
        let older = body
            .replace("                  - s3:GetBucketTagging\n", "")
            .replace("    Default: 365\n", "    Default: 180\n");
        assert!(older.len() + 20 < body.len(), "the template reads otherwise now");
        fs::write(of_one.join(format!("{OLDER}.yaml")), older).expect("a template");
        folder
    };
    MADE.get_or_init(make).clone()
}

/// A site that offers both versions.
pub(in crate::site) async fn with_two_versions() -> Result<Site> {
    let folder = format!("--template-folder={}", template_folder().display());
    Site::start(&["--vendor-name=Northlight Analytics", &folder]).await
}

/// A new account of AWS.
pub(in crate::site) fn account() -> String {
    static LAST: AtomicU64 = AtomicU64::new(100_000_000_000);
    (LAST.fetch_add(7, Ordering::Relaxed) + 7).to_string()
}

/// Adds a customer; its page, and its stacks' tokens.
pub(in crate::site) async fn add(admin: &Visitor, fields: &[(&str, &str)]) -> Result<Person> {
    let account = account();
    let all = [fields, &[("account", account.as_str())]].concat();
    let id = admin.add_customer(&all).await?;
    let (page, staff) = (admin.customer_page(&id).await?, format!("/customers/{id}/preview"));
    let mut tokens = Vec::new();
    for link in admin.links(&staff).await? {
        let parsed = quick_create::parse(&link)?;
        let mut parameters = parsed.parameters.into_iter();
        let token = parameters.find(|(name, _)| name == "OnboardingToken");
        tokens.push((parsed.region, token.context("a link without a token")?.1));
    }
    Ok(Person { id, account, page, tokens })
}

impl Person {
    /// The stack of one of its regions.
    pub(in crate::site) fn stack(&self, region: usize) -> String {
        let (region, account) = (&self.tokens[region].0, &self.account);
        let id = "51af3dc0-da77-11e4-872e-1234567db123";
        format!("arn:aws:cloudformation:{region}:{account}:stack/logs-analysis-web/{id}")
    }

    fn outputs(&self, region: usize) -> Vec<(String, String)> {
        let (region, account) = (&self.tokens[region].0, &self.account);
        let topic =
            format!("arn:aws:sns:{region}:{account}:DTLogsAnalysis-51af3dc0-1234567db123-1");
        let bucket = format!("dtlogs-51af3dc0-1234567db123-{account}-{region}-an");
        let all = [
            ("Buckets", bucket.clone()),
            ("TopicArn", topic.clone()),
            ("SubscriptionArn", format!("{topic}:e7a1b2c3-0000-4000-8000-1234567890ab")),
            ("Created", format!("bucket {bucket}, topic {topic}")),
            (
                "LoadBalancers",
                format!(
                    "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/web/50dc6c495c0c9188"
                ),
            ),
        ];
        all.map(|(name, value)| (name.to_owned(), value)).to_vec()
    }
}

/// What a stack reports of one request, from its beginning to its end.
pub(in crate::site) fn reports(
    person: &Person,
    region: usize,
    kind: &str,
    (begun, asked): (u64, &str),
    end: End<'_>,
) -> Vec<Report> {
    let one = |phase: Phase, step: Option<Step>| Report {
        stack_id: person.stack(region),
        request_id: format!("{kind}-{asked}-{region}"),
        request_type: kind.to_owned(),
        phase,
        step,
        reason: String::new(),
        begun,
        version: NEWEST.to_owned(),
        configuration: asked.to_owned(),
        outputs: Vec::new(),
    };
    let last = match end {
        End::At(step) => step,
        End::Failed(_) => Step::Notification,
        End::Succeeded => Step::Finish,
    };
    let mut all = vec![one(Phase::Started, None)];
    let mut order = Step::ALL;
    if kind == "Delete" {
        order[1..7].reverse();
    }
    let until = order.iter().position(|step| *step == last).unwrap_or(7);
    all.extend(order[..=until].iter().map(|step| one(Phase::Progress, Some(*step))));
    match end {
        End::At(_) => {}
        End::Failed(reason) => {
            all.push(Report { reason: reason.to_owned(), ..one(Phase::Failed, None) });
        }
        End::Succeeded => {
            let outputs = if kind == "Delete" { Vec::new() } else { person.outputs(region) };
            all.push(Report { outputs, ..one(Phase::Succeeded, None) });
        }
    }
    all
}

const OVERLAP: &str = "PutBucketNotificationConfiguration: bucket acme-logs already takes the same \
    events for queue arn:aws:sqs:eu-west-1:100000000000:logs (InvalidArgument: Configurations overlap. \
    Configurations on the same bucket cannot share a common event type.)";
const UNKNOWN: &str = "<img src=x onerror=\"window.owned=3\"> \
    ThisReasonHasNoSpaceAndGoesOnAndOnAndOnAndOnAndOnAndOnAndOnAndOnAndOnAndOnAndOnAndOnAndOnAndOn & more";
const DENIED: &str = "User: arn:aws:sts::100000000000:assumed-role/logs/logs is not authorized to \
    perform: elasticloadbalancing:ModifyLoadBalancerAttributes with an explicit deny in a service \
    control policy";

impl Seeded {
    pub(in crate::site) async fn new() -> Result<Self> {
        let site = with_two_versions().await?;
        let admin = site.admin().await?;
        let mut seeded = Self { site, admin, people: BTreeMap::new(), told: AtomicU64::new(0) };
        seeded.add_everybody().await?;
        seeded.launch_everything().await?;
        seeded.take_away().await?;
        seeded.go_back_in_time().await?;
        Ok(seeded)
    }

    pub(in crate::site) fn person(&self, key: &str) -> &Person {
        &self.people[key]
    }

    async fn add_everybody(&mut self) -> Result<()> {
        let one = "eu-west-1 all";
        let two = "eu-central-1 all\nus-east-1 tag:Team=shop";
        let who = [
            ("sent", "Harbour Books", one),
            ("opened", "Kite & Co", one),
            ("running", "Nordwind GmbH", two),
            ("failed", "Acme Stores", one),
            ("unknown", "株式会社ロゴス", one),
            ("undeletable", "Fjord Line", one),
            ("kept", "Old Mill", one),
            ("astray", "Wrong Way Ltd", one),
            ("active", "Blue Bakery", two),
            ("removed", "Past Perfect", one),
            ("revoked", "Lost & Found", one),
            ("leaving", "Autumn Ltd", two),
            ("gone", "Winter Ltd", one),
            ("dropped", "Half Way", two),
            ("older", "Early Bird", one),
            ("long", LONG, one),
            ("hostile", SCRIPT, one),
        ];
        for (key, name, load_balancers) in who {
            let version = if key == "older" { OLDER } else { NEWEST };
            let notes = if key == "hostile" { SCRIPT } else { "Rang on Monday.\nRings again." };
            let fields = [
                ("name", name),
                ("email", "cloud-team@customer.example"),
                ("load_balancers", load_balancers),
                ("template_version", version),
                ("owner", "admin@localhost"),
                ("notes", notes),
            ];
            self.people.insert(key, add(&self.admin, &fields).await?);
        }
        Ok(())
    }

    async fn launch_everything(&self) -> Result<()> {
        self.site.anyone().get(&self.person("opened").page).await?;
        self.run("running", 0, "Create", End::At(Step::Policy)).await?;
        self.run("failed", 0, "Create", End::Failed(OVERLAP)).await?;
        self.run("failed", 0, "Delete", End::Succeeded).await?;
        self.run("unknown", 0, "Create", End::Failed(UNKNOWN)).await?;
        let connected =
            ["undeletable", "kept", "active", "removed", "leaving", "gone", "dropped", "long"];
        for who in connected {
            for region in 0..self.person(who).tokens.len() {
                self.run(who, region, "Create", End::Succeeded).await?;
            }
        }
        self.run("undeletable", 0, "Delete", End::Failed(DENIED)).await?;
        self.tell("kept", 0, "Update", "other", End::Failed(DENIED)).await?;
        self.run("kept", 0, "Update", End::Succeeded).await?;
        for who in ["removed", "gone"] {
            self.run(who, 0, "Delete", End::Succeeded).await?;
        }
        let astray = self.person("astray");
        let elsewhere = Person { account: "999999999999".to_owned(), ..astray.clone() };
        let report = reports(&elsewhere, 0, "Create", (1, ""), End::At(Step::Look)).remove(0);
        let answer =
            self.admin.report(&astray.tokens[0].1, &serde_json::to_string(&report)?).await?;
        ensure!(answer.status == 403, "{}", answer.text);
        Ok(())
    }

    /// A request of a stack that asks for what was there from the beginning.
    async fn run(&self, who: &str, region: usize, kind: &str, end: End<'_>) -> Result<()> {
        self.tell(who, region, kind, "asked", end).await
    }

    async fn tell(
        &self,
        who: &str,
        region: usize,
        kind: &str,
        asked: &str,
        end: End<'_>,
    ) -> Result<()> {
        let person = self.person(who);
        let begun = u64::try_from(Clock::system().now())?;
        let begun = begun + self.told.fetch_add(1, Ordering::Relaxed);
        for report in reports(person, region, kind, (begun, asked), end) {
            let body = serde_json::to_string(&report)?;
            let answer = self.admin.report(&person.tokens[region].1, &body).await?;
            ensure!(answer.status == 204, "{who}: {} {}", answer.status, answer.text);
        }
        Ok(())
    }

    async fn take_away(&self) -> Result<()> {
        let done = [("revoked", "revoke"), ("leaving", "offboard"), ("gone", "offboard")];
        for (who, what) in done {
            let path = format!("/customers/{}/{what}", self.person(who).id);
            let answer = self.admin.post(&path, &[]).await?;
            ensure!(answer.status == 303, "{what}: {}", answer.text);
        }
        let Person { id, account, .. } = self.person("dropped");
        let fields = [
            ("name", "Half Way"),
            ("email", "cloud-team@customer.example"),
            ("account", account.as_str()),
            ("load_balancers", "us-east-1 tag:Team=shop"),
            ("template_version", NEWEST),
        ];
        let answer = self.admin.post(&format!("/customers/{id}/edit"), &fields).await?;
        ensure!(answer.status == 303, "{}", answer.text);
        Ok(())
    }

    /// What takes days: an expired link, a stack that fell silent, and customers enough for a second
    /// page; and a fault of ours, a customer whose template is not there.
    async fn go_back_in_time(&mut self) -> Result<()> {
        let folder = self.site.folder();
        let key = Key::load(&folder.join("onboarding.key"))?;
        let url = format!("sqlite://{}", folder.join("onboarding.db").display());
        let begun = Clock::system().now() - 20 * DAY;
        let clock = Clock::standing_at(begun);
        let store = Store::open(&url, key, clock.clone()).await?;
        let actor = Actor::of("command line");
        let broken = NewCustomer { expires_days: 90, ..customer("Broken Ltd", "9.9.9") };
        let mut new = vec![customer("Too Late Ltd", NEWEST), broken];
        new.extend((1..=100).map(|at| customer(&format!("Customer {at:03}"), NEWEST)));
        let ids = store.add_customers(&actor, &new, None).await?;
        clock.advance(20 * DAY - HOUR);
        let silent = store.add_customers(&actor, &[customer("Silent Ltd", NEWEST)], None).await?;
        for (key, id, account) in [
            ("expired", &ids[0], &new[0].account),
            ("broken", &ids[1], &new[1].account),
            ("stale", &silent[0], &String::new()),
        ] {
            let page = format!("/c/{}", store.key().page_token(id, 1));
            let tokens = vec![("eu-west-1".to_owned(), String::new())];
            let person = Person { id: id.clone(), account: account.clone(), page, tokens };
            self.people.insert(key, person);
        }
        self.fall_silent(&store, clock.now()).await?;
        clock.advance(HOUR);
        store.mark_stale().await?;
        store.close().await;
        Ok(())
    }

    async fn fall_silent(&self, store: &Store, now: i64) -> Result<()> {
        let person = self.person("stale");
        let mut onboarding = Onboarding::default();
        for report in reports(person, 0, "Create", (1, ""), End::At(Step::Bucket)) {
            onboarding = next(onboarding, &Signal::Reported(report), now);
        }
        let change = Change { onboarding: Some(onboarding), ..Change::default() };
        let (actor, place) = (Actor::of("stack"), (person.id.as_str(), "eu-west-1"));
        let kept = store.change_onboarding(&actor, place, |_, _| ((), change));
        kept.await?.context("no such customer")
    }
}

fn customer(name: &str, version: &str) -> NewCustomer {
    NewCustomer {
        name: name.to_owned(),
        email: "cloud-team@customer.example".to_owned(),
        account: account(),
        partition: "aws".to_owned(),
        retention_days: 365,
        template_version: version.to_owned(),
        load_balancers: "eu-west-1 all".to_owned(),
        expires_days: 14,
        regions: vec![("eu-west-1".to_owned(), "all".to_owned(), 1)],
        ..NewCustomer::default()
    }
}
