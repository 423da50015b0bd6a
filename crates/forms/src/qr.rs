//! QR images of public addresses: `/f/qr/{org}/{coding}.svg` and `.png`.

use crate::repo::{Code, Record};
use crate::{Error, Forms, Result};
use axum::Router;
use axum::extract::{RawPathParams, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use qrcode::{Color, EcLevel, QrCode};
use std::fmt::Write as _;
use store::params;

/// Light modules on each side, as the standard has it.
const QUIET_ZONE: usize = 4;
/// Pixels of a module's side in a PNG.
const SCALE: usize = 8;
/// What is drawn does not change; that there is something to draw may.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// The modules of a QR code of error correction level M.
#[derive(Clone, Debug)]
pub struct Qr {
    width: usize,
    modules: Vec<Color>,
}

impl Qr {
    /// The code of a text; one of more than 2331 bytes is refused.
    pub fn of(text: &str) -> Result<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M)
            .map_err(|error| Error::Failed(format!("no QR code of {text}: {error}")))?;
        Ok(Self {
            width: code.width(),
            modules: code.to_colors(),
        })
    }

    /// Modules on a side, with the quiet zone.
    fn side(&self) -> usize {
        self.width + 2 * QUIET_ZONE
    }

    fn rows(&self) -> impl Iterator<Item = &[Color]> {
        self.modules.chunks(self.width)
    }

    /// As an SVG whose unit is one module.
    pub fn svg(&self) -> String {
        let side = self.side();
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\""
        );
        for (y, row) in self.rows().enumerate() {
            let mut x = 0;
            for run in row.chunk_by(|left, right| left == right) {
                if run.first() == Some(&Color::Dark) {
                    let (left, top, length) = (x + QUIET_ZONE, y + QUIET_ZONE, run.len());
                    let _ = write!(svg, "M{left} {top}h{length}v1h-{length}z");
                }
                x += run.len();
            }
        }
        svg.push_str("\"/></svg>");
        svg
    }

    /// As a PNG of one bit per pixel, eight pixels a module.
    pub fn png(&self) -> Result<Vec<u8>> {
        let side = self.side();
        // Eight pixels of one bit: a module is one byte wide.
        let light = vec![0xff; side];
        let mut pixels = light.repeat(QUIET_ZONE * SCALE);
        for row in self.rows() {
            let mut line = light.clone();
            let modules = line.iter_mut().skip(QUIET_ZONE);
            for (byte, module) in modules.zip(row) {
                *byte = module.select(0x00, 0xff);
            }
            pixels.extend(line.repeat(SCALE));
        }
        pixels.extend(light.repeat(QUIET_ZONE * SCALE));
        let failed = |error: png::EncodingError| Error::Failed(error.to_string());
        let pixels_wide = u32::try_from(side * SCALE).unwrap_or(u32::MAX);
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, pixels_wide, pixels_wide);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        let mut writer = encoder.write_header().map_err(failed)?;
        writer.write_image_data(&pixels).map_err(failed)?;
        writer.finish().map_err(failed)?;
        Ok(file)
    }
}

impl Forms {
    /// What the QR image of a code, record or certificate says; `None`: there is no such thing.
    pub async fn qr_text(&self, org_code: &str, coding: &str) -> Result<Option<String>> {
        let Some(scope) = self.public_scope(org_code).await? else {
            return Ok(None);
        };
        if coding.starts_with('v') {
            return match self
                .certificate(&scope, Some(coding.to_owned()), None)
                .await
            {
                Ok(shown) => Ok(Some(shown.qr_text)),
                Err(Error::Refused(_)) => Ok(None),
                Err(error) => Err(error),
            };
        }
        let (org_id, wanted) = (scope.org_id, coding.to_owned());
        let is_there = self.read(move |tx| {
            let by_coding = params![&wanted];
            let owner = match wanted.chars().next() {
                Some('q') => Code::first(tx, Code::BY_CODING, by_coding)?.map(|code| code.org_id),
                Some('r') => {
                    Record::first(tx, Record::BY_CODING, by_coding)?.map(|record| record.org_id)
                }
                _ => None,
            };
            Ok(owner == Some(org_id))
        });
        Ok(is_there.await?.then(|| self.public_url(org_code, coding)))
    }
}

/// The images' routes. For everybody: who knows an address may have its image.
pub fn routes(forms: Forms) -> Router {
    Router::new()
        .route("/f/qr/{org}/{file}", get(image))
        .with_state(forms)
}

async fn image(State(forms): State<Forms>, path: RawPathParams) -> Response {
    let part = |name| path.iter().find(|(key, _)| *key == name);
    let (Some((_, org_code)), Some((_, file))) = (part("org"), part("file")) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match draw(&forms, org_code, file).await {
        Ok(Some((content_type, image))) => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
                (header::CACHE_CONTROL, CACHE),
            ];
            (headers, image).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(%error, "a QR image could not be drawn");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn draw(
    forms: &Forms,
    org_code: &str,
    file: &str,
) -> Result<Option<(&'static str, Vec<u8>)>> {
    let Some((coding, format)) = file.split_once('.') else {
        return Ok(None);
    };
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !matches!(format, "svg" | "png") || !is_plain(org_code) || !is_plain(coding) {
        return Ok(None);
    }
    let Some(text) = forms.qr_text(org_code, coding).await? else {
        return Ok(None);
    };
    let qr = Qr::of(&text)?;
    Ok(Some(match format {
        "svg" => ("image/svg+xml", qr.svg().into_bytes()),
        _ => ("image/png", qr.png()?),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a scanner reads in a PNG.
    fn scan(file: &[u8]) -> String {
        let decoder = png::Decoder::new(std::io::Cursor::new(file));
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(frame.bit_depth, png::BitDepth::One);
        let (width, height) = (frame.width as usize, frame.height as usize);
        let light = |x: usize, y: usize| pixels[y * frame.line_size + x / 8] >> (7 - x % 8) & 1;
        let mut image =
            rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| light(x, y) * 255);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        let (meta, text) = grids[0].decode().unwrap();
        assert_eq!(meta.ecc_level, 0, "M is 0 in the format bits");
        text
    }

    #[test]
    fn the_svg_has_the_same_modules_as_the_png() {
        let qr = Qr::of("https://forms.example/oEuE2E/qB4k8Tn").unwrap();
        let svg = qr.svg();
        let drawn = svg.rsplit("d=\"").next().unwrap();
        let drawn = drawn.strip_suffix("\"/></svg>").unwrap();
        let mut modules = vec![vec![false; qr.side()]; qr.side()];
        for run in drawn.split('M').skip(1) {
            let numbers: Vec<usize> = run
                .split(|c: char| !c.is_ascii_digit())
                .filter_map(|number| number.parse().ok())
                .collect();
            let [x, y, length, 1, back] = numbers[..] else {
                panic!("{run}");
            };
            assert_eq!(length, back);
            modules[y][x..x + length].fill(true);
        }
        for (y, row) in modules.iter().enumerate() {
            for (x, dark) in row.iter().enumerate() {
                let inside =
                    |place: usize| place.checked_sub(QUIET_ZONE).filter(|at| *at < qr.width);
                let expected = match (inside(x), inside(y)) {
                    (Some(x), Some(y)) => qr.modules[y * qr.width + x] == Color::Dark,
                    _ => false,
                };
                assert_eq!(*dark, expected, "{x} {y}");
            }
        }
    }

    #[test]
    fn texts_that_do_not_fit_are_refused() {
        assert!(Qr::of(&"x".repeat(2331)).is_ok());
        assert!(Qr::of(&"x".repeat(2332)).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn scanners_read_what_was_written(text in "https://[a-z]{1,20}\\.example/o[0-9A-Za-z]{8}/[qrv][0-9A-Za-z]{7,60}") {
            prop_assert_eq!(scan(&Qr::of(&text).unwrap().png().unwrap()), text);
        }
    }
}
