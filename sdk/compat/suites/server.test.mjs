// recur-tw/server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Recur, RecurAPIError } from "recur-tw/server";
import { DEMO, INSTANT, SERVER, buy, buyer, given, merchant, needs } from "../lib/api.mjs";

const shop = await merchant();
const client = (secretKey) => new Recur(secretKey, { baseUrl: SERVER });
const recur = client(shop.secretKey);
const RETURN_URL = "https://shop.example/account";

const refusal = (status, code, type, message) => (error) => {
  assert.ok(error instanceof RecurAPIError, String(error));
  assert.equal(error.name, "RecurAPIError");
  assert.equal(error.statusCode, status);
  assert.equal(error.code, code);
  assert.equal(error.type, type);
  assert.match(error.message, message);
  return true;
};

test("portal.sessions.create", async (t) => {
  if (!(await needs(t, "POST", "/v1/portal/sessions", shop))) return;

  await t.test("gives every field", async () => {
    const before = Date.now();
    const session = await recur.portal.sessions.create({
      customer: shop.customer.id,
      returnUrl: RETURN_URL,
      locale: "en",
    });
    assert.deepEqual(Object.keys(session).sort(), [
      "accessedAt", "createdAt", "customer", "expiresAt", "id", "object", "returnUrl", "status", "url",
    ]);
    assert.ok(session.id);
    assert.equal(session.object, "portal.session");
    assert.match(new URL(session.url).pathname, /\/s\/ps_\w+$/);
    assert.equal(session.customer, shop.customer.id);
    assert.equal(session.returnUrl, RETURN_URL);
    assert.equal(session.status, "active");
    assert.equal(session.accessedAt, null);
    assert.match(session.createdAt, INSTANT);
    assert.match(session.expiresAt, INSTANT);
    const life = Date.parse(session.expiresAt) - Date.parse(session.createdAt);
    assert.equal(life, 3_600_000);
    assert.ok(Math.abs(Date.parse(session.createdAt) - before) < 60_000);
  });

  await t.test("finds the customer by external id and by email", async () => {
    for (const who of [{ externalId: shop.customer.externalId }, { email: shop.customer.email }]) {
      const session = await recur.portal.sessions.create({ ...who, returnUrl: RETURN_URL });
      assert.equal(session.customer, shop.customer.id);
    }
  });

  await t.test("prefers the id, then the external id", async () => {
    const other = buyer();
    await buy(shop, "credits", { ...other, externalCustomerId: "user_2" });
    const byId = await recur.portal.sessions.create({
      customer: shop.customer.id,
      externalId: "user_2",
      email: other.customerEmail,
      returnUrl: RETURN_URL,
    });
    assert.equal(byId.customer, shop.customer.id);
    const byExternalId = await recur.portal.sessions.create({
      externalId: shop.customer.externalId,
      email: other.customerEmail,
      returnUrl: RETURN_URL,
    });
    assert.equal(byExternalId.customer, shop.customer.id);
  });

  await t.test("two sessions are two addresses", async () => {
    const create = () => recur.portal.sessions.create({ customer: shop.customer.id, returnUrl: RETURN_URL });
    const [one, two] = await Promise.all([create(), create()]);
    assert.notEqual(one.id, two.id);
    assert.notEqual(one.url, two.url);
  });

  const create = (params) => recur.portal.sessions.create(params);
  await t.test("404 for a customer that does not exist", () =>
    assert.rejects(
      create({ email: "nobody@example.com", returnUrl: RETURN_URL }),
      refusal(404, "not_found", "invalid_request_error", /Customer not found/),
    ));
  await t.test("404 for the customer of another merchant", () =>
    assert.rejects(
      create({ customer: DEMO.customer.id, returnUrl: RETURN_URL }),
      refusal(404, "not_found", "invalid_request_error", /Customer not found/),
    ));
  await t.test("404 for a configuration that does not exist", () =>
    assert.rejects(
      create({ customer: shop.customer.id, returnUrl: RETURN_URL, configuration: "bpc_1" }),
      refusal(404, "not_found", "invalid_request_error", /configuration/i),
    ));
  await t.test("400 without a return URL", () =>
    assert.rejects(
      create({ customer: shop.customer.id }),
      refusal(400, "bad_request", "invalid_request_error", /returnUrl|return_url/),
    ));
  await t.test("422 for a return URL that is none", () =>
    assert.rejects(
      create({ customer: shop.customer.id, returnUrl: "account" }),
      refusal(422, "validation_error", "invalid_request_error", /./),
    ));
  await t.test("422 for a language that is none", () =>
    assert.rejects(
      create({ customer: shop.customer.id, returnUrl: RETURN_URL, locale: "tlh" }),
      refusal(422, "validation_error", "invalid_request_error", /./),
    ));
});

test("entitlements.check", async (t) => {
  const { customer } = shop;
  for (const [how, who] of [
    ["email", { email: customer.email }],
    ["external id", { externalId: customer.externalId }],
    ["id", { id: customer.id }],
    ["all three", { id: customer.id, externalId: customer.externalId, email: customer.email }],
  ]) {
    await t.test(`by ${how}`, async () => {
      for (const product of ["pro-monthly", shop.products.monthly]) {
        const { allowed, subscription } = await recur.entitlements.check({ product, customer: who });
        assert.equal(allowed, true);
        assert.equal(subscription.id, shop.subscriptionId);
        assert.equal(subscription.status, "ACTIVE");
        assert.deepEqual(subscription.product, { id: shop.products.monthly, slug: "pro-monthly", name: "Pro" });
        assert.match(subscription.currentPeriodEnd, INSTANT);
      }
    });
  }

  await t.test("refuses another product, and one that does not exist", async () => {
    for (const product of ["pro-yearly", shop.products.trial, "no-such-product"]) {
      assert.deepEqual(await recur.entitlements.check({ product, customer: { id: customer.id } }), { allowed: false });
    }
  });

  await t.test("refuses somebody unknown", async () => {
    for (const who of [{ email: "nobody@example.com" }, { externalId: "nobody" }, { id: "cus_nobody" }]) {
      assert.deepEqual(await recur.entitlements.check({ product: "pro-monthly", customer: who }), { allowed: false });
    }
  });

  await t.test("the id counts more than the rest", async () => {
    const who = { id: customer.id, externalId: "nobody", email: "nobody@example.com" };
    assert.equal((await recur.entitlements.check({ product: "pro-monthly", customer: who })).allowed, true);
  });
});

test("entitlements.list", async (t) => {
  await t.test("what is subscribed to and what was bought", async () => {
    const who = buyer();
    await buy(shop, "one_time", who);
    await buy(shop, "trial", who);
    const { entitlements } = await recur.entitlements.list({ customer: { email: who.customerEmail } });
    const byProduct = Object.fromEntries(entitlements.map((entitlement) => [entitlement.product, entitlement]));
    assert.deepEqual(Object.keys(byProduct).sort(), ["handbook", "studio"]);
    assert.equal(byProduct.studio.status, "trialing");
    assert.equal(byProduct.studio.productId, shop.products.trial);
    assert.match(byProduct.studio.subscriptionId, /^sub_/);
    assert.deepEqual(byProduct.handbook, {
      product: "handbook",
      productId: shop.products.one_time,
      status: "purchased",
      subscriptionId: undefined,
    });
  });

  await t.test("nothing for somebody unknown", async () => {
    assert.deepEqual(await recur.entitlements.list({ customer: { id: "cus_nobody" } }), { entitlements: [] });
  });
});

test("every refusal arrives as RecurAPIError", async (t) => {
  const list = (key) => client(key).entitlements.list({ customer: { email: "mei@example.com" } });
  await t.test("401: nobody's key", () =>
    assert.rejects(list("sk_test_nobody"), refusal(401, "unauthorized", "authentication_error", /Invalid API key/)));
  await t.test("401: a key of the other environment", () =>
    assert.rejects(
      list(shop.secretKey.replace("sk_test_", "sk_live_")),
      refusal(401, "unauthorized", "authentication_error", /API key/),
    ));
  await t.test("401: a revoked key", async () => {
    const { secret_key } = await given("a revoked secret key");
    await assert.rejects(list(secret_key), refusal(401, "unauthorized", "authentication_error", /revoked/));
  });
  await t.test("403: a publishable key", async (t) => {
    if (!(await needs(t, "POST", "/v1/portal/sessions", shop))) return;
    // The constructor takes no other key; a caller in plain JavaScript can still change it.
    const disguised = client(shop.secretKey);
    disguised.config.secretKey = shop.publishableKey;
    await assert.rejects(
      disguised.portal.sessions.create({ customer: shop.customer.id, returnUrl: RETURN_URL }),
      refusal(403, "forbidden", "authentication_error", /secret key/),
    );
  });
  await t.test("429: too many requests", async () => {
    const { secret_key } = await given("a merchant who used up the requests of this minute");
    await assert.rejects(list(secret_key), refusal(429, "rate_limit_exceeded", "invalid_request_error", /Too many/));
  });
  await t.test("500: a fault of the server", async () => {
    const { secret_key } = await given("a merchant whose data is damaged");
    await assert.rejects(list(secret_key), refusal(500, "internal_server_error", "api_error", /./));
  });
});

test("refusals the SDK makes itself send no request", async () => {
  const nowhere = new Recur("sk_test_x", { baseUrl: "http://localhost:1" });
  const local = (code) => refusal(400, code, "invalid_request_error", /required/);
  await assert.rejects(nowhere.portal.sessions.create({}), local("missing_customer_identifier"));
  await assert.rejects(nowhere.entitlements.check({ product: "a", customer: {} }), local("missing_customer_identifier"));
  await assert.rejects(nowhere.entitlements.check({ customer: { id: "a" } }), local("missing_product"));
  await assert.rejects(nowhere.entitlements.list({ customer: {} }), local("missing_customer_identifier"));
});

test("known faults of recur-tw 0.11.0", async (t) => {
  await t.test("the constructor does not take the documented object", () => {
    assert.throws(() => new Recur({ secretKey: shop.secretKey }), /startsWith is not a function/);
  });
  await t.test("documented members are missing", () => {
    assert.equal(recur.checkoutSessions, undefined);
    assert.equal(recur.paymentLinks, undefined);
    assert.equal(recur.webhooks, undefined);
  });
  await t.test("the details of a refusal are dropped", async () => {
    const error = await client("sk_test_nobody").entitlements.list({ customer: { id: "a" } }).catch((error) => error);
    assert.equal(error.details, undefined);
    assert.equal(error.docUrl, undefined);
  });
  await t.test("check() gives the latest subscription, whatever product was asked for", async () => {
    const who = buyer();
    await buy(shop, "trial", who);
    await buy(shop, "one_time", who);
    const answer = await recur.entitlements.check({ product: "handbook", customer: { email: who.customerEmail } });
    assert.equal(answer.allowed, true);
    assert.equal(answer.subscription.product.slug, "studio");
  });
});
