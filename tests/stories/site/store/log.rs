//! The audit log: written in the same step as what it is about, read with filters, chained.

use anyhow::Result;
use onboarding_web::store::{Actor, AuditFilter, AuditRow, Chain, NewAudit, Store};
use tokio::task::JoinSet;

use super::{START, add, customer, on_both, rosa};

fn entry(action: &'static str, customer_id: &str, subject: &str) -> NewAudit {
    let (customer_id, subject) = (customer_id.to_owned(), subject.to_owned());
    let (before, after) = ("old\n\"a\"".to_owned(), "new ✓".to_owned());
    NewAudit { action, customer_id, subject, before, after }
}

async fn found(store: &Store, filter: AuditFilter) -> Result<Vec<i64>> {
    let (rows, count) = store.audit_rows(&filter, 100, 0).await?;
    assert_eq!(usize::try_from(count)?, rows.len(), "{filter:?}");
    Ok(rows.into_iter().map(|row| row.seq).collect())
}

#[tokio::test]
async fn a_row_holds_what_was_done() -> Result<()> {
    on_both(async |store, clock| {
        store.record(&rosa(), &entry("change setting", "c1", "link_days")).await?;
        clock.advance(60);
        store.record(&Actor::of("command line"), &NewAudit::default()).await?;
        let (rows, count) = store.audit_rows(&AuditFilter::default(), 10, 0).await?;
        assert_eq!((rows.len(), count), (2, 2));
        let text = |text: &str| text.to_owned();
        let hash = rows[1].hash.clone();
        assert!(hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{hash}");
        let first = AuditRow {
            seq: 1,
            at: START,
            actor: text("rosa@vendor.test"),
            ip: text("192.0.2.7"),
            action: text("change setting"),
            customer_id: text("c1"),
            subject: text("link_days"),
            before: text("old\n\"a\""),
            after: text("new ✓"),
            hash,
        };
        assert_eq!(rows[1], first);
        assert_eq!(
            (rows[0].seq, rows[0].at, rows[0].actor.as_str()),
            (2, START + 60, "command line")
        );
        assert_eq!((rows[0].ip.as_str(), rows[0].after.as_str()), ("", ""));
        let head = rows[0].hash.clone();
        assert_eq!(store.verify_audit().await?, Chain::Whole { rows: 2, head });
        Ok(())
    })
    .await
}

#[tokio::test]
async fn rows_are_found_by_who_what_whom_and_when() -> Result<()> {
    on_both(async |store, clock| {
        let tom = Actor::of("tom_1@vendor.test");
        store.record(&rosa(), &entry("add customer", "c0ffee", "Acme Stores")).await?;
        clock.advance(10);
        store.record(&tom, &entry("add customer", "decade", "100% Logs")).await?;
        clock.advance(10);
        store.record(&rosa(), &entry("change notes", "c0ffee", "Acme Stores")).await?;
        let any = AuditFilter::default;
        let text = |text: &str| text.to_owned();
        for (filter, expected) in [
            (any(), vec![3, 2, 1]),
            (AuditFilter { actor: text("ROSA"), ..any() }, vec![3, 1]),
            (AuditFilter { actor: text("m_1"), ..any() }, vec![2]),
            (AuditFilter { actor: text("o_a"), ..any() }, vec![]),
            (AuditFilter { action: text("customer"), ..any() }, vec![2, 1]),
            (AuditFilter { customer: text("acme st"), ..any() }, vec![3, 1]),
            (AuditFilter { customer: text("c0ffee"), ..any() }, vec![3, 1]),
            (AuditFilter { customer: text("%"), ..any() }, vec![2]),
            (AuditFilter { from: START + 10, ..any() }, vec![3, 2]),
            (AuditFilter { until: START + 10, ..any() }, vec![1]),
            (AuditFilter { from: START + 1, until: START + 20, ..any() }, vec![2]),
            (AuditFilter { actor: text("rosa"), action: text("add"), ..any() }, vec![1]),
        ] {
            assert_eq!(found(store, filter.clone()).await?, expected, "{filter:?}");
        }
        let (rows, count) = store.audit_rows(&any(), 1, 1).await?;
        assert_eq!((rows.len(), rows[0].seq, count), (1, 2, 3));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn rows_are_found_in_either_case_of_every_script() -> Result<()> {
    on_both(async |store, _| {
        // Names of customers as they are; addresses of staff are kept in lower case.
        let new = [customer("Ärzte ПРИВЕТ", "111122223333")];
        store.add_customers(&Actor::of("ömer@vendor.test"), &new, None).await?;
        store.record(&rosa(), &entry("sign in", "", "rosa@vendor.test")).await?;
        for customer in ["Ärzte", "ärzte", "ÄRZTE", "привет"] {
            let filter = AuditFilter { customer: customer.to_owned(), ..AuditFilter::default() };
            assert_eq!(found(store, filter).await?, [1], "{customer}");
        }
        let filter = AuditFilter { actor: "ÖMER".to_owned(), ..AuditFilter::default() };
        assert_eq!(found(store, filter).await?, [1]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_search_of_the_log_that_makes_no_sense_finds_nothing() -> Result<()> {
    on_both(async |store, _| {
        store.record(&rosa(), &entry("add customer", "c1", "Acme")).await?;
        let searching =
            |text: &str| AuditFilter { customer: text.to_owned(), ..AuditFilter::default() };
        match store.audit_rows(&searching("€\0€"), 1, 0).await {
            Ok((_, count)) => assert_eq!(count, 0),
            Err(error) => assert!(error.is_unkeepable_text(), "{error}"),
        }
        assert_eq!(found(store, searching(&"%".repeat(60_000))).await?, [0_i64; 0]);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_rows_of_eight_writers_make_one_chain() -> Result<()> {
    on_both(async |store, _| {
        assert_eq!(store.verify_audit().await?, Chain::Whole { rows: 0, head: String::new() });
        let mut writers = JoinSet::new();
        for writer in 0..8 {
            let store = store.clone();
            writers.spawn(async move {
                for number in 0..125 {
                    // Every fifth row comes with a customer, as most rows come with something.
                    let name = format!("{writer}-{number}");
                    if number % 5 == 0 {
                        add(&store, customer(&name, &name)).await?;
                    } else {
                        store.record(&rosa(), &entry("sign in", "", &name)).await?;
                    }
                }
                anyhow::Ok(())
            });
        }
        while let Some(done) = writers.join_next().await {
            done??;
        }
        let (rows, count) = store.audit_rows(&AuditFilter::default(), 2000, 0).await?;
        assert_eq!(count, 1000);
        assert!(rows.iter().map(|row| row.seq).eq((1..=1000).rev()), "there are gaps");
        let head = rows[0].hash.clone();
        assert_eq!(store.verify_audit().await?, Chain::Whole { rows: 1000, head });
        let subjects: std::collections::BTreeSet<_> = rows.iter().map(|row| &row.subject).collect();
        assert_eq!(subjects.len(), 1000);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_chain_holds_while_it_is_written_to() -> Result<()> {
    on_both(async |store, _| {
        let writer = store.clone();
        let writer = tokio::spawn(async move {
            for number in 0..200 {
                writer.record(&rosa(), &entry("sign in", "", &number.to_string())).await?;
            }
            anyhow::Ok(())
        });
        let mut checks = 0;
        while !writer.is_finished() {
            let found = store.verify_audit().await?;
            assert!(matches!(found, Chain::Whole { .. }), "{found:?}");
            checks += 1;
        }
        writer.await??;
        assert!(checks > 2, "{checks}");
        Ok(())
    })
    .await
}
