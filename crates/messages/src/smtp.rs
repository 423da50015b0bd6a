//! Mails over SMTP, to a server that delivers them.

use crate::{Mail, Mailer, SendError, Sending, Stamp};
use kernel::Secret;
use lettre::message::Mailbox;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls as LettreTls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use std::time::Duration;

/// How a connection is kept secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Not at all: for a server on the same machine.
    None,
    /// By STARTTLS, without which nothing is sent.
    StartTls,
    /// From its beginning.
    Wrapped,
}

impl Tls {
    /// The usual port.
    pub const fn port(self) -> u16 {
        match self {
            Self::None => smtp::SMTP_PORT,
            Self::StartTls => smtp::SUBMISSION_PORT,
            Self::Wrapped => smtp::SUBMISSIONS_PORT,
        }
    }
}

/// How to reach a server for mail.
#[derive(Clone, Debug)]
pub struct SmtpConfig {
    /// Its name, which its certificate has to have.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept secret.
    pub tls: Tls,
    /// A certificate authority to trust besides the public ones, in PEM.
    pub authority: Option<Vec<u8>>,
    /// User name and password, if it wants to know us.
    pub credentials: Option<(String, Secret<String>)>,
    /// Whom mails are from.
    pub from: Mailbox,
    /// How long handing over a mail may take in all.
    pub timeout: Duration,
}

/// Hands mails over to a server. Connects for each.
#[derive(Clone, Debug)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    timeout: Duration,
}

impl Smtp {
    /// A driver. It connects when it is first used.
    pub fn new(config: SmtpConfig) -> Result<Self, smtp::Error> {
        let parameters = || {
            let builder = TlsParameters::builder(config.host.clone());
            let builder = match &config.authority {
                Some(pem) => builder.add_root_certificate(Certificate::from_pem(pem)?),
                None => builder,
            };
            builder.build_rustls()
        };
        let tls = match config.tls {
            Tls::None => LettreTls::None,
            Tls::StartTls => LettreTls::Required(parameters()?),
            Tls::Wrapped => LettreTls::Wrapper(parameters()?),
        };
        let name = ClientId::Domain(config.from.email.domain().to_owned());
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port)
            .tls(tls)
            .hello_name(name)
            .timeout(Some(config.timeout));
        if let Some((user, password)) = config.credentials {
            builder = builder.credentials(Credentials::new(user, password.expose().clone()));
        }
        Ok(Self {
            transport: builder.build(),
            from: config.from,
            timeout: config.timeout,
        })
    }
}

impl Mailer for Smtp {
    fn send_mail<'a>(&'a self, mail: &'a Mail, stamp: &'a Stamp) -> Sending<'a> {
        Box::pin(async move {
            let message = mail.message(&self.from, stamp)?;
            let sent = tokio::time::timeout(self.timeout, self.transport.send(message)).await;
            match sent {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(send_error(&error)),
                Err(_) => Err(SendError::NotNow("the mail server took too long".into())),
            }
        })
    }
}

/// What a server says may repeat the mail's address: of its answer only the code is kept.
fn send_error(error: &smtp::Error) -> SendError {
    if let Some(code) = error.status() {
        let text = format!("the mail server answered {code}");
        return match u16::from(code) {
            // They are about the mailbox. Other codes that begin with 5 can be about us, and be mended.
            550 | 551 | 553 => SendError::Refused(text),
            _ => SendError::NotNow(text),
        };
    }
    SendError::NotNow(
        if error.is_timeout() {
            "the mail server took too long"
        } else if error.is_tls() {
            "no secure connection to the mail server"
        } else if error.is_client() {
            "the mail server does not offer what is configured"
        } else if error.is_response() {
            "the mail server's answer cannot be read"
        } else {
            "the mail server was not reached, or broke off"
        }
        .into(),
    )
}
