//! A load generator that costs little: one thread, requests made beforehand, answers hardly looked at.

use anyhow::{Context, Result, bail, ensure};
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
/// Stands in a text for the number.
pub const PLACEHOLDER: &str = "##########";
/// An answer that takes longer counts as lost.
const PATIENCE: Duration = Duration::from_secs(20);

/// A kind of request, with what its answer must look like.
#[derive(Clone)]
pub struct Request {
    texts: Vec<Text>,
    repeats: Repeats,
    status: u16,
    /// What the body must contain.
    contains: &'static [u8],
}

#[derive(Clone)]
struct Text {
    bytes: Vec<u8>,
    /// Where the number stands that makes it different.
    places: Vec<usize>,
}

#[derive(Clone, Copy)]
enum Repeats {
    /// The texts are taken in turn.
    Forever,
    /// This one is next, and after the last there is none.
    Never { next: usize },
}

impl Request {
    /// Requests sent again and again, each with another number in place of every [`PLACEHOLDER`].
    pub fn repeated(
        texts: impl IntoIterator<Item = String>,
        status: u16,
        contains: &'static str,
    ) -> Self {
        Self {
            texts: texts.into_iter().map(|text| Text::new(&text)).collect(),
            repeats: Repeats::Forever,
            status,
            contains: contains.as_bytes(),
        }
    }

    /// Requests sent once each.
    pub fn once_each(
        texts: impl IntoIterator<Item = String>,
        status: u16,
        contains: &'static str,
    ) -> Self {
        Self {
            repeats: Repeats::Never { next: 0 },
            ..Self::repeated(texts, status, contains)
        }
    }

    fn next(&mut self, number: u64) -> Option<&[u8]> {
        let index = match &mut self.repeats {
            Repeats::Forever => {
                let count = self.texts.len().max(1) as u64;
                usize::try_from(number % count).unwrap_or(0)
            }
            Repeats::Never { next } => {
                *next += 1;
                *next - 1
            }
        };
        let text = self.texts.get_mut(index)?;
        for place in &text.places {
            let mut rest = number;
            for digit in text.bytes[*place..*place + DIGITS].iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        }
        Some(&text.bytes)
    }
}

impl Text {
    fn new(text: &str) -> Self {
        Self {
            bytes: text.as_bytes().to_vec(),
            places: text.match_indices(PLACEHOLDER).map(|(at, _)| at).collect(),
        }
    }
}

/// The text of a request.
pub fn get(path: &str, headers: &[(&str, &str)]) -> String {
    format!("GET {path} HTTP/1.1\r\n{}\r\n", lines(headers))
}

/// The same with a body of this type.
pub fn post(path: &str, headers: &[(&str, &str)], kind: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\n{}content-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
        lines(headers),
        body.len()
    )
}

fn lines(headers: &[(&str, &str)]) -> String {
    [("host", "localhost")]
        .iter()
        .chain(headers)
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect()
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

    /// Every connection sends its next request when it has the answer to the last one, until the time is over or there are
    /// no more requests.
    pub fn closed_loop(
        &mut self,
        request: &Request,
        connections: usize,
        time: Duration,
    ) -> Result<Outcome> {
        let mut outcome = Outcome::new(time);
        let mut request = request.clone();
        let begun = Instant::now();
        let deadline = begun + time;
        let mut busy = 0;
        for n in 0..connections {
            busy += usize::from(self.send(n, &mut request, Instant::now())?);
        }
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
                if now >= deadline || !self.send(n, &mut request, now)? {
                    busy -= 1;
                }
            }
        }
        outcome.time = time.min(begun.elapsed());
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
                ensure!(
                    self.send(n, &mut request, *since)?,
                    "there are no more requests"
                );
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

    /// `false`: there is nothing more to send.
    fn send(&mut self, n: usize, request: &mut Request, due: Instant) -> Result<bool> {
        let connection = &mut self.connections[n];
        connection.due = due;
        let Some(bytes) = request.next(self.next_number) else {
            return Ok(false);
        };
        self.next_number += 1;
        let written = connection.stream.write(bytes).context("sending")?;
        if written < bytes.len() {
            bail!("a request did not fit into the socket's buffer");
        }
        Ok(true)
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

/// A connection for requests whose answers matter.
pub struct Caller {
    stream: TcpStream,
}

impl Caller {
    pub fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream })
    }

    /// Status and body.
    pub fn call(&mut self, request: &str) -> Result<(u16, Vec<u8>)> {
        self.stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            let count = self.stream.read(&mut chunk)?;
            if count == 0 {
                bail!("the server closed the connection");
            }
            answer.extend_from_slice(&chunk[..count]);
            if let Some((status, body)) = parse(&answer)? {
                return Ok((status, body.to_vec()));
            }
        }
    }

    /// The object in the body of an answer with this status.
    pub fn object(&mut self, request: &str, status: u16) -> Result<Object> {
        let (found, body) = self.call(request)?;
        let text = String::from_utf8_lossy(&body);
        ensure!(
            found == status,
            "{} was answered with {found}: {text}",
            request.lines().next().unwrap_or_default()
        );
        Ok(Object(serde_json::from_slice(&body)?))
    }
}

/// An answer.
pub struct Object(serde_json::Value);

impl Object {
    /// A text in it, by its JSON pointer.
    pub fn text(&self, pointer: &str) -> Result<String> {
        let text = self.0.pointer(pointer).and_then(|value| value.as_str());
        let text = text.with_context(|| format!("there is no text {pointer} in {}", self.0))?;
        Ok(text.to_owned())
    }

    /// A whole number in it.
    pub fn number(&self, pointer: &str) -> Result<i64> {
        let number = self.0.pointer(pointer).and_then(|value| value.as_i64());
        number.with_context(|| format!("there is no number {pointer} in {}", self.0))
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
        let text = format!("key: order-{PLACEHOLDER}\r\n\r\n/p/{PLACEHOLDER}");
        let mut request = Request::repeated([text], 200, "");
        let text = String::from_utf8(request.next(42).unwrap().to_vec()).unwrap();
        assert_eq!(text, "key: order-0000000042\r\n\r\n/p/0000000042");
    }

    #[test]
    fn requests_are_sent_once_each() {
        let mut request = Request::once_each(["a".to_owned(), "b".to_owned()], 200, "");
        assert_eq!(request.next(7), Some(&b"a"[..]));
        assert_eq!(request.next(8), Some(&b"b"[..]));
        assert_eq!(request.next(9), None);
    }
}
