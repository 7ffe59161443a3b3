//! A customer launches the stack.

use anyhow::Result;
use harness::{
    cloudformation::{ENDPOINT, Lab, Launch},
    proxy,
};

#[tokio::test]
async fn one_load_balancer_whose_logging_is_off() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let mut stack = lab.stack("logs");
    let answer = lab.create(&mut stack, &Launch::of(&[&web])).await?;
    let calls = lab.proxy.calls();
    for c in &calls { println!("{} {} {}", c.operation, c.status, c.resource); }
    println!("{answer:#?} depth {}", proxy::depth(&calls));
    println!("{}", lab.logs());
    assert!(!answer.failed(), "{}", answer.reason);
    println!("{:#?}", lab.customer.snapshot().await?);
    let d = lab.delete(&stack).await?;
    println!("{d:#?}");
    println!("{:#?}", lab.customer.snapshot().await?);
    assert_eq!(lab.proxy.violations(), Vec::<String>::new());
    let _ = ENDPOINT;
    Ok(())
}
