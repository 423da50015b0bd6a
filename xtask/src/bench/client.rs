//! A load generator that costs little: one thread, requests made beforehand, answers hardly looked at.

use super::server::Organization;
use anyhow::{Context, Result, bail};
use rustix::event::{Timespec, epoll};
use std::{
    collections::VecDeque,
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

/// So many digits make a request different from all others.
const DIGITS: usize = 10;
const PLACEHOLDER: &str = "##########";
/// An answer that takes longer counts as lost.
const PATIENCE: Duration = Duration::from_secs(20);

/// A kind of request, with what its answer must look like.
pub struct Request {
    /// One for each organization, taken in turn.
    texts: Vec<Text>,
    status: u16,
    /// What the body must contain.
    contains: &'static [u8],
}

struct Text {
    bytes: Vec<u8>,
    /// Where the number stands that makes it different.
    places: Vec<usize>,
}

impl Request {
    /// An order of 100 units; `keyed`: with an idempotency key of its own.
    pub fn order(organizations: &[Organization], keyed: bool) -> Self {
        let key = format!("idempotency-key: order-{PLACEHOLDER}\r\n");
        Self {
            texts: orders(organizations, 100, if keyed { &key } else { "" }),
            status: 200,
            contains: b"\"order_id\"",
        }
    }

    /// An order of 5 units, which is too few.
    pub fn refused(organizations: &[Organization]) -> Self {
        Self {
            texts: orders(organizations, 5, ""),
            status: 400,
            contains: b"below_minimum_quantity",
        }
    }

    pub fn balance(organizations: &[Organization]) -> Self {
        let texts = organizations
            .iter()
            .map(|organization| {
                Text::new(&format!(
                    "GET /platform/organization/credit/balance HTTP/1.1\r\nhost: localhost\r\nx-api-key: {}\r\n\r\n",
                    organization.key
                ))
            })
            .collect();
        Self {
            texts,
            status: 200,
            contains: b"\"balance\"",
        }
    }

    fn next(&mut self, number: u64) -> &[u8] {
        let count = self.texts.len() as u64;
        let text = &mut self.texts[usize::try_from(number % count).unwrap_or(0)];
        for place in &text.places {
            let mut rest = number;
            for digit in text.bytes[*place..*place + DIGITS].iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        }
        &text.bytes
    }
}

fn orders(organizations: &[Organization], quantity: u32, headers: &str) -> Vec<Text> {
    let text = |organization: &Organization| {
        let body = format!(
            r#"{{"product_id":"{}","link":"https://example.com/p/{PLACEHOLDER}","quantity":{quantity}}}"#,
            organization.product
        );
        Text::new(&format!(
            "POST /platform/order/ch2/default HTTP/1.1\r\nhost: localhost\r\nx-api-key: {}\r\n\
             content-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
            organization.key,
            body.len()
        ))
    };
    organizations.iter().map(text).collect()
}

impl Text {
    fn new(text: &str) -> Self {
        Self {
            bytes: text.as_bytes().to_vec(),
            places: text.match_indices(PLACEHOLDER).map(|(at, _)| at).collect(),
        }
    }
}

/// What became of a load.
pub struct Outcome {
    /// How long it was applied.
    pub time: Duration,
    /// Answers as wanted.
    pub answered: u64,
    /// Microseconds from when a request was due to its answer, of the answers within the time.
    pub latencies: Vec<u32>,
    wrong: u64,
    first_wrong: Option<String>,
}

impl Outcome {
    fn new(time: Duration) -> Self {
        Self {
            time,
            answered: 0,
            latencies: Vec::with_capacity(1 << 18),
            wrong: 0,
            first_wrong: None,
        }
    }

    pub fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.time.as_secs_f64()
    }

    pub fn fail_if_wrong(&self) -> Result<()> {
        match &self.first_wrong {
            Some(answer) => bail!(
                "{} of {} answers were not as they should be; the first:\n{answer}",
                self.wrong,
                self.wrong + self.answered
            ),
            None => Ok(()),
        }
    }
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
    due: Instant,
}

/// Keep-alive connections to the server.
pub struct Client {
    connections: Vec<Connection>,
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    next_number: u64,
}

impl Client {
    pub fn connect(port: u16, connections: usize) -> Result<Self> {
        // Otherwise the kernel lets a wait of the fixed schedule end 50 µs late.
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let connections = (0..connections)
            .map(|n| {
                let stream = TcpStream::connect(("127.0.0.1", port)).context("connecting")?;
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                let data = epoll::EventData::new_u64(n as u64);
                epoll::add(&epoll, &stream, data, epoll::EventFlags::IN)?;
                Ok(Connection {
                    stream,
                    buffer: vec![0; 16 * 1024],
                    filled: 0,
                    due: Instant::now(),
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            connections,
            epoll,
            events: Vec::with_capacity(256),
            next_number: 1,
        })
    }

    /// Every connection sends its next request when it has the answer to the last one.
    pub fn closed_loop(
        &mut self,
        request: &Request,
        connections: usize,
        time: Duration,
    ) -> Result<Outcome> {
        let mut outcome = Outcome::new(time);
        let mut request = request.clone();
        let deadline = Instant::now() + time;
        for n in 0..connections {
            self.send(n, &mut request, Instant::now())?;
        }
        let mut busy = connections;
        while busy > 0 {
            if self.wait(PATIENCE)? == 0 {
                bail!("{busy} requests were not answered within {PATIENCE:?}");
            }
            for index in 0..self.events.len() {
                let n = self.ready(index);
                if !self.connections[n].receive(&request, deadline, &mut outcome)? {
                    continue;
                }
                let now = Instant::now();
                if now < deadline {
                    self.send(n, &mut request, now)?;
                } else {
                    busy -= 1;
                }
            }
        }
        Ok(outcome)
    }

    /// Requests fall due on a fixed schedule, whether or not the server keeps up.
    pub fn open_loop(
        &mut self,
        request: &Request,
        per_second: f64,
        time: Duration,
    ) -> Result<Outcome> {
        let mut outcome = Outcome::new(time);
        let mut request = request.clone();
        let begun = Instant::now();
        let never = begun + time + PATIENCE;
        let count = (per_second * time.as_secs_f64()) as u64;
        let due_at = |n: u64| begun + Duration::from_secs_f64(n as f64 / per_second);
        let mut scheduled = 0;
        let mut due = VecDeque::new();
        let mut idle: Vec<usize> = (0..self.connections.len()).collect();
        loop {
            let now = Instant::now();
            while scheduled < count && due_at(scheduled) <= now {
                due.push_back(due_at(scheduled));
                scheduled += 1;
            }
            while let Some(since) = due.front()
                && let Some(n) = idle.pop()
            {
                self.send(n, &mut request, *since)?;
                due.pop_front();
            }
            let all_sent = scheduled == count && due.is_empty();
            if all_sent && idle.len() == self.connections.len() {
                return Ok(outcome);
            }
            let patience = if scheduled < count {
                due_at(scheduled).saturating_duration_since(now)
            } else {
                PATIENCE
            };
            if self.wait(patience)? == 0 && (all_sent || now > never) {
                bail!("requests were not answered within {PATIENCE:?}");
            }
            for index in 0..self.events.len() {
                let n = self.ready(index);
                if self.connections[n].receive(&request, never, &mut outcome)? {
                    idle.push(n);
                }
            }
        }
    }

    fn send(&mut self, n: usize, request: &mut Request, due: Instant) -> Result<()> {
        let connection = &mut self.connections[n];
        connection.due = due;
        let bytes = request.next(self.next_number);
        self.next_number += 1;
        let written = connection.stream.write(bytes).context("sending")?;
        if written < bytes.len() {
            bail!("a request did not fit into the socket's buffer");
        }
        Ok(())
    }

    fn wait(&mut self, limit: Duration) -> Result<usize> {
        self.events.clear();
        let limit = Timespec {
            tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: limit.subsec_nanos().into(),
        };
        let spare = rustix::buffer::spare_capacity(&mut self.events);
        match epoll::wait(&self.epoll, spare, Some(&limit)) {
            Ok(count) => Ok(count),
            Err(rustix::io::Errno::INTR) => Ok(0),
            Err(error) => Err(error).context("waiting for answers"),
        }
    }

    fn ready(&self, index: usize) -> usize {
        let data = self.events[index].data;
        usize::try_from(data.u64()).unwrap_or(0)
    }
}

impl Clone for Request {
    fn clone(&self) -> Self {
        let texts = self.texts.iter().map(|text| Text {
            bytes: text.bytes.clone(),
            places: text.places.clone(),
        });
        Self {
            texts: texts.collect(),
            ..*self
        }
    }
}

impl Connection {
    /// Reads what has arrived. `true`: the answer is complete.
    fn receive(
        &mut self,
        request: &Request,
        deadline: Instant,
        outcome: &mut Outcome,
    ) -> Result<bool> {
        let room = &mut self.buffer[self.filled..];
        if room.is_empty() {
            bail!("an answer of more than {} bytes", self.filled);
        }
        match self.stream.read(room) {
            Ok(0) => bail!("the server closed a connection"),
            Ok(count) => self.filled += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error).context("receiving"),
        }
        let answer = &self.buffer[..self.filled];
        let Some((status, body)) = parse(answer)? else {
            return Ok(false);
        };
        if status == request.status && find(body, request.contains).is_some() {
            outcome.answered += 1;
        } else {
            outcome.wrong += 1;
            outcome
                .first_wrong
                .get_or_insert_with(|| String::from_utf8_lossy(answer).into_owned());
        }
        self.filled = 0;
        let now = Instant::now();
        if now <= deadline {
            let micros = now.saturating_duration_since(self.due).as_micros();
            outcome
                .latencies
                .push(u32::try_from(micros).unwrap_or(u32::MAX));
        }
        Ok(true)
    }
}

/// Status and body of an answer; `None` while it is incomplete.
fn parse(answer: &[u8]) -> Result<Option<(u16, &[u8])>> {
    let Some(end) = find(answer, b"\r\n\r\n") else {
        return Ok(None);
    };
    let (head, body) = (&answer[..end], &answer[end + 4..]);
    let status = head
        .get(9..12)
        .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok())
        .context("an answer without a status")?;
    // hyper writes the names of headers in lower case.
    let length = find(head, b"\r\ncontent-length: ").context("an answer without a length")?;
    let length = head[length + 18..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0, |length, byte| length * 10 + usize::from(byte - b'0'));
    match body.len() {
        arrived if arrived < length => Ok(None),
        arrived if arrived == length => Ok(Some((status, body))),
        _ => bail!("more than one answer to a request"),
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

/// One request on a connection of its own; returns status and body.
pub fn call(port: u16, request: &str) -> Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk)?;
        if count == 0 {
            bail!("the server closed the connection");
        }
        answer.extend_from_slice(&chunk[..count]);
        if let Some((status, body)) = parse(&answer)? {
            return Ok((status, body.to_vec()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_when_its_body_is() {
        let answer = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 4\r\nx: y\r\n\r\nabcd";
        assert_eq!(parse(answer).unwrap(), Some((400, &b"abcd"[..])));
        for end in 0..answer.len() {
            assert_eq!(parse(&answer[..end]).unwrap(), None);
        }
    }

    #[test]
    fn every_request_has_a_number_of_its_own() {
        let organization = Organization {
            id: "o".into(),
            key: "k".into(),
            product: "p".into(),
        };
        let mut request = Request::order(&[organization], true);
        let text = String::from_utf8(request.next(42).to_vec()).unwrap();
        assert!(text.contains("idempotency-key: order-0000000042\r\n"));
        assert!(text.contains("example.com/p/0000000042\""));
    }
}
