//! A mail server on loopback that takes mail, or does not.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::{Arc, Mutex};
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub const AUTHORITY: &[u8] = include_bytes!("tls/authority.pem");

/// What the server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Takes everything.
    Takes,
    /// Answers a command with this, and takes the others.
    Answers(&'static str, &'static str),
    /// Says nothing any more when this command comes.
    FallsSilentAt(&'static str),
    /// Closes the connection when this command comes.
    ClosesAt(&'static str),
}

/// What the server has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The commands, with a note where the connection became secret.
    pub commands: Vec<String>,
    /// The mails that were taken.
    pub mails: Vec<String>,
}

pub struct Sink {
    pub port: u16,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Offers {
    Nothing,
    StartTls,
    TlsFromTheBeginning,
}

impl Sink {
    pub async fn start(mood: Mood, offers: Offers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let session = Session {
            mood,
            seen: Arc::clone(&seen),
        };
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let session = session.clone();
                // A client who hangs up is none of our business.
                tokio::spawn(async move { drop(session.hold(stream, offers).await) });
            }
        });
        Self { port, seen }
    }

    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }
}

#[derive(Clone)]
struct Session {
    mood: Mood,
    seen: Arc<Mutex<Seen>>,
}

enum End {
    Closed,
    StartTls,
}

impl Session {
    async fn hold(&self, stream: TcpStream, offers: Offers) -> std::io::Result<()> {
        if offers == Offers::TlsFromTheBeginning {
            let mut stream = BufReader::new(acceptor().accept(stream).await?);
            self.note("(tls)");
            self.greet(&mut stream).await?;
            return self.talk(&mut stream, false).await.map(drop);
        }
        let mut stream = BufReader::new(stream);
        self.greet(&mut stream).await?;
        match self.talk(&mut stream, offers == Offers::StartTls).await? {
            End::Closed => Ok(()),
            End::StartTls => {
                let mut stream = BufReader::new(acceptor().accept(stream.into_inner()).await?);
                self.note("(tls)");
                self.talk(&mut stream, false).await.map(drop)
            }
        }
    }

    async fn greet(&self, stream: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
        let greeting = match self.mood {
            Mood::Answers("connect", answer) => answer,
            _ => "220 sink.test ESMTP",
        };
        stream.write_all(format!("{greeting}\r\n").as_bytes()).await
    }

    fn note(&self, command: &str) {
        self.seen.lock().unwrap().commands.push(command.to_owned());
    }

    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
        offers_tls: bool,
    ) -> std::io::Result<End> {
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(End::Closed);
            }
            let command = line.trim_end().to_owned();
            self.note(&command);
            let verb = command
                .split([' ', ':'])
                .next()
                .unwrap_or_default()
                .to_owned();
            let usual = match verb.as_str() {
                "EHLO" if offers_tls => "250-sink.test\r\n250-STARTTLS\r\n250 8BITMIME",
                "EHLO" => "250-sink.test\r\n250-8BITMIME\r\n250 AUTH PLAIN",
                "AUTH" => "235 welcome",
                "DATA" => "354 go ahead",
                "STARTTLS" => "220 go ahead",
                "QUIT" => "221 bye",
                _ => "250 yes",
            };
            let answer = match self.mood {
                Mood::Answers(at, answer) if at == verb => answer,
                Mood::FallsSilentAt(at) if at == verb => {
                    std::future::pending::<()>().await;
                    usual
                }
                Mood::ClosesAt(at) if at == verb => return Ok(End::Closed),
                _ => usual,
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
            if verb == "STARTTLS" {
                return Ok(End::StartTls);
            }
            if verb == "DATA" && answer.starts_with('3') {
                let mail = read_mail(stream).await?;
                match self.mood {
                    Mood::ClosesAt("(mail)") => return Ok(End::Closed),
                    Mood::FallsSilentAt("(mail)") => std::future::pending::<()>().await,
                    Mood::Answers("(mail)", answer) => {
                        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
                        continue;
                    }
                    _ => {}
                }
                self.seen.lock().unwrap().mails.push(mail);
                stream.write_all(b"250 taken\r\n").await?;
            }
        }
    }
}

/// Up to the line with a dot; a dot that was put before another is taken away.
async fn read_mail(stream: &mut (impl AsyncBufRead + Unpin)) -> std::io::Result<String> {
    let mut mail = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(mail);
        }
        mail.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

fn acceptor() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/localhost.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/localhost.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
