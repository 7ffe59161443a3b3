//! Certificates that SNS would not sign with, given out where SNS keeps its own.

use anyhow::Result;
use harness::sns::{Signer, notification};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::Value;

use super::bench::Bench;

/// Messages with a name each, signed by keys whose certificates are wrong in one way.
pub(super) fn wrong(bench: &Bench, topic: &str) -> Result<Vec<(String, Value)>> {
    let mut all = Vec::new();
    for (at, (name, host, valid)) in [
        ("expired", "sns.amazonaws.com", (-400, -1)),
        ("not valid yet", "sns.amazonaws.com", (1, 300)),
        ("of somebody else", "evil.test", (-30, 300)),
        ("of S3", "s3.amazonaws.com", (-30, 300)),
        ("of a host that begins like SNS's", "sns.amazonaws.com.evil.test", (-30, 300)),
        ("of a host that ends like SNS's", "evilsns.amazonaws.com", (-30, 300)),
        ("of China", "sns.cn-north-1.amazonaws.com.cn", (-30, 300)),
    ]
    .into_iter()
    .enumerate()
    {
        let signer = Signer::new(host, valid)?;
        let url = give_out(bench, at, signer.pem.as_bytes());
        let mut message = notification(topic, "hello", &url);
        signer.sign(&mut message)?;
        all.push((format!("certificate {name}"), message));
    }
    for (at, (name, file)) in odd_files()?.into_iter().enumerate() {
        let url = give_out(bench, at + 100, &file);
        let message = notification(topic, "hello", &url);
        all.push((format!("certificate {name}"), bench.signed(message)?));
    }
    let nowhere =
        bench.sns.url_of("SimpleNotificationService-00000000000000000000000000000404.pem");
    let message = notification(topic, "hello", &nowhere);
    all.push(("certificate that is not there".to_owned(), bench.signed(message)?));
    Ok(all)
}

fn give_out(bench: &Bench, number: usize, content: &[u8]) -> String {
    let file = format!("SimpleNotificationService-{number:032x}.pem");
    bench.sns.give_out(&file, content);
    bench.sns.url_of(&file)
}

fn odd_files() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let parameters = CertificateParams::new(vec!["sns.amazonaws.com".to_owned()])?;
    let curve = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let curve = parameters.self_signed(&curve)?.pem();
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
    Ok(vec![
        ("with an elliptic curve", curve.into_bytes()),
        ("that is a key", key.serialize_pem().into_bytes()),
        ("that is empty", Vec::new()),
        ("that is a page", b"<html>hello</html>".to_vec()),
        ("that is too large", vec![b'A'; 100_000]),
        ("cut off", Signer::of_sns()?.pem.into_bytes()[..500].to_vec()),
    ])
}
