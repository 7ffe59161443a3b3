//! Logs as a load balancer writes them.

use std::{io::Write, time::Duration};

use anyhow::Result;
use flate2::{Compression, write::GzEncoder};
use harness::{customer::Customer, whole_path::WholePath};

/// `app/NAME/ID`, of an ARN.
fn name(load_balancer: &str) -> &str {
    load_balancer.split_once(":loadbalancer/").map_or(load_balancer, |(_, name)| name)
}

/// Where a load balancer writes.
pub(crate) fn key(customer: &Customer, load_balancer: &str) -> String {
    let Customer { account, region, .. } = customer;
    let name = name(load_balancer).replace('/', ".");
    format!(
        "AWSLogs/{account}/elasticloadbalancing/{region}/2026/11/21/{account}_elasticloadbalancing_\
         {region}_{name}_20261121T2340Z_192.0.2.10_3kmdrk0x.log.gz"
    )
}

/// One line of a log.
pub(crate) fn entry(load_balancer: &str) -> String {
    format!(
        "https 2026-11-21T23:39:43.945958Z {} 192.0.2.77:46532 10.0.1.12:443 0.001 0.014 0.000 200 200 132 \
         1071 \"GET https://shop.customer.test:443/ HTTP/2.0\" \"curl/8.5.0\" TLS_AES_128_GCM_SHA256 \
         TLSv1.3\n",
        name(load_balancer)
    )
}

/// Writes a log; its key.
pub(crate) async fn write(
    customer: &Customer,
    load_balancer: &str,
    bucket: &str,
) -> Result<String> {
    let mut log = GzEncoder::new(Vec::new(), Compression::default());
    log.write_all(entry(load_balancer).as_bytes())?;
    let key = key(customer, load_balancer);
    customer.put(bucket, &key, log.finish()?).await?;
    Ok(key)
}

/// Has a load balancer write a log every few seconds, from when its logging is on.
pub(crate) async fn keep_writing(path: &WholePath, load_balancer: &str) {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let Ok(attributes) = path.customer.attributes(load_balancer).await else { continue };
        let Some(bucket) = attributes.get("access_logs.s3.bucket") else { continue };
        if attributes.get("access_logs.s3.enabled").is_some_and(|on| on == "true") {
            // Until the stack is complete it may fail.
            let _ = write(&path.customer, load_balancer, bucket).await;
        }
    }
}
