//! Accounts of a company's sign-in, in both databases.

use anyhow::{Context, Result};
use futures_util::future::join_all;
use onboarding_web::{
    oidc::Person,
    store::{Actor, Admission, AuditFilter, Role, Staff, Store},
};

use super::on_both;

fn person(subject: &str, email: &str) -> Person {
    Person {
        issuer: "https://id.vendor.test".to_owned(),
        subject: subject.to_owned(),
        email: email.to_owned(),
        name: "Rosa".to_owned(),
        groups: Vec::new(),
    }
}

async fn admitted(store: &Store, person: &Person, role: Role) -> Result<Staff> {
    match store.admit("192.0.2.1", person, role).await? {
        Admission::In(staff) => Ok(*staff),
        other => anyhow::bail!("not let in: {other:?}"),
    }
}

async fn actions(store: &Store) -> Result<Vec<String>> {
    let rows = store.audit_rows(&AuditFilter::default(), 50, 0).await?.0;
    Ok(rows.into_iter().rev().map(|row| row.action).collect())
}

#[tokio::test]
async fn somebody_has_one_account_however_often_they_come() -> Result<()> {
    on_both(async |store, _| {
        let rosa = person("1", "rosa@vendor.test");
        let all = (0..8).map(|_| store.admit("192.0.2.1", &rosa, Role::Editor));
        for one in join_all(all).await {
            assert!(matches!(one?, Admission::In(_)));
        }
        assert_eq!(store.all_staff().await?.len(), 1);
        assert_eq!(actions(store).await?, ["add staff"]);
        let staff = admitted(store, &rosa, Role::Editor).await?;
        assert_eq!((staff.role(), staff.epoch, staff.is_managed()), (Role::Editor, 1, true));
        assert_eq!((staff.password.as_str(), staff.must_change), ("", 0));
        assert_eq!(store.staff_by_identity(&rosa.issuer, "1").await?, Some(staff));
        for (issuer, subject) in [("https://other.test", "1"), (&rosa.issuer, "2"), ("", "")] {
            assert_eq!(store.staff_by_identity(issuer, subject).await?, None);
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_role_that_changes_ends_the_sessions() -> Result<()> {
    on_both(async |store, _| {
        let rosa = person("1", "rosa@vendor.test");
        let before = admitted(store, &rosa, Role::Admin).await?;
        let after = admitted(store, &rosa, Role::Viewer).await?;
        assert_eq!((after.role(), after.epoch), (Role::Viewer, before.epoch + 1));
        store.end_sessions(&after).await?;
        assert_eq!(admitted(store, &rosa, Role::Viewer).await?.epoch, before.epoch + 2);
        assert_eq!(actions(store).await?, ["add staff", "change staff"]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_address_belongs_to_one_account() -> Result<()> {
    on_both(async |store, _| {
        let actor = Actor::of("test");
        store.add_staff(&actor, ("anna@vendor.test", "Anna"), Role::Admin, "hash").await?;
        let anna = store.staff_by_email("anna@vendor.test").await?.context("no Anna")?;
        let thief = person("1", "anna@vendor.test");
        assert_eq!(store.admit("", &thief, Role::Admin).await?, Admission::Taken);
        assert_eq!(store.staff(&anna.id).await?, Some(anna.clone()));

        // Local accounts are many, each without an issuer.
        store.add_staff(&actor, ("tom@vendor.test", "Tom"), Role::Viewer, "hash").await?;
        assert!(store.link(&actor, &anna, (&thief.issuer, "1")).await?);
        let linked = admitted(store, &thief, Role::Admin).await?;
        assert_eq!((linked.id.as_str(), linked.password.as_str()), (anna.id.as_str(), ""));
        assert!(linked.epoch > anna.epoch);
        let tom = store.staff_by_email("tom@vendor.test").await?.context("no Tom")?;
        assert!(!store.link(&actor, &tom, (&thief.issuer, "1")).await?);
        store.unlink(&actor, &linked, "new hash").await?;
        let local = store.staff(&anna.id).await?.context("no Anna")?;
        assert_eq!((local.is_managed(), local.must_change), (false, 1));
        assert_eq!(local.password, "new hash");
        assert_eq!(store.admit("", &thief, Role::Admin).await?, Admission::Taken);
        let wanted = ["add staff", "add staff", "change sign-in", "change staff", "change sign-in"];
        assert_eq!(actions(store).await?, wanted);
        Ok(())
    })
    .await
}
