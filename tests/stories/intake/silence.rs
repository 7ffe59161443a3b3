//! A load balancer from which no log comes any more.

use anyhow::Result;

use super::scene::on_both_databases;

const WEB: &str = "app/web/50dc6c495c0c9188";
const SHOP: &str = "app/shop/60dc6c495c0c9199";
const HOUR: i64 = 3_600_000;

#[tokio::test]
async fn who_falls_silent_is_told_with_the_likely_reasons_and_comes_back_by_himself() -> Result<()>
{
    on_both_databases(async |scene| {
        let acme = scene.account(scene.bench.acme.clone()).await?;
        scene.bench.set_up(&acme.customer, &acme.bucket, &[WEB, SHOP]).await?;
        scene.confirmed(&acme.customer).await?;
        for load_balancer in [WEB, SHOP] {
            acme.log(load_balancer, 1).await?;
            scene.both_say(&acme.customer, &format!("{load_balancer}Read last log")).await?;
        }
        scene.bench.worked().await?;
        // A time short of the setting changes nothing.
        scene.bench.logs_came_earlier_by(&acme.customer, 23 * HOUR).await?;
        scene.bench.world.site.restart_with("none", &[]).await?;
        scene.both_say(&acme.customer, "reads the logs").await?;
        scene.bench.logs_came_earlier_by(&acme.customer, 2 * HOUR).await?;
        scene.bench.world.site.restart_with("none", &[]).await?;
        scene.both_say(&acme.customer, "Logs have stopped").await?;
        scene.both_say(&acme.customer, "Most likely there is no traffic").await?;
        scene.both_say(&acme.customer, &format!("{WEB}Silent")).await?;
        let timeline = scene.timeline(&acme.customer).await?;
        for name in [WEB, SHOP] {
            let told = format!("Logs in eu-west-1: no log of {name} has come for long");
            assert!(timeline.contains(&told), "{timeline:#?}");
        }
        acme.log(WEB, 2).await?;
        scene.both_say(&acme.customer, &format!("{WEB}Read last log")).await?;
        acme.log(SHOP, 2).await?;
        scene.both_say(&acme.customer, "reads the logs").await
    })
    .await
}
