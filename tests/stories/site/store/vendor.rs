//! What the vendor sets: settings, and the templates' versions that links pin.

use anyhow::{Context, Result};
use onboarding_web::store::{AuditFilter, Kept, NewCustomer};

use super::{START, add, customer, on_both, rosa};

#[tokio::test]
async fn a_setting_is_kept_and_its_change_told() -> Result<()> {
    on_both(async |store, _| {
        assert_eq!(store.setting("link_days").await?, None);
        store.set_setting(&rosa(), "link_days", "7").await?;
        store.set_setting(&rosa(), "link_days", "30").await?;
        store.set_setting(&rosa(), "email", "Héllo\n{{ link }}").await?;
        assert_eq!(store.setting("link_days").await?.as_deref(), Some("30"));
        assert_eq!(store.setting("email").await?.as_deref(), Some("Héllo\n{{ link }}"));
        assert_eq!(store.setting("LINK_DAYS").await?, None);
        let (rows, _) = store.audit_rows(&AuditFilter::default(), 10, 0).await?;
        let told: Vec<_> =
            rows.iter().map(|row| (row.subject.as_str(), row.before.as_str())).collect();
        assert_eq!(told, [("email", ""), ("link_days", "7"), ("link_days", "")]);
        assert_eq!((rows[1].action.as_str(), rows[1].after.as_str()), ("change setting", "30"));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn settings_of_two_people_at_once_are_told_one_after_the_other() -> Result<()> {
    on_both(async |store, _| {
        let by = rosa();
        let values: Vec<String> = (0..10).map(|value| value.to_string()).collect();
        let all = values.iter().map(|value| store.set_setting(&by, "link_days", value));
        for one in futures_util::future::join_all(all).await {
            one?;
        }
        let (mut rows, _) = store.audit_rows(&AuditFilter::default(), 100, 0).await?;
        rows.reverse();
        let mut before = String::new();
        for row in rows {
            assert_eq!(row.before, before, "entry {}", row.seq);
            before = row.after;
        }
        assert_eq!(store.setting("link_days").await?, Some(before));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_version_is_kept_as_it_was_published() -> Result<()> {
    on_both(async |store, clock| {
        assert_eq!(store.template_versions().await?, []);
        assert!(store.add_template_version("stack", "0.1.0", "Body: ü\n", "first").await?);
        let kept = store.template_version("stack", "0.1.0").await?.context("no version")?;
        assert_eq!((kept.body.as_str(), kept.notes.as_str()), ("Body: ü\n", "first"));
        assert_eq!((kept.published_at, kept.retired_at), (START, 0));
        assert_eq!(kept.digest, templates::digest::sha256("Body: ü\n"));
        clock.advance(5);
        assert!(store.add_template_version("stack", "0.1.0", "Body: ü\n", "again").await?);
        assert_eq!(store.template_version("stack", "0.1.0").await?, Some(kept));
        assert_eq!(store.template_version("stack", "0.1").await?, None);
        assert_eq!(store.template_version("role", "0.1.0").await?, None);
        store.add_template_version("stack", "0.2.0", "b", "").await?;
        store.add_template_version("role", "0.1.0", "c", "").await?;
        let all = store.template_versions().await?;
        let all: Vec<_> =
            all.iter().map(|one| (one.template_id.as_str(), one.version.as_str())).collect();
        assert_eq!(all, [("role", "0.1.0"), ("stack", "0.2.0"), ("stack", "0.1.0")]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_a_customer_was_shown_does_not_change() -> Result<()> {
    on_both(async |store, _| {
        let body = async || {
            let kept = store.template_version("stack", "0.1.0").await?;
            anyhow::Ok(kept.context("no version")?.body)
        };
        store.add_template_version("stack", "0.1.0", "draft", "").await?;
        assert!(store.add_template_version("stack", "0.1.0", "final", "").await?);
        assert_eq!(body().await?, "final");
        assert_eq!(store.customers_on("0.1.0").await?, 0);
        add(store, customer("Acme", "111122223333")).await?;
        let newer = NewCustomer { template_version: "0.2.0".to_owned(), ..customer("B", "1") };
        add(store, newer).await?;
        assert_eq!(
            (store.customers_on("0.1.0").await?, store.customers_on("0.2.0").await?),
            (1, 1)
        );
        assert!(!store.add_template_version("stack", "0.1.0", "changed", "").await?);
        assert_eq!(body().await?, "final");
        assert!(store.add_template_version("stack", "0.1.0", "final", "").await?);
        assert!(store.add_template_version("stack", "0.3.0", "changed", "").await?);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_version_is_taken_out_of_use_and_back() -> Result<()> {
    on_both(async |store, clock| {
        store.add_template_version("stack", "0.1.0", "a", "").await?;
        store.add_template_version("stack", "0.2.0", "b", "").await?;
        clock.advance(5);
        let retired = async || {
            let all = store.template_versions().await?;
            anyhow::Ok(all.into_iter().map(|one| (one.version, one.retired_at)).collect::<Vec<_>>())
        };
        let told = async || {
            let row = store.audit_rows(&AuditFilter::default(), 1, 0).await?.0.remove(0);
            anyhow::Ok((row.action, row.subject))
        };
        let words = |action: &str| (action.to_owned(), "stack 0.1.0".to_owned());
        store.retire_template(&rosa(), ("stack", "0.1.0"), true).await?;
        let (old, new) = ("0.1.0".to_owned(), "0.2.0".to_owned());
        assert_eq!(retired().await?, [(new.clone(), 0), (old.clone(), START + 5)]);
        assert_eq!(told().await?, words("retire template"));
        // A start of the service takes its templates in again, and they stay out of use.
        store.add_template_version("stack", "0.1.0", "a", "").await?;
        assert_eq!(retired().await?[1].1, START + 5);
        store.retire_template(&rosa(), ("stack", "0.1.0"), false).await?;
        assert_eq!(retired().await?, [(new, 0), (old, 0)]);
        assert_eq!(told().await?, words("restore template"));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_lies_in_buckets_is_known_by_region_and_cannot_become_another_text() -> Result<()> {
    on_both(async |store, _| {
        let kept = |digest: &str| Kept {
            id: "stack".to_owned(),
            version: "0.1.0".to_owned(),
            digest: digest.to_owned(),
        };
        let (by, first) = (rosa(), templates::digest::sha256("first"));
        assert!(store.add_template_version("stack", "0.1.0", "draft", "").await?);
        assert_eq!(store.published_in("stack", "0.1.0").await?, None);
        assert!(store.add_template_version("role", "1.0.0", "role", "").await?);
        let places = async |regions: &[&str]| -> Result<Vec<(String, String, i64, i64)>> {
            let all = store.version_places(regions).await?.into_iter();
            let mut all: Vec<_> =
                all.map(|one| (one.template_id, one.region, one.somewhere, one.anything)).collect();
            all.sort();
            Ok(all)
        };
        let place = |id: &str, region: &str, somewhere, anything| {
            (id.to_owned(), region.to_owned(), somewhere, anything)
        };
        let nowhere = [place("role", "", 0, 0), place("stack", "", 0, 0)];
        assert_eq!(places(&["us-east-1"]).await?, nowhere);
        for region in ["us-east-1", "eu-west-1", "eu-west-1"] {
            store.add_artefacts(&by, (region, "code"), &[kept(&first)]).await?;
        }
        let regions = vec!["eu-west-1".to_owned(), "us-east-1".to_owned()];
        assert_eq!(store.published_in("stack", "0.1.0").await?, Some(regions));
        assert_eq!(store.published_in("stack", "0.2.0").await?, Some(vec![]));
        let there = [
            place("role", "", 0, 1),
            place("stack", "eu-west-1", 1, 1),
            place("stack", "us-east-1", 1, 1),
        ];
        assert_eq!(places(&["us-east-1", "eu-west-1", "ap-south-1"]).await?, there);
        let elsewhere = [place("role", "", 0, 1), place("stack", "", 1, 1)];
        assert_eq!(places(&["ap-south-1"]).await?, elsewhere);
        assert_eq!(places(&[]).await?, elsewhere);
        // What was there already is not told again.
        let (rows, _) = store.audit_rows(&AuditFilter::default(), 10, 0).await?;
        assert_eq!(rows.iter().filter(|row| row.action == "publish").count(), 2);
        assert!(!store.add_template_version("stack", "0.1.0", "second", "").await?);
        assert!(store.add_template_version("stack", "0.1.0", "first", "What is new").await?);
        let row = store.template_version("stack", "0.1.0").await?.context("no version")?;
        assert_eq!(row.body, "first");
        assert!(store.may_take("stack", "0.2.0", "any").await?);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn notes_that_come_later_are_kept() -> Result<()> {
    on_both(async |store, _| {
        for notes in ["", "What is new", "Something else"] {
            assert!(store.add_template_version("stack", "0.1.0", "body", notes).await?);
        }
        let row = store.template_version("stack", "0.1.0").await?.context("no version")?;
        assert_eq!(row.notes, "What is new");
        Ok(())
    })
    .await
}
