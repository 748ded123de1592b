//! A receiver of webhooks that does as the test says, connection by connection.

use super::cmpp::PATIENCE;
use super::served::until;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the accounts of these tests sign with.
pub const SECRET: &str = "a secret for webhooks";

/// What is done with a call once it was read.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    Answer(&'static str),
    /// The call is not counted as taken, whatever is written.
    Refuse(&'static str),
    Hang,
    Close,
    EndlessHead,
    EndlessBody,
}

pub const TAKE: Manner = Manner::Answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

/// One call as it came.
#[derive(Clone, Debug)]
pub struct Call {
    pub id: String,
    pub body: Value,
}

pub struct Receiver {
    pub port: u16,
    manner: Rc<RefCell<Manner>>,
    seen: Rc<RefCell<Vec<Call>>>,
    taken: Rc<RefCell<Vec<Call>>>,
}

impl Receiver {
    pub async fn listen(manner: Manner) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Receiver {
            port: listener.local_addr().unwrap().port(),
            manner: Rc::new(RefCell::new(manner)),
            seen: Rc::default(),
            taken: Rc::default(),
        };
        let (manner, seen, taken) = (
            receiver.manner.clone(),
            receiver.seen.clone(),
            receiver.taken.clone(),
        );
        actix_web::rt::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                actix_web::rt::spawn(serve(stream, manner.clone(), seen.clone(), taken.clone()));
            }
        });
        receiver
    }

    pub fn becomes(&self, manner: Manner) {
        *self.manner.borrow_mut() = manner;
    }

    pub fn calls(&self) -> usize {
        self.seen.borrow().len()
    }

    /// Every call, taken or not.
    pub fn seen(&self) -> Vec<Call> {
        self.seen.borrow().clone()
    }

    /// Message ids of what was taken, in the order of the calls.
    pub fn taken(&self) -> Vec<String> {
        let taken = self.taken.borrow();
        let events = taken
            .iter()
            .flat_map(|call| call.body["data"]["events"].as_array().unwrap());
        events
            .map(|event| event["id"].as_str().unwrap().to_owned())
            .collect()
    }

    pub async fn was_called(&self, times: usize) {
        until("the receiver is called", async || self.calls() >= times).await;
    }

    pub async fn has_taken(&self, events: usize) {
        until("the events are taken", async || self.taken().len() >= events).await;
    }
}

async fn serve(
    mut stream: TcpStream,
    manner: Rc<RefCell<Manner>>,
    seen: Rc<RefCell<Vec<Call>>>,
    taken: Rc<RefCell<Vec<Call>>>,
) {
    while let Some(call) = read(&mut stream).await {
        seen.borrow_mut().push(call.clone());
        let manner = *manner.borrow();
        let written = match manner {
            Manner::Answer(text) => {
                taken.borrow_mut().push(call);
                stream.write_all(text.as_bytes()).await
            }
            Manner::Refuse(text) => stream.write_all(text.as_bytes()).await,
            Manner::Hang => return std::future::pending().await,
            Manner::Close => return,
            Manner::EndlessHead => endless(&mut stream, "HTTP/1.1 200 OK\r\nX: ").await,
            Manner::EndlessBody => {
                taken.borrow_mut().push(call);
                endless(&mut stream, "HTTP/1.1 200 OK\r\n\r\n").await
            }
        };
        if written.is_err() {
            return;
        }
    }
}

async fn endless(stream: &mut TcpStream, head: &str) -> std::io::Result<()> {
    stream.write_all(head.as_bytes()).await?;
    loop {
        stream.write_all(&[b'a'; 4096]).await?;
    }
}

/// One call; its signature is checked here, by other code than ours.
async fn read(stream: &mut TcpStream) -> Option<Call> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let headers: HashMap<String, String> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut body))
        .await
        .ok()?
        .ok()?;
    let (id, time) = (&headers["webhook-id"], &headers["webhook-timestamp"]);
    let mut mac: Hmac<Sha256> = Hmac::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{id}.{time}.").as_bytes());
    mac.update(&body);
    let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
    assert_eq!(headers["webhook-signature"], format!("v1,{signature}"));
    Some(Call {
        id: id.clone(),
        body: serde_json::from_slice(&body).unwrap(),
    })
}
