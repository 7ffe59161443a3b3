//! Whether an object is a log of a load balancer, decided from its first bytes.

use std::io::Read;

use flate2::read::GzDecoder;

use super::log_key::{LogKey, LogKind};
use crate::{
    aws::AwsError,
    onboarding::logs::{Trouble, TroubleKind},
};

/// So many of the object's first bytes are read; a line has 500 to 2,000.
pub const FIRST_BYTES: u64 = 64 * 1024;
/// So much of what they hold is looked at, so that no small object becomes a large one.
const LOOKED_AT: u64 = 64 * 1024;

/// Whether these bytes begin a log of the load balancer in the key; why not, in words.
pub fn is_log(bytes: &[u8], key: &LogKey) -> Result<(), &'static str> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Err("it is not compressed with gzip");
    }
    let mut text = Vec::new();
    // The last bytes are cut off, so that the end is an error; what came before it counts.
    let _ = GzDecoder::new(bytes).take(LOOKED_AT).read_to_end(&mut text);
    let Some(line) = text.split(|byte| *byte == b'\n').next().filter(|line| !line.is_empty())
    else {
        return Err("there is no line in it");
    };
    let line = String::from_utf8_lossy(line);
    let words: Vec<&str> = line.split(' ').collect();
    let time = |at: usize| words.get(at).is_some_and(|word| is_time(word));
    let fits = match (key.kind, key.load_balancer.starts_with("net/")) {
        (LogKind::Access, true) => {
            words.first() == Some(&"tls") && time(2) && words.get(3) == Some(&&*key.load_balancer)
        }
        (LogKind::Access, false) => time(1) && words.get(2) == Some(&&*key.load_balancer),
        // These have no name of the load balancer in them.
        (LogKind::Connection, _) => time(0) && words.len() > 5,
        (LogKind::HealthCheck, _) => (time(0) || time(1)) && words.len() > 5,
    };
    if fits { Ok(()) } else { Err("its first line is not one of this load balancer's log") }
}

/// `2026-11-21T23:39:43.945958Z`; network load balancers leave the end out.
fn is_time(word: &str) -> bool {
    let form = "dddd-dd-ddTdd:dd:dd";
    let fits = |(byte, form): (u8, u8)| {
        if form == b'd' { byte.is_ascii_digit() } else { byte == form }
    };
    word.len() >= form.len() && word.bytes().zip(form.bytes()).all(fits)
}

/// What a failed read means for whoever set it up.
pub fn trouble_of(error: &AwsError) -> TroubleKind {
    let words = format!("{} {}", error.code, error.message).to_lowercase();
    if words.contains("kms") {
        TroubleKind::Encrypted
    } else if ["NoSuchKey", "NoSuchBucket", "NoSuchVersion"].contains(&error.code.as_str())
        || (error.code.is_empty() && error.status == 404)
    {
        TroubleKind::Gone
    } else if error.is_denied() {
        TroubleKind::Denied
    } else {
        TroubleKind::Ours
    }
}

/// The trouble with an object.
pub fn trouble(kind: TroubleKind, bucket: &str, key: &str, why: &str, at: i64) -> Trouble {
    Trouble { kind, said: format!("s3://{bucket}/{key}: {why}"), at }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(text: &str) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        packed.finish().unwrap()
    }

    fn key(load_balancer: &str, kind: LogKind) -> LogKey {
        let (account, region) = ("111122223333".to_owned(), "eu-west-1".to_owned());
        LogKey { account, region, load_balancer: load_balancer.to_owned(), kind }
    }

    const ALB: &str =
        "https 2026-11-21T23:39:43.945958Z app/web/50dc6c495c0c9188 192.0.2.77:46532 x\n";
    const NLB: &str = "tls 2.0 2026-11-21T23:39:43 net/edge/c6e77e28c25b2234 g3d4b5e8bb8464cd x\n";
    const CONNECTION: &str =
        "2026-11-21T23:39:43.945958Z 192.0.2.77 46532 443 TLSv1.3 AES 0.01 - -\n";

    #[test]
    fn logs_of_this_load_balancer_are_known() {
        let web = "app/web/50dc6c495c0c9188";
        assert_eq!(is_log(&packed(ALB), &key(web, LogKind::Access)), Ok(()));
        let edge = key("net/edge/c6e77e28c25b2234", LogKind::Access);
        assert_eq!(is_log(&packed(NLB), &edge), Ok(()));
        assert_eq!(is_log(&packed(CONNECTION), &key(web, LogKind::Connection)), Ok(()));
        let long = ALB.repeat(50_000);
        assert_eq!(is_log(&packed(&long)[..1000], &key(web, LogKind::Access)), Ok(()));
    }

    #[test]
    fn nothing_else_is() {
        let web = key("app/web/50dc6c495c0c9188", LogKind::Access);
        for other in
            ["", "hello\n", NLB, CONNECTION, &ALB.replace("web", "shop"), &ALB.replace('T', " ")]
        {
            assert!(is_log(&packed(other), &web).is_err(), "{other}");
        }
        assert!(is_log(ALB.as_bytes(), &web).is_err());
        assert!(is_log(&[0x1f, 0x8b], &web).is_err());
        assert!(is_log(&[], &web).is_err());
        // A little that unpacks to very much is looked at no further than needed.
        assert!(is_log(&packed(&"a".repeat(50_000_000)), &web).is_err());
    }
}
