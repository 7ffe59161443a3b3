//! The one way out to AWS, and connections that are opened before the first event.
//!
//! While a function starts it has a whole processor, however small it is; afterwards a function of 128 MB
//! has a fourteenth of one (Lambda developer guide, "Configure Lambda function memory"). So the handshakes
//! belong into the start. S3 has a host for every bucket, whose name is known with the event only.

use std::time::Duration;

use aws_sdk_s3::{config::SharedHttpClient, primitives::ByteStream};
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector as _, HttpConnectorSettings, SharedHttpConnector, http_client_fn},
    orchestrator::HttpRequest,
};
use futures_util::future::join_all;
use templates::partition::Partition;
use tokio::time::timeout;

/// The start does not wait longer for connections: without them it goes on as well.
const OPENED_WITHIN: Duration = Duration::from_secs(1);
/// Whose hosts every event needs.
const SERVICES: [&str; 2] = ["elasticloadbalancing", "sns"];

/// What sends the requests of all clients.
#[derive(Debug, Clone)]
pub struct Connections(SharedHttpConnector);

impl Default for Connections {
    /// None is open yet.
    fn default() -> Self {
        let settings =
            HttpConnectorSettings::builder().connect_timeout(super::CONNECT_TIMEOUT).build();
        let connector = Connector::builder()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
            .connector_settings(settings)
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .build();
        Self(SharedHttpConnector::new(connector))
    }
}

impl Connections {
    /// For the clients.
    pub(super) fn http_client(&self) -> SharedHttpClient {
        let connector = self.0.clone();
        http_client_fn(move |_, _| connector.clone())
    }

    /// Opens connections to the services of a region, by a request that is not signed and asks for nothing.
    /// A region of no known form gets none, and nothing else comes of it.
    pub async fn open(&self, region: &str) {
        let Some(partition) = Partition::of_region(region) else { return };
        let suffix = partition.dns_suffix();
        let all =
            SERVICES.map(|service| self.open_one(format!("https://{service}.{region}.{suffix}/")));
        if timeout(OPENED_WITHIN, join_all(all)).await.is_err() {
            tracing::debug!("not every connection was opened in time");
        }
    }

    async fn open_one(&self, url: String) {
        let mut request = HttpRequest::empty();
        if request.set_uri(url).is_err() {
            return;
        }
        if let Ok(response) = self.0.call(request).await {
            // A connection is kept for the next request once the answer was read.
            let _ = ByteStream::new(response.into_body()).collect().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        thread,
    };

    use super::*;

    /// A server that sends everybody elsewhere, as AWS's hosts do; its address, and how many connections
    /// it took.
    fn server() -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let (url, taken) =
            (format!("http://{}/", listener.local_addr().unwrap()), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&taken);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || {
                    let mut request = [0; 4096];
                    while stream.read(&mut request).is_ok_and(|length| length > 0) {
                        let answer = b"HTTP/1.1 302 Found\r\ncontent-length: 5\r\n\r\nthere";
                        stream.write_all(answer).unwrap();
                    }
                });
            }
        });
        (url, taken)
    }

    #[tokio::test]
    async fn a_connection_that_was_opened_is_the_one_that_is_used() {
        let (url, taken) = server();
        let connections = Connections::default();
        connections.open_one(url.clone()).await;
        connections.open_one(url).await;
        assert_eq!(taken.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn who_cannot_be_reached_is_no_failure() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        let connections = Connections::default();
        connections.open_one(url).await;
        connections.open_one("no address".to_owned()).await;
    }
}
