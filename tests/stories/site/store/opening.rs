//! Opening a database, whose key it is, and what is in it for who steals it.

use std::{fs, os::unix::fs::PermissionsExt};

use anyhow::Result;
use onboarding_web::{
    clock::Clock,
    password,
    store::{Role, Sessions, Store, StoreError},
    token::{Key, random_password},
};
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
};

use super::{Base, START, add_acme, key, on_databases, rosa};

#[tokio::test]
async fn a_database_opens_again_with_its_own_key_only() -> Result<()> {
    on_databases(async |base| {
        let id = add_acme(&base.store).await?;
        base.store.close().await;
        let open = async |bytes: u8| {
            Store::open(&base.url, Key::from_bytes([bytes; 32]), Clock::standing_at(START)).await
        };
        let refused = open(8).await;
        assert!(matches!(&refused, Err(StoreError::OtherKey)), "{refused:?}");
        let words = refused.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(words.contains("--key-file"), "{words}");
        let again = open(7).await?;
        assert!(again.customer(&id).await?.is_some(), "it forgot a customer");
        again.close().await;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_database_of_a_newer_release_is_left_alone_and_says_so() -> Result<()> {
    on_databases(async |base| {
        base.store.close().await;
        let later = "UPDATE _sqlx_migrations SET version = 9999 \
             WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)";
        sqlx::query(later).execute(&base.direct().await?).await?;
        let refused = Store::open(&base.url, key(), base.clock.clone()).await;
        assert!(matches!(&refused, Err(StoreError::Newer)), "{refused:?}");
        let words = refused.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(words.contains("newer release"), "{words}");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn copies_of_the_service_that_start_at_once_share_a_new_database() -> Result<()> {
    on_databases(async |base| {
        // Another one, which nobody has opened yet.
        let url = if base.is_sqlite() {
            format!("sqlite://{}", base.folder.join("new.db").display())
        } else {
            harness::postgres::Postgres::shared().await?.new_database().await?
        };
        let opened = (0..8).map(|_| Store::open(&url, key(), base.clock.clone()));
        for store in futures_util::future::join_all(opened).await {
            let store = store?;
            store.ping().await?;
            store.set_setting(&rosa(), "link_days", "7").await?;
            store.close().await;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_closed_database_does_not_answer() -> Result<()> {
    on_databases(async |base| {
        base.store.ping().await?;
        base.store.close().await;
        assert!(base.store.ping().await.is_err());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_database_that_is_not_there_is_an_error_in_words() {
    let nowhere = "sqlite:///nowhere/at/all/onboarding.db";
    let refused = Store::open(nowhere, key(), Clock::system()).await.err();
    let words = refused.map(|error| error.to_string()).unwrap_or_default();
    assert!(words.contains("the database failed: "), "{words}");
}

#[tokio::test]
async fn nobody_else_on_the_machine_reads_the_database() -> Result<()> {
    let base = Base::new(true).await?;
    add_acme(&base.store).await?;
    let mut files = Vec::new();
    for file in fs::read_dir(&base.folder)? {
        let file = file?;
        files.push((file.file_name(), file.metadata()?.permissions().mode() & 0o777));
    }
    assert!(files.len() > 1 && files.iter().all(|(_, mode)| *mode == 0o600), "{files:?}");
    Ok(())
}

/// Everything of a database as bytes: the files, or all rows of all tables.
async fn everything(base: &Base) -> Result<Vec<u8>> {
    if base.is_sqlite() {
        let mut all = Vec::new();
        for file in fs::read_dir(&base.folder)? {
            all.extend(fs::read(file?.path())?);
        }
        return Ok(all);
    }
    let direct = base.direct().await?;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT CAST(table_name AS TEXT) FROM information_schema.tables \
         WHERE table_schema = 'public' AND table_name NOT LIKE '\\_%'",
    )
    .fetch_all(&direct)
    .await?;
    let mut all = Vec::new();
    for table in tables {
        let query = format!("SELECT CAST(row_to_json(t) AS TEXT) FROM {table} t");
        let rows: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_all(&direct).await?;
        all.extend(rows.concat().into_bytes());
    }
    Ok(all)
}

#[tokio::test]
async fn whoever_reads_the_database_has_no_link_no_token_no_password_no_session() -> Result<()> {
    on_databases(async |base| {
        let store = &base.store;
        let id = add_acme(store).await?;
        store.page_opened(&id).await?;
        store.rotate_link(&rosa(), &id).await?;
        let password = random_password();
        let hash = password::hash(password.clone()).await?;
        store.add_staff(&rosa(), ("tom@vendor.test", "Tom"), Role::Admin, &hash).await?;
        let expiry_date = OffsetDateTime::from_unix_timestamp(START / 1000 + 60)?;
        let mut session = Record { id: Id::default(), data: [].into(), expiry_date };
        Sessions(store.clone()).create(&mut session).await?;
        store.record(&rosa(), &onboarding_web::store::NewAudit::default()).await?;

        let all = everything(base).await?;
        let has = |text: &str| all.windows(text.len()).any(|part| part == text.as_bytes());
        for there in ["Acme Stores", "tom@vendor.test", &id, &hash, &store.key().fingerprint()] {
            assert!(has(there), "{there} is not there: nothing was looked at");
        }
        let key = store.key();
        let session_id = session.id.to_string();
        for secret in [
            key.page_token(&id, 1),
            key.page_token(&id, 2),
            key.stack_token(&id, "eu-west-1", 1),
            key.stack_token(&id, "eu-west-1", 2),
            password,
            session_id,
            session.id.0.to_string(),
            "\u{7}".repeat(32),
        ] {
            assert!(!has(&secret), "the database holds {secret}");
            // Nor much of it: six characters of the page's are what support may ask for.
            assert!(
                secret.len() < 20 || !has(&secret[..20]),
                "the database holds a part of {secret}"
            );
        }
        Ok(())
    })
    .await
}
