//! Customers: added, found, changed, imported.

use anyhow::{Context, Result};
use onboarding_web::{
    clock::DAY,
    onboarding::State,
    store::{AuditFilter, Customer, ListFilter, NewCustomer, Region, Sort, Store, Taken},
};
use templates::report::Phase;

use super::{
    START, add, add_acme, customer, on_both, on_databases, region, report, reported, rosa,
};

async fn found(store: &Store, id: &str) -> Result<Customer> {
    store.customer(id).await?.context("no such customer")
}

async fn all(store: &Store) -> Result<i64> {
    Ok(store.list(&ListFilter::default(), Sort::Name, 1, 0).await?.total)
}

async fn audited(store: &Store, action: &str) -> Result<i64> {
    let filter = AuditFilter { action: action.to_owned(), ..AuditFilter::default() };
    Ok(store.audit_rows(&filter, 1, 0).await?.1)
}

fn names(regions: &[Region]) -> Vec<(&str, i64)> {
    regions.iter().map(|one| (one.region.as_str(), one.dropped_at)).collect()
}

#[tokio::test]
async fn a_customer_is_kept_as_staff_said() -> Result<()> {
    on_both(async |store, _| {
        let id = add_acme(store).await?;
        let kept = found(store, &id).await?;
        let onboarding = kept.regions[0].onboarding.clone();
        let stack_name = kept.regions[0].stack_name.clone();
        assert!(stack_name.starts_with("logs-analysis-acme-stores-"), "{stack_name}");
        let expected = Customer {
            id: id.clone(),
            name: "Acme Stores".to_owned(),
            email: "ops@acme.test".to_owned(),
            account: "111122223333".to_owned(),
            partition: "aws".to_owned(),
            existing_bucket: "acme-logs".to_owned(),
            retention_days: 90,
            template_version: "0.1.0".to_owned(),
            owner: "rosa@vendor.test".to_owned(),
            notes: "Calls on Mondays".to_owned(),
            load_balancers: "eu-west-1 all".to_owned(),
            generation: 1,
            expires_days: 14,
            expires_at: START + 14 * DAY,
            created_at: START,
            changed_at: START,
            regions: vec![Region {
                region: "eu-west-1".to_owned(),
                selectors: "all".to_owned(),
                stack_name,
                onboarding,
                asked_at: START,
                dropped_at: 0,
            }],
            ..Customer::default()
        };
        assert_eq!(kept, expected);
        assert_eq!(kept.state(START), State::Sent);
        assert_eq!(store.now(), START);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_customer_is_found_by_id_by_page_and_by_stack() -> Result<()> {
    on_both(async |store, _| {
        let id = add_acme(store).await?;
        let other = add(store, customer("Other", "222233334444")).await?;
        let page = store.key().page_token(&id, 1);
        assert_eq!(store.customer_by_page(&page).await?, store.customer(&id).await?);
        let stack = store.key().stack_token(&id, "eu-west-1", 1);
        let whose = (id.clone(), "eu-west-1".to_owned(), 1);
        assert_eq!(store.stack_token(&stack).await?, Some(whose));

        for unknown in ["", "x", &id, &stack, &page[..42], "%", "' OR ''='", "\0"] {
            assert_eq!(store.customer_by_page(unknown).await?, None, "{unknown:?}");
        }
        assert_eq!(store.stack_token(&page).await?, None);
        for unknown in ["", "x", "%", &page] {
            assert_eq!(store.customer(unknown).await?, None, "{unknown:?}");
        }
        let taken = store.regions_of_account("111122223333").await?;
        let [region, selectors, name] = ["eu-west-1", "all", "Acme Stores"].map(str::to_owned);
        assert_eq!(taken, [Taken { region, selectors, name, customer_id: id }]);
        let everybodys = store.all_taken().await?;
        let others = ("222233334444".to_owned(), "eu-west-1".to_owned());
        assert_eq!((everybodys.len(), everybodys[&others][0].1.as_str()), (2, "Other"));
        assert_eq!(store.regions_of_account("222233334444").await?[0].customer_id, other);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn all_customers_of_a_list_are_added_or_none() -> Result<()> {
    on_databases(async |base| {
        let (store, direct) = (&base.store, base.direct().await?);
        sqlx::query("CREATE UNIQUE INDEX one_each ON customers (email)").execute(&direct).await?;
        let list = store.keep_import("rosa", "list.csv", "name,email").await?;
        let unlike = |name: &str, email: &str| NewCustomer {
            account: format!("{:0>12}", name.as_bytes()[0]),
            email: email.to_owned(),
            ..customer(name, "1")
        };
        let bad = [unlike("A", "a@a.test"), unlike("B", "b@b.test"), unlike("C", "a@a.test")];
        assert!(store.add_customers(&rosa(), &bad, Some((&list, 0))).await.is_err());
        assert_eq!((all(store).await?, audited(store, "").await?), (0, 0));
        assert_eq!(store.import(&list, "rosa").await?.context("no list")?.done, "");

        let good = &bad[..2];
        let ids = store.add_customers(&rosa(), good, Some((&list, 3))).await?;
        assert_eq!((all(store).await?, audited(store, "add customer").await?), (2, 2));
        let done = store.import(&list, "rosa").await?.context("no list")?;
        assert_eq!((done.done, done.left_out), (serde_json::to_string(&ids)?, 3));
        for (id, name) in ids.iter().zip(["A", "B"]) {
            assert_eq!(found(store, id).await?.name, name);
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_list_that_is_confirmed_twice_at_once_is_taken_once() -> Result<()> {
    on_both(async |store, _| {
        let list = store.keep_import("rosa", "list.csv", "name,email").await?;
        let (new, by) = ([customer("Acme Stores", "111122223333")], rosa());
        let confirm = || store.add_customers(&by, &new, Some((&list, 0)));
        let (_, _) = tokio::join!(confirm(), confirm());
        assert_eq!(all(store).await?, 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_change_is_kept_and_the_link_stays() -> Result<()> {
    on_both(async |store, clock| {
        let id = add_acme(store).await?;
        clock.advance(DAY);
        let changed = NewCustomer {
            email: "new@acme.test".to_owned(),
            existing_bucket: String::new(),
            retention_days: 30,
            template_version: "0.2.0".to_owned(),
            owner: String::new(),
            notes: String::new(),
            load_balancers: "eu-west-1 tag:Team=shop".to_owned(),
            regions: vec![("eu-west-1".to_owned(), "tag:Team=shop".to_owned(), 1)],
            ..customer("Acme Group", "444455556666")
        };
        let before = found(store, &id).await?;
        store.change_customer(&rosa(), &id, &changed).await?;
        let after = found(store, &id).await?;
        assert_eq!(after.name, "Acme Group");
        assert_eq!(
            (after.email.as_str(), after.account.as_str()),
            ("new@acme.test", "444455556666")
        );
        assert_eq!((after.existing_bucket.as_str(), after.retention_days), ("", 30));
        assert_eq!((after.template_version.as_str(), after.owner.as_str()), ("0.2.0", ""));
        assert_eq!((after.notes.as_str(), after.changed_at), ("", START + DAY));
        assert_eq!(after.regions[0].selectors, "tag:Team=shop");
        // A stack that was launched as the link said keeps its name.
        assert_eq!(after.regions[0].stack_name, before.regions[0].stack_name);
        assert_eq!((after.generation, after.expires_at), (1, before.expires_at));
        let page = store.key().page_token(&id, 1);
        assert_eq!(store.customer_by_page(&page).await?.context("no page")?.id, id);

        let filter = AuditFilter { action: "change customer".to_owned(), ..AuditFilter::default() };
        let (rows, _) = store.audit_rows(&filter, 10, 0).await?;
        assert_eq!((rows.len(), rows[0].customer_id.as_str()), (1, id.as_str()));
        assert!(
            rows[0]
                .before
                .contains("name: Acme Stores\ne-mail: ops@acme.test\naccount: 111122223333")
        );
        assert!(
            rows[0]
                .after
                .contains("name: Acme Group\ne-mail: new@acme.test\naccount: 444455556666")
        );
        let event = &store.events(&id, 1).await?[0];
        assert_eq!((event.who.as_str(), event.what.as_str()), EVENT);
        store.change_customer(&rosa(), "nobody", &changed).await?;
        assert_eq!((all(store).await?, audited(store, "change customer").await?), (1, 1));
        Ok(())
    })
    .await
}

const EVENT: (&str, &str) = ("rosa@vendor.test", "changed the customer's details");

#[tokio::test]
async fn how_long_links_live_can_be_changed() -> Result<()> {
    on_both(async |store, clock| {
        let id = add_acme(store).await?;
        let longer = NewCustomer { expires_days: 30, ..customer("Acme Stores", "111122223333") };
        store.change_customer(&rosa(), &id, &longer).await?;
        assert_eq!(found(store, &id).await?.expires_days, 30);
        clock.advance(DAY);
        store.rotate_link(&rosa(), &id).await?;
        assert_eq!(found(store, &id).await?.expires_at, START + 31 * DAY);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_region_with_a_stack_stays_when_staff_take_it_off_the_list() -> Result<()> {
    on_both(async |store, clock| {
        let in_regions = |all: &[&str]| NewCustomer {
            regions: all.iter().map(|one| region(one)).collect(),
            ..customer("Acme Stores", "111122223333")
        };
        let id = add(store, in_regions(&["us-east-1", "eu-west-1"])).await?;
        assert_eq!(names(&found(store, &id).await?.regions), [("eu-west-1", 0), ("us-east-1", 0)]);
        let begun = report("eu-west-1", "r1", "Create", Phase::Started);
        reported(store, &id, "eu-west-1", begun).await?;

        clock.advance(5);
        store.change_customer(&rosa(), &id, &in_regions(&["ap-south-1"])).await?;
        let kept = found(store, &id).await?;
        assert_eq!(names(&kept.regions), [("ap-south-1", 0), ("eu-west-1", START + 5)]);
        let row = store.list(&ListFilter::default(), Sort::Name, 1, 0).await?.rows.remove(0);
        assert_eq!(row.regions, "ap-south-1 · 1");
        // Its load balancers may belong to somebody else now, and the stack goes on reporting.
        let theirs = store.regions_of_account("111122223333").await?;
        assert_eq!(
            theirs.iter().map(|one| one.region.as_str()).collect::<Vec<_>>(),
            ["ap-south-1"]
        );
        assert_eq!(store.all_taken().await?.len(), 1);
        for one in ["ap-south-1", "eu-west-1"] {
            let token = store.key().stack_token(&id, one, 1);
            assert!(store.stack_token(&token).await?.is_some(), "{one}");
        }
        reported(store, &id, "eu-west-1", report("eu-west-1", "r1", "Create", Phase::Succeeded))
            .await?;
        let gone = report("us-east-1", "r1", "Create", Phase::Started);
        assert!(reported(store, &id, "us-east-1", gone).await.is_err());

        // Back on the list, it is as if it had never been off.
        store.change_customer(&rosa(), &id, &in_regions(&["ap-south-1", "eu-west-1"])).await?;
        let back = found(store, &id).await?;
        assert_eq!(names(&back.regions), [("ap-south-1", 0), ("eu-west-1", 0)]);
        assert_eq!(back.regions[1].onboarding.state(store.now()), State::Active);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_region_off_the_list_is_forgotten_once_its_stack_is_gone() -> Result<()> {
    on_both(async |store, _| {
        let id = add_acme(store).await?;
        let done = |kind: &str, phase| report("eu-west-1", kind, kind, phase);
        reported(store, &id, "eu-west-1", done("Create", Phase::Succeeded)).await?;
        let elsewhere = NewCustomer {
            regions: vec![region("us-east-1")],
            ..customer("Acme Stores", "111122223333")
        };
        store.change_customer(&rosa(), &id, &elsewhere).await?;
        reported(store, &id, "eu-west-1", done("Delete", Phase::Started)).await?;
        assert_eq!(found(store, &id).await?.regions.len(), 2);
        reported(store, &id, "eu-west-1", done("Delete", Phase::Succeeded)).await?;
        assert_eq!(names(&found(store, &id).await?.regions), [("us-east-1", 0)]);
        // With a stack that is gone already, it is forgotten at once.
        let gone = report("us-east-1", "Create", "Create", Phase::Failed);
        reported(store, &id, "us-east-1", gone).await?;
        store.change_customer(&rosa(), &id, &customer("Acme Stores", "111122223333")).await?;
        assert_eq!(names(&found(store, &id).await?.regions), [("eu-west-1", 0)]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_stack_wants_an_update_once_it_is_asked_for_something_else() -> Result<()> {
    on_both(async |store, clock| {
        let same = || customer("Acme Stores", "111122223333");
        let id = add(store, same()).await?;
        let done = |request: &str| report("eu-west-1", request, "Update", Phase::Succeeded);
        let renamed = NewCustomer { name: "Acme".to_owned(), notes: String::new(), ..same() };
        let regions = vec![("eu-west-1".to_owned(), "tag:Team=shop".to_owned(), 1)];
        let version = NewCustomer { template_version: "0.2.0".to_owned(), ..same() };
        let bucket = NewCustomer { existing_bucket: String::new(), ..version.clone() };
        let days = NewCustomer { retention_days: 7, ..bucket.clone() };
        let selectors = NewCustomer { regions, ..days.clone() };
        let changes = [
            (same(), false),
            (renamed, false),
            (version, true),
            (bucket, true),
            (days, true),
            (selectors.clone(), true),
            (selectors, false),
        ];
        for (number, (change, wants)) in changes.into_iter().enumerate() {
            clock.advance(10);
            reported(store, &id, "eu-west-1", done(&format!("r{number}"))).await?;
            assert!(!found(store, &id).await?.regions[0].wants_update(), "change {number}");
            clock.advance(10);
            store.change_customer(&rosa(), &id, &change).await?;
            let region = found(store, &id).await?.regions.remove(0);
            assert_eq!(region.wants_update(), wants, "change {number}");
            assert_eq!(region.asked_at == store.now(), wants, "change {number}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn notes_and_owner_change_alone() -> Result<()> {
    on_both(async |store, clock| {
        let id = add_acme(store).await?;
        let before = found(store, &id).await?;
        clock.advance(7);
        store.set_notes(&rosa(), &id, "tom@vendor.test", "Ünïcode ✓\nsecond line").await?;
        let expected = Customer {
            owner: "tom@vendor.test".to_owned(),
            notes: "Ünïcode ✓\nsecond line".to_owned(),
            changed_at: START + 7,
            ..before
        };
        assert_eq!(found(store, &id).await?, expected);
        let filter = AuditFilter { action: "change notes".to_owned(), ..AuditFilter::default() };
        let row = store.audit_rows(&filter, 1, 0).await?.0.remove(0);
        assert_eq!(row.before, "owner: rosa@vendor.test\nCalls on Mondays");
        assert_eq!(row.after, "owner: tom@vendor.test\nÜnïcode ✓\nsecond line");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn other_copies_of_the_service_hear_what_changed() -> Result<()> {
    on_both(async |store, clock| {
        let acme = add_acme(store).await?;
        let other = add(store, customer("Other", "222233334444")).await?;
        assert_eq!(store.changed_since(START - 1).await?.len(), 2);
        assert_eq!(store.changed_since(START).await?, []);
        clock.advance(10);
        store.set_notes(&rosa(), &other, "", "").await?;
        assert_eq!(store.changed_since(START).await?, [(other.clone(), START + 10)]);
        clock.advance(10);
        // Staff who look at the customer in another copy see that the page was opened.
        store.page_opened(&acme).await?;
        assert_eq!(store.changed_since(START + 10).await?, [(acme, START + 20)]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_uploaded_list_is_its_owners_for_a_day() -> Result<()> {
    on_both(async |store, clock| {
        let text = "name,email\nÄrzte,\"a\"\"b\"\r\n";
        let id = store.keep_import("rosa", "kunden ü.csv", text).await?;
        let kept = store.import(&id, "rosa").await?.context("no list")?;
        assert_eq!((kept.file_name.as_str(), kept.content.as_str()), ("kunden ü.csv", text));
        assert_eq!((kept.done.as_str(), kept.left_out, kept.created_at), ("", 0, START));
        assert_eq!((kept.id.as_str(), kept.staff_id.as_str()), (id.as_str(), "rosa"));
        for stranger in ["tom", "", "ROSA", "%"] {
            assert_eq!(store.import(&id, stranger).await?, None, "{stranger}");
        }
        clock.advance(DAY);
        store.keep_import("tom", "b.csv", "x").await?;
        assert!(store.import(&id, "rosa").await?.is_some(), "it was forgotten too early");
        clock.advance(1);
        store.keep_import("tom", "c.csv", "x").await?;
        assert_eq!(store.import(&id, "rosa").await?, None);

        let stays = store.keep_import("rosa", "d.csv", "x").await?;
        clock.advance(DAY);
        store.forget_old_imports().await?;
        assert!(store.import(&stays, "rosa").await?.is_some(), "it was forgotten too early");
        clock.advance(1);
        store.forget_old_imports().await?;
        assert_eq!(store.import(&stays, "rosa").await?, None);
        Ok(())
    })
    .await
}
