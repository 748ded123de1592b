//! The control port: one order a line, `CARRIER ORDER…`, answered by one line.

use super::host::{HostError, Orders};
use super::order::Order;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

const LINE_BYTES_MAX: u64 = 4_096;

/// Answers orders until the process ends.
pub async fn serve(listener: TcpListener, orders: Orders) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let orders = orders.clone();
        tokio::spawn(async move {
            if let Err(error) = talk(stream, &orders).await {
                tracing::debug!(%error, "a control session ended");
            }
        });
    }
}

async fn talk(mut stream: TcpStream, orders: &Orders) -> io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = String::new();
        let length = (&mut reader).take(LINE_BYTES_MAX).read_line(&mut line).await?;
        if length == 0 || !line.ends_with('\n') {
            return Ok(());
        }
        let mut answer = answer(&line, orders).await;
        answer.push('\n');
        writer.write_all(answer.as_bytes()).await?;
    }
}

async fn answer(line: &str, orders: &Orders) -> String {
    let Some((carrier, order)) = line.trim().split_once(' ') else {
        return "expected: CARRIER ORDER".to_owned();
    };
    let order: Order = match order.parse() {
        Ok(order) => order,
        Err(error) => return format!("error: {error}"),
    };
    match orders.give(carrier, order).await {
        Ok(answer) => answer,
        Err(error @ HostError::UnknownCarrier(_)) => format!("error: {error}"),
        Err(error) => format!("stopped: {error}"),
    }
}

/// Sends one line to a control port and returns its answer.
pub async fn ask(port: u16, line: &str) -> io::Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(line.trim().as_bytes()).await?;
    stream.write_all(b"\n").await?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).await?;
    Ok(answer.trim_end().to_owned())
}
