//! What stacks report is kept whole, in whatever order and however many come at once.

use anyhow::{Context, Result};
use onboarding_web::{
    clock::MINUTE,
    onboarding::{STALE_AFTER, Signal, State, next},
    store::{
        Actor, AuditFilter, Change, Customer, Event, ListFilter, NewAudit, NewCustomer, Region,
        Sort, Store,
    },
};
use templates::report::Phase;
use tokio::task::JoinSet;

use super::{START, add, add_acme, customer, on_both, region, report, reported, rosa};

async fn found(store: &Store, id: &str) -> Result<Customer> {
    store.customer(id).await?.context("no such customer")
}

async fn listed(store: &Store) -> Result<String> {
    Ok(store.list(&ListFilter::default(), Sort::Name, 1, 0).await?.rows.remove(0).state)
}

fn event(id: &str, at: i64) -> Event {
    let text = |text: &str| text.to_owned();
    Event { id: text(id), at, who: text("AWS"), what: text("Create began"), detail: text(id) }
}

/// What `decide` answers with if only the timeline changes.
fn only(events: Vec<Event>) -> Change {
    Change { events, ..Change::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_reports_at_once_lose_nothing() -> Result<()> {
    on_both(async |store, _| {
        let id = add_acme(store).await?;
        let mut tasks = JoinSet::new();
        for number in 0..30_i64 {
            let (store, id) = (store.clone(), id.clone());
            tasks.spawn(async move {
                let actor = Actor::of("stack");
                let change = |_: &Customer, region: &Region| {
                    // Counted in what was read: whoever reads too early writes an old number.
                    let mut onboarding = region.onboarding.clone();
                    onboarding.opened += 1;
                    let (name, action) = (format!("event {number}"), "refuse report");
                    let entry = NewAudit { action, subject: name.clone(), ..NewAudit::default() };
                    let events = vec![event(&name, START + number)];
                    (
                        onboarding.opened,
                        Change {
                            onboarding: Some(onboarding),
                            events,
                            audit: Some(entry),
                            quiet: false,
                        },
                    )
                };
                store.change_onboarding(&actor, (&id, "eu-west-1"), change).await
            });
        }
        let mut seen = Vec::new();
        while let Some(outcome) = tasks.join_next().await {
            seen.extend(outcome??);
        }
        seen.sort_unstable();
        assert_eq!(seen, (1..=30).collect::<Vec<i64>>());
        assert_eq!(found(store, &id).await?.regions[0].onboarding.opened, 30);
        let events = store.events(&id, 100).await?;
        assert_eq!(events.iter().filter(|event| event.who == "AWS").count(), 30);
        let refused = AuditFilter { action: "refuse".to_owned(), ..AuditFilter::default() };
        assert_eq!(store.audit_rows(&refused, 1, 0).await?.1, 30);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn events_come_newest_first_and_a_repeated_one_is_the_same() -> Result<()> {
    on_both(async |store, _| {
        let id = add_acme(store).await?;
        let actor = Actor::of("stack");
        let take = async |events: Vec<Event>| {
            let decide = |_: &Customer, _: &Region| ((), only(events));
            store.change_onboarding(&actor, (&id, "eu-west-1"), decide).await
        };
        take(vec![event("a", START + 1), event("c", START + 3)]).await?;
        take(vec![event("b", START + 2), event("a", START + 9)]).await?;
        let last = store.events(&id, 3).await?;
        let last: Vec<_> = last.iter().map(|event| (event.id.as_str(), event.at)).collect();
        assert_eq!(last, [("c", START + 3), ("b", START + 2), ("a", START + 1)]);
        assert_eq!(store.events(&id, 2).await?.len(), 2);
        assert_eq!(store.events("nobody", 2).await?, []);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn nothing_is_decided_for_a_region_that_is_not_there() -> Result<()> {
    on_both(async |store, clock| {
        let id = add_acme(store).await?;
        clock.advance(5);
        let actor = Actor::of("stack");
        for place in
            [("nobody", "eu-west-1"), (id.as_str(), "us-east-1"), (id.as_str(), "EU-WEST-1")]
        {
            let decide = |_: &Customer, _: &Region| panic!("asked about {place:?}");
            let taken: Option<()> = store.change_onboarding(&actor, place, decide).await?;
            assert_eq!(taken, None);
        }
        // Decided against: nothing changes.
        let before = found(store, &id).await?;
        let decide = |customer: &Customer, region: &Region| {
            ((customer.name.clone(), region.region.clone()), Change::default())
        };
        let taken = store.change_onboarding(&actor, (&id, "eu-west-1"), decide).await?;
        assert_eq!(taken, Some(("Acme Stores".to_owned(), "eu-west-1".to_owned())));
        assert_eq!(found(store, &id).await?, before);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_report_moves_the_customer_in_the_list() -> Result<()> {
    on_both(async |store, clock| {
        let id = add_acme(store).await?;
        let steps = [
            (Phase::Started, "r1", "Create", State::Running),
            (Phase::Failed, "r1", "Create", State::Failed),
            (Phase::Started, "r2", "Create", State::Running),
            (Phase::Succeeded, "r2", "Create", State::Active),
            (Phase::Succeeded, "r3", "Delete", State::Removed),
        ];
        for (phase, request, kind, state) in steps {
            clock.advance(10);
            let report = report("eu-west-1", request, kind, phase);
            reported(store, &id, "eu-west-1", report).await?;
            let kept = found(store, &id).await?;
            assert_eq!((kept.state(store.now()), kept.changed_at), (state, store.now()));
            assert_eq!(listed(store).await?, state.name());
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_refused_report_is_told_and_changes_nothing() -> Result<()> {
    on_both(async |store, clock| {
        let id = add_acme(store).await?;
        let before = found(store, &id).await?;
        clock.advance(5);
        let entry = NewAudit { action: "refuse report", ..NewAudit::default() };
        let decide = |_: &Customer, _: &Region| {
            ((), Change { audit: Some(entry), ..only(vec![event("a", START + 5)]) })
        };
        let actor = Actor { name: "stack".to_owned(), ip: "192.0.2.9".to_owned() };
        store.change_onboarding(&actor, (&id, "eu-west-1"), decide).await?;
        assert_eq!(found(store, &id).await?, before);
        assert_eq!(store.events(&id, 1).await?[0].id, "a");
        let row = store.audit_rows(&AuditFilter::default(), 1, 0).await?.0.remove(0);
        let told = (row.actor.as_str(), row.ip.as_str(), row.action.as_str());
        assert_eq!(told, ("stack", "192.0.2.9", "refuse report"));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_stack_in_the_wrong_place_is_forgotten_with_a_new_link_or_the_right_account() -> Result<()>
{
    on_both(async |store, _| {
        let (id, actor) = (add_acme(store).await?, Actor::of("stack"));
        let go_astray = async || {
            let decide = |_: &Customer, region: &Region| {
                let signal = Signal::Misdirected("The stack is elsewhere".to_owned());
                let onboarding = Some(next(region.onboarding.clone(), &signal, START));
                ((), Change { onboarding, ..only(Vec::new()) })
            };
            store.change_onboarding(&actor, (&id, "eu-west-1"), decide).await?;
            listed(store).await
        };
        assert_eq!(go_astray().await?, "failed");
        store.rotate_link(&rosa(), &id).await?;
        assert_eq!(listed(store).await?, "sent");
        assert_eq!(go_astray().await?, "failed");
        let same = NewCustomer { notes: String::new(), ..customer("Acme Stores", "111122223333") };
        store.change_customer(&rosa(), &id, &same).await?;
        assert_eq!(listed(store).await?, "failed");
        store.change_customer(&rosa(), &id, &customer("Acme Stores", "444455556666")).await?;
        assert_eq!(listed(store).await?, "sent");
        assert_eq!(found(store, &id).await?.regions[0].onboarding.misdirected, None);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_stack_that_falls_silent_is_stale_in_the_list() -> Result<()> {
    on_both(async |store, clock| {
        let id = add_acme(store).await?;
        add(store, customer("Other", "222233334444")).await?;
        let begun = report("eu-west-1", "r1", "Create", Phase::Started);
        reported(store, &id, "eu-west-1", begun).await?;
        clock.advance(STALE_AFTER);
        assert_eq!(
            (store.mark_stale().await?.len(), listed(store).await?.as_str()),
            (0, "running")
        );
        clock.advance(1);
        assert_eq!(store.mark_stale().await?, [id.as_str()]);
        assert_eq!(store.mark_stale().await?, Vec::<String>::new());
        // Other copies of the service hear of it.
        assert_eq!(store.changed_since(store.now() - 1).await?, [(id.clone(), store.now())]);
        assert_eq!(listed(store).await?, "stale");
        assert_eq!(found(store, &id).await?.state(store.now()), State::Stale);
        let page = store.list(&ListFilter::default(), Sort::Attention, 10, 0).await?;
        assert_eq!((page.rows[0].id.as_str(), page.attention, page.total), (id.as_str(), 1, 2));
        let done = report("eu-west-1", "r1", "Create", Phase::Succeeded);
        reported(store, &id, "eu-west-1", done).await?;
        assert_eq!(listed(store).await?, "active");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_silent_stack_is_stale_though_another_regions_speaks() -> Result<()> {
    on_both(async |store, clock| {
        let regions = vec![region("eu-west-1"), region("us-east-1")];
        let new = NewCustomer { regions, ..customer("Acme Stores", "111122223333") };
        let id = add(store, new).await?;
        let begun = report("eu-west-1", "r1", "Create", Phase::Started);
        reported(store, &id, "eu-west-1", begun).await?;
        clock.advance(10 * MINUTE);
        let done = report("us-east-1", "r1", "Create", Phase::Succeeded);
        reported(store, &id, "us-east-1", done).await?;
        clock.advance(6 * MINUTE);
        store.mark_stale().await?;
        assert_eq!(found(store, &id).await?.state(store.now()), State::Stale);
        assert_eq!(listed(store).await?, "stale");
        Ok(())
    })
    .await
}
