use super::house::{House, connection};
use super::relay::{Ask, Relay, Say};
use carillon_actors::mail::probe;
use carillon_domain::catalog::{Connection, MailSecurity, Secret};
use carillon_domain::fact::FinalState;
use std::io::Write;
use tempfile::NamedTempFile;

fn secured(relay: &Relay, security: MailSecurity, trusted: Option<&NamedTempFile>) -> Connection {
    let mut connection = connection(1, relay.port);
    let settings = connection.mail.as_mut().unwrap();
    settings.security = security;
    settings.ca_file = trusted.map(|file| file.path().to_str().unwrap().into());
    connection
}

fn pem(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[actix::test]
async fn mails_are_encrypted_where_the_connection_says_so() {
    for (security, implicit) in [(MailSecurity::Starttls, false), (MailSecurity::Tls, true)] {
        let relay = Relay::with_tls("localhost", implicit, |_| None).await;
        let trusted = pem(relay.ca_pem());
        let house = House::with(vec![secured(&relay, security, Some(&trusted))]);
        let id = house.send("p@home.example").await;
        assert_eq!(house.end_of(id).await.0, FinalState::Sent);
        assert!(relay.given().iter().all(|given| given.secured));
        house.end().await;
    }
}

#[actix::test]
async fn a_bad_certificate_is_refused_and_nothing_is_sent() {
    let other = Relay::with_tls("localhost", false, |_| None).await;
    let wrong_name = Relay::with_tls("elsewhere.example", false, |_| None).await;
    let cases = [
        (&other, pem(wrong_name.ca_pem()), "invalid peer certificate"),
        (&wrong_name, pem(wrong_name.ca_pem()), "not valid for name"),
    ];
    for (relay, trusted, words) in cases {
        let house = House::with(vec![secured(relay, MailSecurity::Starttls, Some(&trusted))]);
        house.send("p@home.example").await;
        house.until_error(1, words).await;
        let lines = relay.lines();
        assert!(
            lines
                .iter()
                .all(|line| line.starts_with("EHLO") || line == "STARTTLS"),
            "{lines:?}"
        );
        house.end().await;
    }
}

#[actix::test]
async fn certificates_that_cannot_be_read_are_told() {
    let relay = Relay::with_tls("localhost", false, |_| None).await;
    let empty = pem("");
    let house = House::with(vec![secured(&relay, MailSecurity::Starttls, Some(&empty))]);
    house.until_error(1, "no certificate").await;
    house.end().await;
}

#[actix::test]
async fn without_starttls_nothing_is_sent_in_the_clear() {
    let relay = Relay::ordinary().await;
    let mut wary = secured(&relay, MailSecurity::Starttls, None);
    wary.login = "gateway".into();
    wary.password = Secret::new("secret");
    let house = House::with(vec![wary]);
    house.send("p@home.example").await;
    house.until_error(1, "offers no STARTTLS").await;
    assert!(
        relay.lines().iter().all(|line| line.starts_with("EHLO")),
        "{:?}",
        relay.lines()
    );
    house.end().await;
}

/// Words that somebody on the way puts behind the relay's go-ahead are not taken as said inside TLS.
#[actix::test]
async fn what_is_said_before_the_handshake_does_not_count_after_it() {
    let relay = Relay::with_tls("localhost", false, |ask| match ask {
        Ask::Line(line) if *line == "STARTTLS" => {
            Some(Say::Secure("220 begin\r\n250 injected\r\n".to_owned()))
        }
        _ => None,
    })
    .await;
    let trusted = pem(relay.ca_pem());
    let house = House::with(vec![secured(&relay, MailSecurity::Starttls, Some(&trusted))]);
    house.until_error(1, "more than it was asked").await;
    house.end().await;
}

#[actix::test]
async fn a_login_that_is_refused_is_told() {
    let relay = Relay::start(|ask| match ask {
        Ask::Line(line) if line.starts_with("AUTH") => Some(Say::Reply("535 5.7.8 wrong".to_owned())),
        _ => None,
    })
    .await;
    let mut wrong = connection(1, relay.port);
    wrong.login = "gateway".into();
    let house = House::with(vec![wrong.clone()]);
    house.until_error(1, "535 5.7.8 wrong").await;
    house.end().await;
    let trail = probe(&wrong).await;
    let steps: Vec<_> = trail.iter().map(|step| (step.step, step.ok)).collect();
    assert_eq!(
        steps,
        [
            ("connect", true),
            ("greeting", true),
            ("ehlo", true),
            ("auth", false)
        ]
    );
}

#[actix::test]
async fn a_probe_tells_every_step() {
    let relay = Relay::with_tls("localhost", false, |_| None).await;
    let trusted = pem(relay.ca_pem());
    let trail = probe(&secured(&relay, MailSecurity::Starttls, Some(&trusted))).await;
    let steps: Vec<_> = trail.iter().map(|step| step.step).collect();
    assert_eq!(
        steps,
        [
            "connect", "greeting", "ehlo", "starttls", "tls", "ehlo", "noop", "quit"
        ]
    );
    assert!(trail.iter().all(|step| step.ok), "{trail:?}");
    assert!(relay.given().is_empty());

    let nobody = probe(&connection(1, 1)).await;
    assert_eq!(nobody.len(), 1);
    assert!(
        !nobody[0].ok && nobody[0].detail.contains("cannot be reached"),
        "{nobody:?}"
    );
}
