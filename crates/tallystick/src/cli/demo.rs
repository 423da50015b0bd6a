use super::{open_database, print, start_log};
use crate::app::{App, Parts, SandboxOptions};
use crate::config::{Config, Flags, ServeFlags};
use crate::{seed, serve, traffic};
use anyhow::Result;
use kernel::{Clock, Credits, ManualClock, Rng, SystemClock};
use serde_json::json;
use simulators::Delivery;
use std::sync::Arc;
use std::time::Duration;

/// Pays for a few hundred orders of 100 units.
const CREDIT: Credits = Credits::new(50_000);

#[derive(clap::Args)]
pub struct Demo {
    #[command(flatten)]
    serve: ServeFlags,
    /// Print one line of JSON with addresses, keys and ids instead of a guide
    #[arg(long)]
    json: bool,
    /// No live traffic, and simulators whose time stands still (POST /sandbox/advance moves it)
    #[arg(long)]
    still: bool,
}

impl Demo {
    pub async fn run(self, flags: &Flags) -> Result<()> {
        // Only the command line can make a demo use a database that lasts: a shop's own, from the
        // environment or the configuration file, is no place for it.
        let flags = Flags {
            database: Some(
                flags
                    .database
                    .clone()
                    .unwrap_or_else(|| "sqlite::memory:".into()),
            ),
            ..flags.clone()
        };
        let mut config = Config::load(&flags, &self.serve, "sqlite::memory:")?;
        start_log(flags.log.as_deref().unwrap_or("warn"), config.log_format)?;
        // A demo is watched: orders should be seen to move.
        config.orders.follow_interval = Duration::from_secs(2);
        // Who tries things out has webhooks sent to the same machine.
        config.webhooks.reach = webhooks::Reach::AllowPrivate;
        config.forms_webhooks.reach = webhooks::Reach::AllowPrivate;
        let stop = serve::stop_signal();
        let listener = serve::listen(config.listen).await?;
        let address = listener.local_addr()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let still = self.still.then(|| Arc::new(ManualClock::at(clock.now())));
        let parts = Parts {
            db: open_database(&config).await?,
            clock: Arc::clone(&clock),
            simulator_clock: match &still {
                Some(still) => Arc::clone(still) as Arc<dyn Clock>,
                None => Arc::clone(&clock),
            },
            rng: Arc::new(Rng::from_system()),
        };
        let rng = Arc::clone(&parts.rng);
        let mut options = SandboxOptions {
            still,
            ..SandboxOptions::default()
        };
        options.supplier.delivery = Delivery {
            start_after: Duration::from_secs(3),
            per_1000: Duration::from_secs(60),
            post_every: Duration::from_secs(20),
        };
        let app = App::build(parts, &config, address, Some(options)).await?;
        let person = seed::people::account(&app.orders, "demo").await?;
        let (organization, key) = seed::people::organization(&app.orders, &person, "Demo").await?;
        app.orders.grant_credit(organization, CREDIT).await?;
        let platform = Platform {
            key: key.expose(),
            person: &person,
            // By the name that the gateway sends browsers back to, under which they have the cookie.
            top_up: format!("{}/my/{organization}/top-up", app.orders.public_url()),
        };
        let base_url = format!("http://{address}");
        let server = tokio::spawn({
            let (app, config) = (app.clone(), config.clone());
            async move { serve::run(app, listener, &config, stop).await }
        });
        let merchant = seed::recur::merchant(&app.recur, "Demo").await?;
        let organization_of_forms = seed::forms::organization(&app.forms, "Demo").await?;
        let tickets = seed::tickets::tickets(&app, &organization_of_forms, &merchant).await?;
        if self.json {
            let products: serde_json::Map<String, serde_json::Value> = seed::products()
                .into_iter()
                .map(|(name, id)| (name.to_owned(), json!(id)))
                .collect();
            let line = json!({
                "base_url": base_url,
                "platform": {
                    "private_key": platform.key,
                    "organization_id": organization,
                    "account": {"email": person.email, "password": person.password.expose()},
                    "top_up_url": platform.top_up,
                    "products": products,
                },
                "recur": recur(&merchant),
                "openapi_v2": openapi_v2(&organization_of_forms),
                "tickets": {
                    "order_product": tickets.order_product,
                    "recur_product": tickets.recur_product,
                    "tpl_id": tickets.place.tpl_id,
                    "code_id": tickets.place.code_id,
                },
            });
            print(&line.to_string())?;
        } else {
            print(&guide(
                &base_url,
                &platform,
                &merchant,
                &organization_of_forms,
                &config.database.to_string(),
            ))?;
        }
        if !self.still {
            tokio::spawn(traffic::run(app.orders.clone(), rng, base_url));
        }
        server.await?
    }
}

/// Who is who on the order platform.
struct Platform<'a> {
    key: &'a str,
    person: &'a seed::people::Person,
    top_up: String,
}

fn recur(merchant: &seed::recur::Merchant) -> serde_json::Value {
    let products: serde_json::Map<String, serde_json::Value> = merchant
        .products
        .iter()
        .map(|(name, id)| ((*name).to_owned(), json!(id)))
        .collect();
    json!({
        "secret_key": merchant.secret_key.expose(),
        "publishable_key": merchant.publishable_key.expose(),
        "products": products,
        "customer": {"id": merchant.customer_id, "email": merchant.email},
        "subscription_id": merchant.subscription_id,
    })
}

fn openapi_v2(made: &seed::forms::Organization) -> serde_json::Value {
    json!({
        "api_key": made.api_key.expose(),
        "read_only_key": made.read_only_key.expose(),
        "org_id": made.org_id,
        "org_code": made.org_code,
        "code_id": made.code_id,
        "qrcode": made.qrcode,
        "tpl_id": made.tpl_id,
        "fields": ids(&made.fields),
        "options": ids(&made.options),
        "record_id": made.record_id,
        "certificate_code": made.certificate_code,
        "authorization_code": made.authorization_code,
    })
}

fn ids(named: &[(&'static str, i64)]) -> serde_json::Value {
    let named = named
        .iter()
        .map(|(name, id)| ((*name).to_owned(), json!(id)));
    serde_json::Value::Object(named.collect())
}

fn guide(
    base_url: &str,
    platform: &Platform<'_>,
    merchant: &seed::recur::Merchant,
    forms: &seed::forms::Organization,
    database: &str,
) -> String {
    let (api_key, certificate) = (forms.api_key.expose(), &forms.certificate_code);
    let (org_code, qrcode) = (&forms.org_code, &forms.qrcode);
    let (secret, customer) = (merchant.secret_key.expose(), merchant.customer_id);
    let publishable = merchant.publishable_key.expose();
    let product = seed::DEFAULT;
    let (key, top_up) = (platform.key, &platform.top_up);
    let (email, password) = (&platform.person.email, platform.person.password.expose());
    let program = std::env::args().next();
    let program = program.as_deref().unwrap_or("tallystick");
    format!(
        r#"
Tallystick demo                                             Ctrl-C stops it
  server         {base_url}
  error codes    {base_url}/docs/errors
  OpenAPI        {base_url}/openapi/platform.json, {base_url}/openapi/recur.json, {base_url}/openapi/openapi_v2.json
  private key    {key}
  secret key     {secret}
  publishable    {publishable}
  API key        {api_key}
  database       {database}

1. Place an order: 100 units for 120 credits.

curl -sS {base_url}/platform/order/ch2/default -H 'x-api-key: {key}' \
  -H 'content-type: application/json' \
  -d '{{"product_id": "{product}", "link": "https://example.com/p/1", "quantity": 100}}'

2. Watch it being delivered, and what is left of the credit.

curl -sS {base_url}/platform/order -H 'x-api-key: {key}'
curl -sS {base_url}/platform/organization/credit/balance -H 'x-api-key: {key}'

3. Meet an error: more than the credit pays for. ({program} explain credit_not_enough)

curl -sS {base_url}/platform/order/ch2/default -H 'x-api-key: {key}' \
  -H 'content-type: application/json' \
  -d '{{"product_id": "{product}", "link": "https://example.com/p/1", "quantity": 90000}}'

4. Sell a subscription: open the url of the answer, type any address, pay with card 4147-6310-0000-0001.

curl -sS {base_url}/v1/checkout/sessions -H 'authorization: Bearer {secret}' \
  -H 'content-type: application/json' \
  -d '{{"product_slug": "pro-monthly", "success_url": "{base_url}/docs/errors"}}'

5. What a customer may use, and a month later. (Pay first: what is not paid expires on this clock.)

curl -sS '{base_url}/v1/customers/entitlements?customer_id={customer}' -H 'authorization: Bearer {secret}'
curl -sS {base_url}/v1/test_clock/advance -H 'authorization: Bearer {secret}' \
  -H 'content-type: application/json' -d '{{"by": "32d"}}'

6. Verify a certificate, which works once. A form to get one by: {base_url}/{org_code}/{qrcode}

curl -sS {base_url}/api/v2/rpc/record/verifyCertificate -H 'authorization: Bearer {api_key}' \
  -H 'content-type: application/json' \
  -d '{{"certificate_code": "{certificate}", "action_type": "set_next_certificate_status", "operator": {{"name": "Mei Lin", "phone": "13800138000"}}}}'

7. Buy a ticket that is a certificate: open this address and pay as in 4. The page that says thank you leads to
   the ticket; verify it as in 6, and it is used.

{base_url}/buy/museum-ticket?key={publishable}

8. Buy credit: open this address, sign in as {email} with the password
   {password}, pay as in 4, and see the balance rise.

{top_up}

Every error code on purpose:

{program} trigger --all --url {base_url}
"#
    )
}
