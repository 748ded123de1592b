//! The examples of the guide, run as a reader would, and the AsyncAPI document checked by its own schema.

use super::cmpp::{Carrier, well_behaved};
use super::house::{House, brokers};
use std::process::Command;

/// Where the tools are, each a command line.
const PYTHON: &str = "CARILLON_TEST_EXAMPLE_PYTHON";
const JAVA: &str = "CARILLON_TEST_EXAMPLE_JAVA";
const ASYNCAPI: &str = "CARILLON_TEST_ASYNCAPI";

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/examples/kafka");

#[actix_web::test]
async fn the_example_in_python_sends_and_is_refused() {
    run(PYTHON, "send_by_kafka.py").await;
}

#[actix_web::test]
async fn the_example_in_java_sends_and_is_refused() {
    run(JAVA, "SendByKafka.java").await;
}

async fn run(tool: &str, example: &str) {
    let carrier = Carrier::listen();
    let house = House::open(&carrier, &[]).await;
    let seen = well_behaved(carrier);
    house.topics_are_there().await;
    let example = format!("{EXAMPLES}/{example}");
    let ask = |number: &str| {
        let mut command = tool_of(tool);
        command.args([
            &example,
            &brokers(),
            &house.prefix,
            "lab",
            number,
            "您好, \"Lab\"",
        ]);
        actix_web::rt::task::spawn_blocking(move || command.output().unwrap())
    };
    let sent = ask("13800000001").await.unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&sent.stdout),
        String::from_utf8_lossy(&sent.stderr),
    );
    let lines: Vec<_> = out.lines().map(str::trim).collect();
    assert!(
        sent.status.success() && lines.len() == 2 && lines[0].starts_with("accepted msg_"),
        "{out}{err}"
    );
    assert_eq!(lines[1], "delivered");
    assert_eq!(seen.borrow()[0].to, "13800000001");
    let refused = ask("12").await.unwrap();
    let err = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && err.contains("invalid_phone to"),
        "{err}"
    );
}

#[actix_web::test]
async fn the_document_is_what_its_schema_asks_for() {
    let carrier = Carrier::listen();
    let house = House::open(&carrier, &[]).await;
    let url = format!("http://{}/v1/asyncapi.json", house.served.address);
    let mut command = tool_of(ASYNCAPI);
    command.arg(url);
    let checked = actix_web::rt::task::spawn_blocking(move || command.output().unwrap());
    let checked = checked.await.unwrap();
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stderr)
    );
}

fn tool_of(variable: &str) -> Command {
    let line = std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} must be a command line, as deploy/test.sh kafka sets it"));
    let mut words = line.split(' ');
    let mut command = Command::new(words.next().unwrap());
    command.args(words);
    command
}
