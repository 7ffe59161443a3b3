//! The list of customers: searched, filtered, sorted, in pages.

use std::collections::BTreeSet;

use anyhow::Result;
use futures_util::future::try_join_all;
use onboarding_web::store::{ListFilter, ListPage, NewCustomer, Sort, Store};
use templates::report::Phase;

use super::{START, add, customer, on_both, region, report, reported, rosa};

fn searching(query: &str) -> ListFilter {
    ListFilter { query: query.to_owned(), ..ListFilter::default() }
}

async fn page(store: &Store, filter: &ListFilter, sort: Sort) -> Result<ListPage> {
    Ok(store.list(filter, sort, 100, 0).await?)
}

async fn names(store: &Store, filter: &ListFilter) -> Result<Vec<String>> {
    let page = page(store, filter, Sort::Name).await?;
    assert_eq!(usize::try_from(page.total)?, page.rows.len(), "{filter:?}");
    Ok(page.rows.into_iter().map(|row| row.name).collect())
}

async fn finds(store: &Store, query: &str, expected: &[&str]) -> Result<()> {
    assert_eq!(names(store, &searching(query)).await?, expected, "{query:?}");
    Ok(())
}

#[tokio::test]
async fn a_customer_is_found_by_all_that_people_know_of_it() -> Result<()> {
    on_both(async |store, _| {
        let arn = "arn:aws:elasticloadbalancing:ap-south-1:999988887777:loadbalancer/app/Shop/50dc";
        let acme = NewCustomer {
            email: "Ops@Acme.test".to_owned(),
            load_balancers: arn.to_owned(),
            regions: vec![("ap-south-1".to_owned(), "a,b".to_owned(), 2)],
            ..customer("Acme Stores", "999988887777")
        };
        let id = add(store, acme).await?;
        let email = "rosa@other.test".to_owned();
        add(store, NewCustomer { email, ..customer("Other", "222233334444") }).await?;
        let page = store.key().page_token(&id, 1);
        let end = &page[37..];
        let known =
            ["acme", "ACME ST", " acme ", "ops@acme", "9999888", "app/shop", "AP-SOUTH", end];
        for query in known {
            finds(store, query, &["Acme Stores"]).await?;
        }
        finds(store, "", &["Acme Stores", "Other"]).await?;
        finds(store, "   ", &["Acme Stores", "Other"]).await?;
        // What people cannot know is not searched: the rest of the link, notes.
        for query in [&page[..37], "calls on mondays", "acme other"] {
            finds(store, query, &[]).await?;
        }
        // It is found by what it is now.
        store.change_customer(&rosa(), &id, &customer("Zeta", "999988887777")).await?;
        finds(store, "acme stores", &[]).await?;
        finds(store, "zeta", &["Zeta"]).await
    })
    .await
}

#[tokio::test]
async fn what_stands_for_others_in_sql_stands_for_itself() -> Result<()> {
    on_both(async |store, _| {
        let all = ["100% Logs", "100 Logs", "un_der", "under", "back\\slash", "backslash", "it's"];
        for (number, name) in all.into_iter().enumerate() {
            add(store, customer(name, &format!("{number:012}"))).await?;
        }
        finds(store, "%", &["100% Logs"]).await?;
        finds(store, "0% l", &["100% Logs"]).await?;
        finds(store, "1%l", &[]).await?;
        finds(store, "n_d", &["un_der"]).await?;
        finds(store, "u_der", &[]).await?;
        finds(store, "\\", &["back\\slash"]).await?;
        finds(store, "k\\s", &["back\\slash"]).await?;
        finds(store, "\\\\", &[]).await?;
        finds(store, "\\%", &[]).await?;
        finds(store, "'", &["it's"]).await?;
        finds(store, "' OR 1=1 --", &[]).await
    })
    .await
}

#[tokio::test]
async fn letters_of_all_scripts_are_found_in_either_case() -> Result<()> {
    on_both(async |store, _| {
        let all = ["Ärzte GmbH", "ŻÓŁW", "Привет", "日本 Logs", "Ελλάδα"];
        for (number, name) in all.into_iter().enumerate() {
            add(store, customer(name, &format!("{number:012}"))).await?;
        }
        for (query, expected) in [
            ("ärzte", 0),
            ("ÄRZTE", 0),
            ("żółw", 1),
            ("Żółw", 1),
            ("привет", 2),
            ("ПРИВЕТ", 2),
            ("日本", 3),
            ("ελλάδα", 4),
            ("ΕΛΛΆΔ", 4),
        ] {
            finds(store, query, &[all[expected]]).await?;
        }
        finds(store, "arzte", &[]).await
    })
    .await
}

#[tokio::test]
async fn a_search_that_makes_no_sense_finds_nothing() -> Result<()> {
    on_both(async |store, _| {
        add(store, customer("Acme Stores", "111122223333")).await?;
        // Where a database cannot even be asked, it says why.
        match store.list(&searching("€\0€"), Sort::Name, 1, 0).await {
            Ok(page) => assert_eq!(page.total, 0),
            Err(error) => assert!(error.is_unkeepable_text(), "{error}"),
        }
        finds(store, &"%".repeat(60_000), &[]).await
    })
    .await
}

#[tokio::test]
async fn every_filter_narrows_and_they_go_together() -> Result<()> {
    on_both(async |store, _| {
        let make = |name: &str, account: &str, version: &str, owner: &str, one: &str| NewCustomer {
            template_version: version.to_owned(),
            owner: owner.to_owned(),
            regions: vec![region(one)],
            ..customer(name, account)
        };
        add(store, make("A", "1", "0.1.0", "rosa", "eu-west-1")).await?;
        let b = add(store, make("B", "2", "0.2.0", "rosa", "us-east-1")).await?;
        add(store, make("C", "3", "0.2.0", "", "eu-west-1")).await?;
        store.page_opened(&b).await?;
        let any = ListFilter::default();
        let text = |text: &str| text.to_owned();
        for (filter, expected) in [
            (ListFilter { state: text("sent"), ..any.clone() }, vec!["A", "C"]),
            (ListFilter { state: text("opened"), ..any.clone() }, vec!["B"]),
            (ListFilter { state: text("sen%"), ..any.clone() }, vec![]),
            (ListFilter { region: text("eu-west-1"), ..any.clone() }, vec!["A", "C"]),
            (ListFilter { region: text("eu-west"), ..any.clone() }, vec![]),
            (ListFilter { version: text("0.2.0"), ..any.clone() }, vec!["B", "C"]),
            (ListFilter { owner: text("rosa"), ..any.clone() }, vec!["A", "B"]),
            (
                ListFilter {
                    query: text("a"),
                    state: text("sent"),
                    region: text("eu-west-1"),
                    version: text("0.1.0"),
                    owner: text("rosa"),
                },
                vec!["A"],
            ),
            (ListFilter { region: text("eu-west-1"), owner: text("rosa"), ..any }, vec!["A"]),
        ] {
            assert_eq!(names(store, &filter).await?, expected, "{filter:?}");
        }
        let [regions, versions, owners] = store.filter_values().await?;
        assert_eq!(regions, ["eu-west-1", "us-east-1"]);
        assert_eq!((versions, owners), (vec![text("0.1.0"), text("0.2.0")], vec![text("rosa")]));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_filter_offers_no_region_that_nobody_has_any_more() -> Result<()> {
    on_both(async |store, _| {
        let id = add(store, customer("A", "1")).await?;
        let begun = report("eu-west-1", "r1", "Create", Phase::Started);
        reported(store, &id, "eu-west-1", begun).await?;
        let moved = NewCustomer { regions: vec![region("us-east-1")], ..customer("A", "1") };
        store.change_customer(&rosa(), &id, &moved).await?;
        let [regions, ..] = store.filter_values().await?;
        assert_eq!(regions, ["us-east-1"]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_needs_attention_comes_first_and_is_counted() -> Result<()> {
    on_both(async |store, clock| {
        let phases = [
            ("active", Some(Phase::Succeeded)),
            ("failed early", Some(Phase::Failed)),
            ("running", Some(Phase::Started)),
            ("failed late", Some(Phase::Failed)),
            ("sent", None),
        ];
        for (number, (name, phase)) in phases.into_iter().enumerate() {
            clock.advance(1);
            let id = add(store, customer(name, &format!("{number:012}"))).await?;
            if let Some(phase) = phase {
                let report = report("eu-west-1", "r1", "Create", phase);
                reported(store, &id, "eu-west-1", report).await?;
            }
        }
        let order = async |sort| {
            let page = page(store, &ListFilter::default(), sort).await?;
            assert_eq!((page.total, page.attention), (5, 2));
            Ok::<_, anyhow::Error>(page.rows.into_iter().map(|row| row.name).collect::<Vec<_>>())
        };
        let attention = ["failed late", "failed early", "running", "sent", "active"];
        assert_eq!(order(Sort::Attention).await?, attention);
        let by_name = ["active", "failed early", "failed late", "running", "sent"];
        assert_eq!(order(Sort::Name).await?, by_name);
        let latest = ["sent", "failed late", "running", "failed early", "active"];
        assert_eq!(order(Sort::Changed).await?, latest);
        let failed = page(store, &searching("early"), Sort::Name).await?;
        assert_eq!((failed.total, failed.attention), (1, 1));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn names_are_sorted_as_people_sort_them() -> Result<()> {
    on_both(async |store, _| {
        for (number, name) in ["Zeta", "acme", "Beta"].into_iter().enumerate() {
            add(store, customer(name, &format!("{number:012}"))).await?;
        }
        assert_eq!(names(store, &ListFilter::default()).await?, ["acme", "Beta", "Zeta"]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn pages_have_everybody_once_in_every_order() -> Result<()> {
    on_both(async |store, _| {
        // All at one moment and half of them of one name, so that only the id tells them apart.
        let new: Vec<NewCustomer> = (0..23)
            .map(|number| {
                customer(if number % 2 == 0 { "Same" } else { "Other" }, &number.to_string())
            })
            .collect();
        let ids = store.add_customers(&rosa(), &new, None).await?;
        let ids: BTreeSet<String> = ids.into_iter().collect();
        for sort in [Sort::Attention, Sort::Name, Sort::Changed] {
            let mut seen = Vec::new();
            for offset in [0, 5, 10, 15, 20] {
                let page = store.list(&ListFilter::default(), sort, 5, offset).await?;
                assert_eq!((page.total, page.attention), (23, 0));
                assert_eq!(page.rows.len(), if offset == 20 { 3 } else { 5 });
                seen.extend(page.rows.into_iter().map(|row| row.id));
            }
            assert_eq!(seen.len(), 23, "{sort:?}");
            assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), ids, "{sort:?}");
            let beyond = store.list(&ListFilter::default(), sort, 5, 100).await?;
            assert_eq!((beyond.rows.len(), beyond.total), (0, 23));
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_row_says_what_is_there() -> Result<()> {
    on_both(async |store, clock| {
        let regions = vec![("us-east-1".to_owned(), "a,b,c".to_owned(), 3), region("eu-west-1")];
        let id = add(store, NewCustomer { regions, ..customer("Acme", "111122223333") }).await?;
        clock.advance(3);
        store.revoke_link(&rosa(), &id).await?;
        let row = page(store, &ListFilter::default(), Sort::Name).await?.rows.remove(0);
        assert_eq!(row.regions, "eu-west-1 · 1, us-east-1 · 3");
        assert_eq!((row.id.as_str(), row.account.as_str()), (id.as_str(), "111122223333"));
        assert_eq!((row.generation, row.revoked_at, row.changed_at), (1, START + 3, START + 3));
        assert_eq!(
            (row.template_version.as_str(), row.owner.as_str()),
            ("0.1.0", rosa().name.as_str())
        );
        let empty = page(store, &searching("nobody"), Sort::Attention).await?;
        assert_eq!((empty.rows.len(), empty.total, empty.attention), (0, 0, 0));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn everybody_is_counted_once_however_the_counts_are_put_together() -> Result<()> {
    on_both(async |store, _| {
        let mut ids = Vec::new();
        for number in 0..6 {
            let new = customer(&format!("Customer {number}"), &format!("{number:012}"));
            ids.push(add(store, new).await?);
        }
        // Two copies of the service do it at once, while customers open their pages.
        let opened = try_join_all(ids.iter().take(2).map(|id| store.page_opened(id)));
        let (opened, one, other) =
            tokio::join!(opened, store.gather_counts(), store.gather_counts());
        opened?;
        one?;
        other?;
        store.page_opened(&ids[2]).await?;
        store.gather_counts().await?;
        let count = async |state: &str| -> Result<i64> {
            let filter = ListFilter { state: state.to_owned(), ..ListFilter::default() };
            Ok(page(store, &filter, Sort::Name).await?.total)
        };
        let counts = [count("").await?, count("opened").await?, count("sent").await?];
        assert_eq!(counts, [6, 3, 3]);
        assert_eq!([count("failed").await?, count("no state").await?], [0, 0]);
        Ok(())
    })
    .await
}
