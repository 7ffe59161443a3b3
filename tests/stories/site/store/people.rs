//! Staff, how often signing in failed, and sessions.

use std::collections::HashMap;

use anyhow::{Context, Result};
use onboarding_web::{
    clock::{HOUR, MINUTE},
    store::{Actor, AuditFilter, LastTries, Role, Sessions, Staff, Store, StoreError},
};
use serde_json::json;
use time::{Duration, OffsetDateTime};
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
};

use super::{START, on_both, rosa};

async fn add(store: &Store, email: &str, role: Role) -> Result<Staff> {
    assert!(store.add_staff(&rosa(), (email, "Name"), role, "hash").await?);
    by_email(store, email).await
}

async fn by_email(store: &Store, email: &str) -> Result<Staff> {
    store.staff_by_email(email).await?.context("no such account")
}

async fn admins(store: &Store) -> Result<usize> {
    let all = store.all_staff().await?;
    Ok(all.iter().filter(|one| one.role() == Role::Admin && one.disabled == 0).count())
}

/// What the log says last: what, about whom, before, after.
async fn last_audit(store: &Store) -> Result<[String; 4]> {
    let row = store.audit_rows(&AuditFilter::default(), 1, 0).await?.0.remove(0);
    Ok([row.action, row.subject, row.before, row.after])
}

#[tokio::test]
async fn an_account_is_found_by_its_address_in_any_case() -> Result<()> {
    on_both(async |store, _| {
        assert_eq!(store.all_staff().await?, []);
        let made = add(store, " Rosa.Müller@Vendor.TEST ", Role::Editor).await?;
        let expected = Staff {
            id: made.id.clone(),
            email: "rosa.müller@vendor.test".to_owned(),
            name: "Name".to_owned(),
            role_name: "editor".to_owned(),
            password: "hash".to_owned(),
            must_change: 1,
            disabled: 0,
            epoch: 1,
            theme: "auto".to_owned(),
            shortcuts: 1,
            created_at: START,
            signed_in_at: 0,
            issuer: String::new(),
            subject: String::new(),
        };
        assert_eq!(made, expected);
        assert_eq!(by_email(store, "ROSA.MÜLLER@vendor.test").await?, made);
        assert_eq!(store.staff(&made.id).await?, Some(made.clone()));
        for unknown in ["", "rosa", "rosa.m_ller@vendor.test", "%"] {
            assert_eq!(store.staff_by_email(unknown).await?, None, "{unknown}");
            assert_eq!(store.staff(unknown).await?, None, "{unknown}");
        }
        assert_eq!(last_audit(store).await?, ["add staff", &made.email, "", "editor"]);

        let (by, again) = (rosa(), "ROSA.MÜLLER@VENDOR.TEST");
        let added = store.add_staff(&by, (again, "X"), Role::Admin, "x").await?;
        assert!(!added, "one address has two accounts");
        add(store, "anna@vendor.test", Role::Viewer).await?;
        let all: Vec<_> = store.all_staff().await?.into_iter().map(|one| one.email).collect();
        assert_eq!(all, ["anna@vendor.test", "rosa.müller@vendor.test"]);
        assert_eq!(store.audit_rows(&AuditFilter::default(), 1, 0).await?.1, 2);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_change_of_an_account_ends_its_sessions() -> Result<()> {
    on_both(async |store, clock| {
        let admin = add(store, "admin@vendor.test", Role::Admin).await?;
        let tom = add(store, "tom@vendor.test", Role::Viewer).await?;
        assert!(store.change_staff(&rosa(), &tom, Role::Editor, true).await?);
        let changed = by_email(store, "tom@vendor.test").await?;
        assert_eq!((changed.role(), changed.disabled, changed.epoch), (Role::Editor, 1, 2));
        let words = ["change staff", "tom@vendor.test", "viewer", "editor, switched off"];
        assert_eq!(last_audit(store).await?, words);

        store.set_password(&rosa(), &changed, "other hash", true).await?;
        let changed = by_email(store, "tom@vendor.test").await?;
        assert_eq!((changed.password.as_str(), changed.must_change), ("other hash", 1));
        assert_eq!(changed.epoch, 3);
        store.set_password(&rosa(), &changed, "third hash", false).await?;
        let changed = by_email(store, "tom@vendor.test").await?;
        assert_eq!((changed.must_change, changed.epoch), (0, 4));
        // A password is not told to the log, not even as a hash.
        assert_eq!(last_audit(store).await?, ["set password", "tom@vendor.test", "", ""]);

        clock.advance(MINUTE);
        store.signed_in(&changed.actor("192.0.2.1"), &changed).await?;
        store.set_preferences(&changed.id, "dark", false).await?;
        let changed = by_email(store, "tom@vendor.test").await?;
        assert_eq!((changed.signed_in_at, changed.epoch), (START + MINUTE, 4));
        assert_eq!((changed.theme.as_str(), changed.shortcuts), ("dark", 0));
        assert_eq!(last_audit(store).await?, ["sign in", "tom@vendor.test", "", ""]);
        assert_eq!(by_email(store, "admin@vendor.test").await?, admin, "another account changed");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_last_admin_stays() -> Result<()> {
    on_both(async |store, _| {
        let anna = add(store, "anna@vendor.test", Role::Admin).await?;
        add(store, "tom@vendor.test", Role::Editor).await?;
        for (role, disabled) in [(Role::Viewer, false), (Role::Editor, false), (Role::Admin, true)]
        {
            assert!(!store.change_staff(&rosa(), &anna, role, disabled).await?, "{role:?}");
            assert_eq!(by_email(store, "anna@vendor.test").await?, anna);
        }
        assert_eq!(store.audit_rows(&AuditFilter::default(), 1, 0).await?.1, 2);
        // One that is switched off does not count.
        let ben = add(store, "ben@vendor.test", Role::Admin).await?;
        assert!(store.change_staff(&rosa(), &ben, Role::Admin, true).await?);
        assert!(!store.change_staff(&rosa(), &anna, Role::Viewer, false).await?);
        assert!(store.change_staff(&rosa(), &ben, Role::Admin, false).await?);
        assert!(store.change_staff(&rosa(), &anna, Role::Viewer, false).await?);
        assert_eq!(admins(store).await?, 1);
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_admins_who_switch_each_other_off_at_once_leave_one() -> Result<()> {
    on_both(async |store, _| {
        let anna = add(store, "anna@vendor.test", Role::Admin).await?;
        let ben = add(store, "ben@vendor.test", Role::Admin).await?;
        for round in 0..30 {
            let by = rosa();
            let (_, _) = tokio::try_join!(
                store.change_staff(&by, &anna, Role::Viewer, false),
                store.change_staff(&by, &ben, Role::Admin, true)
            )?;
            assert_eq!(admins(store).await?, 1, "round {round}");
            for one in [&anna, &ben] {
                store.change_staff(&by, one, Role::Admin, false).await?;
            }
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_address_is_taken_once_even_if_two_add_it_at_once() -> Result<()> {
    on_both(async |store, _| {
        let by = rosa();
        let add = |email: &'static str| store.add_staff(&by, (email, "N"), Role::Viewer, "hash");
        let made = tokio::try_join!(add("tom@vendor.test"), add("TOM@vendor.test"))?;
        assert!(made.0 ^ made.1, "{made:?}");
        assert_eq!(store.all_staff().await?.len(), 1);
        Ok(())
    })
    .await
}

/// How long to wait; 0 if the try was counted.
fn wait(tried: Result<Result<LastTries, i64>, StoreError>) -> Result<i64> {
    Ok(tried?.err().unwrap_or_default())
}

#[tokio::test]
async fn tries_to_sign_in_are_counted_and_forgotten() -> Result<()> {
    on_both(async |store, clock| {
        let subjects = [("account".to_owned(), 2), ("address".to_owned(), 3)];
        let tries = async || wait(store.count_sign_in_try(&subjects).await);
        assert_eq!((tries().await?, tries().await?), (0, 0));
        assert_eq!(tries().await?, MINUTE, "the account has no free try left");
        clock.advance(MINUTE - 1);
        assert_eq!(tries().await?, 1, "a try that waits makes nobody wait longer");
        clock.advance(1);
        assert_eq!((tries().await?, tries().await?), (0, 2 * MINUTE));

        // Whoever signed in starts anew; the address keeps what others did from it.
        store.forget_sign_in_failures("account").await?;
        assert_eq!(tries().await?, MINUTE, "the address has no free try left");
        store.forgive_sign_in_try("address", store.now()).await?;
        assert_eq!((tries().await?, tries().await?), (0, MINUTE));

        clock.advance(HOUR);
        assert_eq!((tries().await?, tries().await?), (0, 0), "an hour later all is forgotten");
        store.forget_old_failures(store.now() + 1).await?;
        assert_eq!((tries().await?, tries().await?), (0, 0), "what was forgotten is gone");
        store.forgive_sign_in_try("nobody", 0).await?;

        let subjects = [("b".to_owned(), 30), ("a".to_owned(), 5)];
        let reversed = [subjects[1].clone(), subjects[0].clone()];
        let many = (0..20)
            .map(|at| store.count_sign_in_try(if at % 2 == 0 { &subjects } else { &reversed }));
        let waits = futures_util::future::join_all(many).await.into_iter().map(wait);
        let waits = waits.collect::<Result<Vec<i64>>>()?;
        assert_eq!(waits.iter().filter(|wait| **wait == 0).count(), 5, "{waits:?}");
        Ok(())
    })
    .await
}

/// A session that ends in so many seconds.
fn record(seconds: i64) -> Result<Record> {
    let now = OffsetDateTime::from_unix_timestamp(START / 1000)?;
    let data = HashMap::from([("staff".to_owned(), json!({"id": "Ünïcode", "epoch": 1}))]);
    Ok(Record { id: Id::default(), data, expiry_date: now + Duration::seconds(seconds) })
}

#[tokio::test]
async fn a_session_is_kept_until_it_is_over_or_deleted() -> Result<()> {
    on_both(async |store, clock| {
        let sessions = Sessions(store.clone());
        let (mut one, mut two) = (record(60)?, record(120)?);
        assert_eq!(sessions.load(&one.id).await?, None);
        sessions.create(&mut one).await?;
        sessions.create(&mut two).await?;
        assert_eq!(sessions.load(&one.id).await?, Some(one.clone()));
        one.data.insert("csrf".to_owned(), json!([1, 2]));
        one.expiry_date += Duration::seconds(10);
        sessions.save(&one).await?;
        assert_eq!(sessions.load(&one.id).await?, Some(one.clone()));

        clock.advance(69_999);
        assert!(sessions.load(&one.id).await?.is_some(), "it ended too early");
        clock.advance(1);
        assert_eq!(sessions.load(&one.id).await?, None);
        assert_eq!(sessions.load(&two.id).await?, Some(two.clone()));
        sessions.delete(&two.id).await?;
        assert_eq!(sessions.load(&two.id).await?, None);
        sessions.delete(&two.id).await?;
        // A page that took long must not bring back a session that was signed out meanwhile.
        sessions.save(&two).await?;
        assert_eq!(sessions.load(&two.id).await?, None);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn sessions_that_are_over_are_cleared_away() -> Result<()> {
    super::on_databases(async |base| {
        let (sessions, direct) = (Sessions(base.store.clone()), base.direct().await?);
        let mut stays = record(3600)?;
        for seconds in [10, 20] {
            sessions.create(&mut record(seconds)?).await?;
        }
        sessions.create(&mut stays).await?;
        base.clock.advance(30_000);
        base.store.forget_old_sessions().await?;
        let left: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM sessions").fetch_one(&direct).await?;
        assert_eq!(left, 1);
        assert_eq!(sessions.load(&stays.id).await?, Some(stays));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_new_session_does_not_take_anothers_place() -> Result<()> {
    on_both(async |store, _| {
        let sessions = Sessions(store.clone());
        let first = record(60)?;
        sessions.create(&mut first.clone()).await?;
        let mut second = Record { id: first.id, ..record(90)? };
        // Either under another name or not at all.
        if sessions.create(&mut second).await.is_ok() {
            assert_ne!(second.id, first.id);
            assert_eq!(sessions.load(&second.id).await?, Some(second));
        }
        assert_eq!(sessions.load(&first.id).await?, Some(first));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_somebody_does_is_told_with_name_and_address() -> Result<()> {
    on_both(async |store, _| {
        let tom = add(store, "tom@vendor.test", Role::Viewer).await?;
        let expected = Actor { name: tom.email.clone(), ip: "::1".to_owned() };
        assert_eq!(tom.actor("::1"), expected);
        store.signed_in(&tom.actor("::1"), &tom).await?;
        let row = store.audit_rows(&AuditFilter::default(), 1, 0).await?.0.remove(0);
        assert_eq!((row.actor, row.ip), (expected.name, expected.ip));
        // A role that nobody knows may do the least.
        let odd = Staff { role_name: "owner".to_owned(), ..tom };
        assert_eq!(odd.role(), Role::Viewer);
        Ok(())
    })
    .await
}
