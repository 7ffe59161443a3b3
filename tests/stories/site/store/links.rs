//! The link to a customer's page: opened, replaced, revoked; the customer taken off.

use anyhow::{Context, Result};
use onboarding_web::{
    clock::DAY,
    onboarding::State,
    store::{AuditFilter, Customer, ListFilter, NewCustomer, Sort, Store},
};
use templates::report::Phase;

use super::{START, add_acme, customer, on_both, region, report, reported, rosa};

async fn found(store: &Store, id: &str) -> Result<Customer> {
    store.customer(id).await?.context("no such customer")
}

async fn listed(store: &Store) -> Result<String> {
    Ok(store.list(&ListFilter::default(), Sort::Name, 1, 0).await?.rows.remove(0).state)
}

async fn last_audit(store: &Store) -> Result<(String, String, String)> {
    let row = store.audit_rows(&AuditFilter::default(), 1, 0).await?.0.remove(0);
    Ok((row.actor, row.ip, row.action))
}

fn by_rosa(action: &str) -> (String, String, String) {
    let rosa = rosa();
    (rosa.name, rosa.ip, action.to_owned())
}

#[tokio::test]
async fn a_replaced_link_is_dead_and_its_stacks_still_report() -> Result<()> {
    on_both(async |store, clock| {
        let id = add_acme(store).await?;
        store.page_opened(&id).await?;
        store.revoke_link(&rosa(), &id).await?;
        clock.advance(DAY);
        store.rotate_link(&rosa(), &id).await?;
        let kept = found(store, &id).await?;
        assert_eq!((kept.generation, kept.expires_at), (2, START + 15 * DAY));
        assert_eq!((kept.revoked_at, kept.opened_count, kept.opened_at), (0, 0, 0));
        assert_eq!(kept.changed_at, START + DAY);
        let page = |generation| store.key().page_token(&id, generation);
        assert_eq!(store.customer_by_page(&page(1)).await?, None);
        assert_eq!(store.customer_by_page(&page(2)).await?, Some(kept));
        for generation in [1, 2] {
            let token = store.key().stack_token(&id, "eu-west-1", generation);
            let known = (id.clone(), "eu-west-1".to_owned(), generation);
            assert_eq!(store.stack_token(&token).await?, Some(known));
        }
        assert_eq!(last_audit(store).await?, by_rosa("replace link"));
        // Found by the end of the link that is valid, not by that of the one before.
        let total = async |query: &str| {
            let filter = ListFilter { query: query.to_owned(), ..ListFilter::default() };
            store.list(&filter, Sort::Name, 1, 0).await.map(|page| page.total)
        };
        assert_eq!((total(&page(2)[37..]).await?, total(&page(1)[37..]).await?), (1, 0));
        store.rotate_link(&rosa(), "nobody").await?;
        assert_eq!(store.events(&id, 10).await?.len(), 4);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_region_that_comes_later_has_a_token_of_the_link_that_is_valid_then() -> Result<()> {
    on_both(async |store, _| {
        let id = add_acme(store).await?;
        store.rotate_link(&rosa(), &id).await?;
        let regions = vec![region("eu-west-1"), region("us-east-1")];
        let more = NewCustomer { regions, ..customer("Acme Stores", "111122223333") };
        store.change_customer(&rosa(), &id, &more).await?;
        let known = async |generation| {
            let token = store.key().stack_token(&id, "us-east-1", generation);
            store.stack_token(&token).await.map(|found| found.is_some())
        };
        assert_eq!((known(1).await?, known(2).await?), (false, true));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_link_ends_when_it_is_revoked_or_expires() -> Result<()> {
    on_both(async |store, clock| {
        let id = add_acme(store).await?;
        let kept = found(store, &id).await?;
        assert!(kept.link_is_valid(START + 14 * DAY - 1));
        assert!(!kept.link_is_valid(START + 14 * DAY));
        clock.advance(9);
        store.revoke_link(&rosa(), &id).await?;
        let kept = found(store, &id).await?;
        assert_eq!((kept.revoked_at, kept.changed_at), (START + 9, START + 9));
        assert!(!kept.link_is_valid(START + 10));
        assert_eq!(last_audit(store).await?, by_rosa("revoke link"));
        let what = &store.events(&id, 1).await?[0].what;
        assert_eq!(what, "revoked the link");
        store.revoke_link(&rosa(), "nobody").await?;
        assert_eq!(store.audit_rows(&AuditFilter::default(), 1, 0).await?.1, 2);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn taking_a_customer_off_is_noted_and_leaves_the_link() -> Result<()> {
    on_both(async |store, clock| {
        let id = add_acme(store).await?;
        clock.advance(9);
        store.offboard(&rosa(), &id).await?;
        let kept = found(store, &id).await?;
        assert_eq!((kept.offboarded_at, kept.revoked_at), (START + 9, 0));
        assert!(kept.link_is_valid(START + 9));
        assert_eq!(last_audit(store).await?, by_rosa("offboard customer"));
        // Its load balancers may be somebody else's from now on.
        assert_eq!(store.regions_of_account("111122223333").await?, []);
        assert!(store.all_taken().await?.is_empty());

        clock.advance(1);
        store.reinstate(&rosa(), &id).await?;
        let kept = found(store, &id).await?;
        assert_eq!((kept.offboarded_at, kept.changed_at), (0, START + 10));
        assert_eq!(last_audit(store).await?, by_rosa("reinstate customer"));
        assert_eq!(store.regions_of_account("111122223333").await?.len(), 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn every_opening_is_counted_and_the_first_is_a_signal() -> Result<()> {
    on_both(async |store, clock| {
        let id = add_acme(store).await?;
        assert_eq!(listed(store).await?, "sent");
        clock.advance(5);
        assert!(store.page_opened(&id).await?, "it was not the first time");
        clock.advance(5);
        assert!(!store.page_opened(&id).await?, "it was the first time again");
        let kept = found(store, &id).await?;
        assert_eq!((kept.opened_count, kept.opened_at), (2, START + 10));
        assert_eq!(kept.regions[0].onboarding.opened, START + 5);
        assert_eq!((kept.state(START), listed(store).await?.as_str()), (State::Opened, "opened"));
        let events = store.events(&id, 10).await?;
        let opened = events.iter().filter(|event| event.what == "opened the page");
        assert_eq!(opened.map(|one| (one.at, one.who.as_str())).collect::<Vec<_>>(), OPENED);

        store.rotate_link(&rosa(), &id).await?;
        store.page_opened(&id).await?;
        assert_eq!(found(store, &id).await?.opened_count, 1);
        store.page_opened("nobody").await?;
        Ok(())
    })
    .await
}

const OPENED: [(i64, &str); 1] = [(START + 5, "Customer")];

#[tokio::test]
async fn many_openings_at_once_are_all_counted() -> Result<()> {
    on_both(async |store, _| {
        let id = add_acme(store).await?;
        let openings = (0..20).map(|_| store.page_opened(&id));
        for opening in futures_util::future::join_all(openings).await {
            opening?;
        }
        assert_eq!(found(store, &id).await?.opened_count, 20);
        let events = store.events(&id, 100).await?;
        assert_eq!(events.iter().filter(|event| event.who == "Customer").count(), 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_region_that_comes_after_the_first_opening_is_opened_by_the_next() -> Result<()> {
    on_both(async |store, _| {
        let id = add_acme(store).await?;
        store.page_opened(&id).await?;
        let done = report("eu-west-1", "r1", "Create", Phase::Succeeded);
        reported(store, &id, "eu-west-1", done).await?;
        let regions = vec![region("eu-west-1"), region("us-east-1")];
        let more = NewCustomer { regions, ..customer("Acme Stores", "111122223333") };
        store.change_customer(&rosa(), &id, &more).await?;
        assert_eq!(listed(store).await?, "sent");
        store.page_opened(&id).await?;
        assert_eq!(found(store, &id).await?.state(store.now()), State::Opened);
        assert_eq!(listed(store).await?, "opened");
        Ok(())
    })
    .await
}
