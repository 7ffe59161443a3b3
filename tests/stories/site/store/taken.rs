//! Each load balancer is taken care of by one customer's stack.

use anyhow::Result;
use onboarding_web::store::{NewCustomer, StoreError};

use super::{customer, on_both, rosa};

fn with(name: &str, selectors: &str) -> NewCustomer {
    let regions = vec![("eu-west-1".to_owned(), selectors.to_owned(), 1)];
    NewCustomer { regions, ..customer(name, "111122223333") }
}

fn arn(name: &str) -> String {
    format!(
        "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/{name}/50dc6c495c0c9188"
    )
}

/// Who has it already, if that is why nothing was kept.
fn holder<T>(outcome: Result<T, StoreError>) -> Option<String> {
    match outcome {
        Err(StoreError::Taken(taken)) => Some(taken.name),
        _ => None,
    }
}

#[tokio::test]
async fn of_many_who_want_the_same_at_once_one_gets_it() -> Result<()> {
    on_both(async |store, _| {
        let (all, one) = (with("Acme", "all"), with("Beta", &arn("web")));
        let tries = (0..10).map(|at| {
            let new = if at % 2 == 0 { &all } else { &one };
            async move { store.add_customers(&rosa(), std::slice::from_ref(new), None).await }
        });
        let outcomes = futures_util::future::join_all(tries).await;
        let added = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let refused = outcomes.into_iter().filter_map(holder).count();
        assert_eq!((added, refused), (1, 9));
        assert_eq!(store.regions_of_account("111122223333").await?.len(), 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn nobody_comes_to_have_what_another_has() -> Result<()> {
    on_both(async |store, _| {
        let new = [with("Acme", &arn("web")), with("Beta", &arn("shop"))];
        let ids = store.add_customers(&rosa(), &new, None).await?;
        let both = with("Beta", &format!("{},{}", arn("shop"), arn("web")));
        let changed = store.change_customer(&rosa(), &ids[1], &both).await;
        assert_eq!(holder(changed).as_deref(), Some("Acme"));
        let customer = store.customer(&ids[1]).await?;
        assert_eq!(customer.map(|one| one.regions[0].selectors.clone()), Some(arn("shop")));
        let elsewhere = NewCustomer { account: "444455556666".to_owned(), ..both.clone() };
        store.add_customers(&rosa(), &[elsewhere], None).await?;

        // What somebody leaves is free, and not to be had back.
        store.offboard(&rosa(), &ids[0]).await?;
        store.change_customer(&rosa(), &ids[1], &both).await?;
        let back = store.reinstate(&rosa(), &ids[0]).await;
        assert_eq!(holder(back).as_deref(), Some("Beta"));
        store.change_customer(&rosa(), &ids[1], &new[1]).await?;
        store.reinstate(&rosa(), &ids[0]).await?;

        // Nor is one of a list added without the others.
        let list = [with("Gamma", &arn("mail")), with("Delta", "tag:Team=shop")];
        let added = store.add_customers(&rosa(), &list, None).await;
        assert!(holder(added).is_some());
        assert_eq!(store.regions_of_account("111122223333").await?.len(), 2);
        Ok(())
    })
    .await
}
