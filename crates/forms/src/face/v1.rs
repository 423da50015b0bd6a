//! The ancestor of the verification, `POST /api/v1/certificate/verification`: a thin adapter. It speaks in camel case and has
//! codes of its own: 0, 400, 403, 500, 1021 (the verification failed) and 1022 (its parameters are wrong).

use super::certificates::{LONGEST_CODE, LONGEST_STATUS};
use super::params::{LARGEST_ID, Params};
use super::{Data, method};
use crate::gateway::{self, Call, Gateway, LARGEST_BODY, OpenapiV2Face};
use crate::model::Right;
use crate::model::certificate::SET;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware;
use axum::routing::post;
use catalogue::OpenapiV2Error;
use http::StatusCode;
use httpkit::face::FaceLayer;
use httpkit::{Dialect, Face, Refusal, Reply, Transport, body};
use kernel::Locale;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

const SUCCEEDED: u16 = 0;
const BAD_REQUEST: u16 = 400;
const FORBIDDEN: u16 = 403;
const FAILED: u16 = 500;
const NOT_VERIFIED: u16 = 1021;
const BAD_PARAMETERS: u16 = 1022;

/// The route.
pub fn routes(gateway: Gateway, layer: FaceLayer) -> Router {
    let wrong_method = || async { Refusal::from(Transport::WrongMethod) };
    let layer = FaceLayer {
        face: Arc::new(V1Face),
        ..layer
    };
    Router::new()
        .route(
            "/api/v1/certificate/verification",
            post(verification).fallback(wrong_method),
        )
        .with_state(gateway)
        .layer(middleware::from_fn_with_state(layer, httpkit::face::layer))
}

/// The ancestor's words for what is nobody's business rule.
struct V1Face;

impl Face for V1Face {
    fn name(&self) -> &'static str {
        "openapi_v1"
    }

    fn internal(&self, incident: &str) -> Arc<dyn Dialect> {
        Arc::new(V1Refusal {
            error: OpenapiV2Face.internal(incident),
            code: Some(FAILED),
        })
    }

    fn transport(&self, transport: Transport) -> Arc<dyn Dialect> {
        let code = match transport {
            Transport::TimedOut => FAILED,
            _ => BAD_REQUEST,
        };
        Arc::new(V1Refusal {
            error: OpenapiV2Face.transport(transport),
            code: Some(code),
        })
    }
}

/// A refusal in the ancestor's codes.
struct V1Refusal {
    error: Arc<dyn Dialect>,
    /// `None`: the one that the error's own stands for.
    code: Option<u16>,
}

/// What is read of a refusal.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    code: u16,
    error_code: Option<u32>,
    message: String,
    message_detail: String,
}

#[derive(Serialize)]
struct Answer<T> {
    code: u16,
    message: String,
    data: Option<T>,
}

impl Dialect for V1Refusal {
    fn code(&self) -> &'static str {
        self.error.code()
    }

    fn render(&self, locale: Locale, base_url: &str) -> Reply {
        let body = self.error.render(locale, base_url).body;
        let said: Said = serde_json::from_slice(&body).unwrap_or_default();
        said.reply(self.code)
    }
}

impl Said {
    /// The same in the ancestor's words. `code`: which of its codes; `None`: the one that the refusal's own stands for.
    fn reply(self, code: Option<u16>) -> Reply {
        let code = code.unwrap_or(match (self.error_code, self.code) {
            (Some(100_301 | 100_325), _) => BAD_PARAMETERS,
            (_, 401 | 403) => FORBIDDEN,
            (Some(_), 400 | 404) => NOT_VERIFIED,
            (None, 400..=499) => BAD_REQUEST,
            _ => FAILED,
        });
        // The other codes are no HTTP status: whoever reads them reads the body.
        let status = StatusCode::from_u16(code).unwrap_or(StatusCode::OK);
        let message = match (&*self.message, &*self.message_detail) {
            (message, "") => message.to_owned(),
            (message, detail) => format!("{message}: {detail}"),
        };
        let data = None::<()>;
        Reply::new(
            status,
            &Answer {
                code,
                message,
                data,
            },
        )
    }
}

/// The body of a refusal as the ancestor answers it, with its HTTP status.
pub(super) fn in_its_codes(body: Value) -> (u16, Value) {
    let said: Said = serde_json::from_value(body).unwrap_or_default();
    let reply = said.reply(None);
    let body = serde_json::from_slice(&reply.body).unwrap_or_default();
    (reply.status.as_u16(), body)
}

/// The refusal in the ancestor's codes.
fn translate(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Coded(error) => V1Refusal { error, code: None }.into(),
        other => other,
    }
}

/// What is read of a verification.
#[derive(Deserialize)]
struct Verified {
    owner_record_number: String,
    record_id: i64,
    org_id: i64,
    record_add_time: String,
    certificate_status: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VerifiedBody {
    owner_record_number: String,
    record_id: i64,
    org_id: i64,
    record_add_time: String,
    certificate_status: String,
}

async fn verification(State(gateway): State<Gateway>, request: Request) -> Result<Reply, Refusal> {
    let data = verify(&gateway, request).await.map_err(translate)?;
    let verified: Verified = serde_json::from_str(data.get()).map_err(Refusal::internal)?;
    // Without the offset, which its documentation does not have.
    let (time, _) = verified.record_add_time.split_once('(').unwrap_or_default();
    let data = VerifiedBody {
        owner_record_number: verified.owner_record_number,
        record_id: verified.record_id,
        org_id: verified.org_id,
        record_add_time: time.to_owned(),
        certificate_status: verified.certificate_status,
    };
    Ok(Reply::ok(&Answer {
        code: SUCCEEDED,
        message: "ok".into(),
        data: Some(data),
    }))
}

/// Has the module carry out `record/verifyCertificate`.
async fn verify(gateway: &Gateway, request: Request) -> Result<Data, Refusal> {
    let (parts, body) = request.into_parts();
    let holder = match gateway.authenticate(&parts.headers).await {
        Ok(holder) if holder.key.rights.0.contains(&Right::Write) => Ok(holder),
        Ok(_) => Err(OpenapiV2Error::Forbidden {
            right: catalogue::openapi_v2::MissingRight::Write,
        }
        .into()),
        Err(refusal) => Err(refusal),
    };
    let holder = match holder {
        Ok(holder) => holder,
        Err(refusal) => {
            body::discard(body).await;
            return Err(refusal);
        }
    };
    let body = body::read(body, LARGEST_BODY).await?;
    let params = Params::of_body(&body).map_err(|error| match error {
        crate::Error::Refused(error) => V1Refusal {
            error: Arc::new(error),
            code: Some(BAD_REQUEST),
        }
        .into(),
        failed => Refusal::from(failed),
    })?;
    let method = method("record/verifyCertificate");
    let method = method.ok_or_else(|| Refusal::internal("there is no verification"))?;
    let call = Call {
        method,
        holder,
        body: renamed(params)?.into(),
        context: gateway::context(&parts)?,
        headers: parts.headers,
    };
    gateway.call(call).await.outcome
}

/// The parameters under their present names.
fn renamed(mut params: Params) -> crate::Result<String> {
    let certificate_code = params.required_text("certificateCode", LONGEST_CODE);
    let action_type = params.required_text("actionType", 64);
    let mut status = |name| {
        if action_type == SET {
            Some(params.required_text(name, LONGEST_STATUS))
        } else {
            params.text(name, LONGEST_STATUS)
        }
    };
    let to = status("toCertificateStatus");
    let from = status("fromCertificateStatus");
    let tpl_id = params.integer("recordTplId", 0, LARGEST_ID);
    let code_id = params.integer("recordCodeId", 0, LARGEST_ID);
    params.finish()?;
    let renamed = json!({
        "certificate_code": certificate_code,
        "action_type": action_type,
        "to_certificate_status": to,
        "from_certificate_status": from,
        "tpl_id": tpl_id,
        "code_id": code_id,
    });
    Ok(renamed.to_string())
}
