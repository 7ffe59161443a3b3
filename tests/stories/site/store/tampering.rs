//! Whoever has the database can change the audit log, and not unnoticed.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use fastrand::Rng;
use onboarding_web::{
    store::{AuditFilter, AuditRow, Chain, NewAudit, Store},
    token::Key,
};
use serde_json::json;
use sqlx::{AnyPool, AssertSqlSafe};

use super::{Base, START, key, on_databases, rosa};

const NUMBERS: [&str; 2] = ["seq", "at"];
const TEXTS: [&str; 8] =
    ["actor", "ip", "action", "customer_id", "subject", "before", "after", "hash"];
const ROWS: i64 = 10_000;
/// On each engine.
const FLIPS: usize = 100;

fn entry(number: i64) -> NewAudit {
    NewAudit {
        action: "change customer",
        customer_id: format!("{number:032x}"),
        subject: format!("Acme Störes {number}"),
        before: format!("owner: nobody\nline {number}"),
        after: format!("owner: rosa\nline {number}"),
    }
}

/// What the store would write next, made without it: nobody waits for ten thousand commits.
fn row_after(key: &Key, last: &AuditRow) -> AuditRow {
    let (seq, new, by) = (last.seq + 1, entry(last.seq + 1), rosa());
    let NewAudit { action, customer_id, subject, before, after } = new;
    let text = json!([seq, START, by.name, by.ip, action, customer_id, subject, before, after]);
    let hash = key.chain(&last.hash, &text.to_string());
    let (actor, ip, action) = (by.name, by.ip, action.to_owned());
    AuditRow { seq, at: START, actor, ip, action, customer_id, subject, before, after, hash }
}

/// Fills the log, the first rows through the store and the rest past it, and proves that it is whole.
async fn fill(base: &Base, rows: i64) -> Result<AnyPool> {
    for number in 1..=50 {
        base.store.record(&rosa(), &entry(number)).await?;
    }
    let mut last = base.store.audit_rows(&AuditFilter::default(), 1, 0).await?.0.remove(0);
    let direct = base.direct().await?;
    let mut tx = direct.begin().await?;
    while last.seq < rows {
        last = row_after(&key(), &last);
        let row = last.clone();
        let insert = "INSERT INTO audit VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let insert = sqlx::query(insert).bind(row.seq).bind(row.at).bind(row.actor).bind(row.ip);
        let insert = insert.bind(row.action).bind(row.customer_id).bind(row.subject);
        insert.bind(row.before).bind(row.after).bind(row.hash).execute(&mut *tx).await?;
    }
    let head = "UPDATE audit_head SET seq = $1, hash = $2";
    sqlx::query(head).bind(last.seq).bind(&last.hash).execute(&mut *tx).await?;
    tx.commit().await?;
    assert_eq!(base.store.verify_audit().await?, Chain::Whole { rows, head: last.hash });
    Ok(direct)
}

async fn run(direct: &AnyPool, statement: &str) -> Result<()> {
    sqlx::query(AssertSqlSafe(statement.to_owned())).execute(direct).await.context("tampering")?;
    Ok(())
}

/// The first bad row, if there is one.
async fn first_bad(store: &Store) -> Result<Option<i64>> {
    Ok(match store.verify_audit().await? {
        Chain::Whole { .. } => None,
        Chain::Broken { seq, .. } => Some(seq),
    })
}

/// Flips some bits of one byte of a column of a row; says what was done.
async fn flip(direct: &AnyPool, rng: &mut Rng, row: i64) -> Result<String> {
    let column = rng.usize(..NUMBERS.len() + TEXTS.len());
    if let Some(column) = NUMBERS.get(column) {
        // A number that no row has as its own.
        let lowest = if *column == "seq" { 2 } else { 0 };
        let mask = i64::from(rng.u8(1..=0x7f)) << (8 * rng.u32(lowest..=7));
        let update = format!("UPDATE audit SET {column} = $1 WHERE seq = $2");
        let select = format!("SELECT {column} FROM audit WHERE seq = $1");
        let old: i64 =
            sqlx::query_scalar(AssertSqlSafe(select)).bind(row).fetch_one(direct).await?;
        let update = sqlx::query(AssertSqlSafe(update)).bind(old ^ mask).bind(row);
        update.execute(direct).await?;
        return Ok(format!("{column} of {row}: {old} ^ {mask:x}"));
    }
    let column = TEXTS[column - NUMBERS.len()];
    let select = format!("SELECT {column} FROM audit WHERE seq = $1");
    let old: String = sqlx::query_scalar(AssertSqlSafe(select)).bind(row).fetch_one(direct).await?;
    let new = loop {
        let mut bytes = old.clone().into_bytes();
        let at = rng.usize(..bytes.len());
        bytes[at] ^= rng.u8(1..);
        // PostgreSQL refuses what is not UTF-8 and zeros; SQLite's case is a story of its own.
        if let Ok(new) = String::from_utf8(bytes)
            && !new.contains('\0')
        {
            break new;
        }
    };
    let update = format!("UPDATE audit SET {column} = $1 WHERE seq = $2");
    sqlx::query(AssertSqlSafe(update)).bind(&new).bind(row).execute(direct).await?;
    Ok(format!("{column} of {row}: {old:?} to {new:?}"))
}

/// Row after row from the end, each left as it is: of all bad rows it is the first that is named.
async fn every_flip_is_found(base: &Base) -> Result<()> {
    let direct = fill(base, ROWS).await?;
    let seed = fastrand::u64(..);
    let mut rng = Rng::with_seed(seed);
    let mut rows = BTreeSet::new();
    while rows.len() < FLIPS {
        rows.insert(rng.i64(1..=ROWS));
    }
    for row in rows.into_iter().rev() {
        let done = flip(&direct, &mut rng, row).await?;
        assert_eq!(first_bad(&base.store).await?, Some(row), "seed {seed}, {done}");
    }
    Ok(())
}

// The engines side by side, because checking a long log takes a while.
#[tokio::test]
async fn any_byte_that_is_flipped_is_found_and_its_row_named_in_sqlite() -> Result<()> {
    every_flip_is_found(&Base::new(true).await?).await
}

#[tokio::test]
async fn any_byte_that_is_flipped_is_found_and_its_row_named_in_postgres() -> Result<()> {
    every_flip_is_found(&Base::new(false).await?).await
}

#[tokio::test]
async fn a_byte_that_makes_a_row_unreadable_is_found_too() -> Result<()> {
    on_databases(async |base| {
        if !base.is_sqlite() {
            return Ok(());
        }
        let direct = fill(base, 100).await?;
        for (row, value) in [
            (90, "subject = CAST(x'C3' AS TEXT)"),
            (80, "after = CAST(x'6100FF' AS TEXT)"),
            (70, "subject = x'00'"),
            (60, "at = 'yesterday'"),
            (50, "at = 1.5"),
            (40, "hash = x'FF'"),
            (30, "actor = 7.25"),
        ] {
            run(&direct, &format!("UPDATE audit SET {value} WHERE seq = {row}")).await?;
            let found = base.store.verify_audit().await.context(value)?;
            assert!(matches!(found, Chain::Broken { seq, .. } if seq == row), "{value}: {found:?}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn rows_that_are_missing_or_moved_are_found() -> Result<()> {
    on_databases(async |base| {
        let direct = fill(base, 1250).await?;
        let swap = |a: i64, b: i64| {
            format!(
                "UPDATE audit SET seq = -1 WHERE seq = {a}; UPDATE audit SET seq = {a} WHERE seq = {b}; \
                 UPDATE audit SET seq = {b} WHERE seq = -1"
            )
        };
        for (statements, bad) in [
            ("DELETE FROM audit WHERE seq = 1250".to_owned(), 1250),
            ("DELETE FROM audit WHERE seq > 1200".to_owned(), 1201),
            (swap(1050, 1150), 1050),
            (swap(1020, 1021), 1020),
            ("DELETE FROM audit WHERE seq = 1001".to_owned(), 1001),
            ("DELETE FROM audit WHERE seq BETWEEN 700 AND 900".to_owned(), 700),
            ("DELETE FROM audit WHERE seq = 1".to_owned(), 1),
            ("DELETE FROM audit".to_owned(), 1),
        ] {
            for statement in statements.split("; ") {
                run(&direct, statement).await?;
            }
            assert_eq!(first_bad(&base.store).await?, Some(bad), "{statements}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn contents_that_change_places_are_found() -> Result<()> {
    on_databases(async |base| {
        let direct = fill(base, 100).await?;
        // Two rows with all they have, hashes too, but their numbers.
        let columns = [TEXTS.as_slice(), &["at"]].concat();
        let set = columns
            .iter()
            .map(|one| format!("{one} = (SELECT o.{one} FROM audit o WHERE o.seq = "));
        let (to_80, to_60): (Vec<String>, Vec<String>) =
            set.map(|one| (format!("{one}1080)"), format!("{one}1060)"))).unzip();
        // From copies, which are gone afterwards.
        let all = columns.join(", ");
        for (from, to) in [(60, 1060), (80, 1080)] {
            let copy = format!(
                "INSERT INTO audit (seq, {all}) SELECT {to}, {all} FROM audit WHERE seq = {from}"
            );
            run(&direct, &copy).await?;
        }
        run(&direct, &format!("UPDATE audit SET {} WHERE seq = 60", to_80.join(", "))).await?;
        run(&direct, &format!("UPDATE audit SET {} WHERE seq = 80", to_60.join(", "))).await?;
        run(&direct, "DELETE FROM audit WHERE seq > 1000").await?;
        assert_eq!(first_bad(&base.store).await?, Some(60));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn rows_that_nobody_wrote_are_found() -> Result<()> {
    on_databases(async |base| {
        let direct = fill(base, 60).await?;
        let columns = "at, actor, ip, action, customer_id, subject, before, after, hash";
        for forged in [61, 1000, 0, -5] {
            let copy = format!(
                "INSERT INTO audit (seq, {columns}) SELECT {forged}, {columns} FROM audit WHERE seq = 60"
            );
            run(&direct, &copy).await?;
            assert_eq!(first_bad(&base.store).await?, Some(forged), "{forged}");
            run(&direct, &format!("DELETE FROM audit WHERE seq = {forged}")).await?;
            assert_eq!(first_bad(&base.store).await?, None);
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_head_that_was_changed_is_found() -> Result<()> {
    on_databases(async |base| {
        let direct = fill(base, 60).await?;
        let head: String =
            sqlx::query_scalar("SELECT hash FROM audit_head").fetch_one(&direct).await?;
        for change in [
            "UPDATE audit_head SET seq = 59".to_owned(),
            "UPDATE audit_head SET seq = 61".to_owned(),
            format!("UPDATE audit_head SET hash = '{}'", head.replace(&head[..1], "x")),
            "UPDATE audit_head SET seq = 0, hash = ''".to_owned(),
            "UPDATE audit_head SET seq = 59, hash = (SELECT hash FROM audit WHERE seq = 59)"
                .to_owned(),
            "DELETE FROM audit_head".to_owned(),
        ] {
            run(&direct, &change).await?;
            assert!(first_bad(&base.store).await.context(change.clone())?.is_some(), "{change}");
            run(&direct, "DELETE FROM audit_head").await?;
            let back = format!("INSERT INTO audit_head (id, seq, hash) VALUES (1, 60, '{head}')");
            run(&direct, &back).await?;
            assert_eq!(first_bad(&base.store).await?, None);
        }
        Ok(())
    })
    .await
}
