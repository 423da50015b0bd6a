// The server as programs see it: calls without an SDK, merchants to make them with, and a buyer's hand.

import assert from "node:assert/strict";

function fromRunner(name) {
  const value = process.env[name];
  if (!value) throw new Error("start the suites with `node run.mjs`");
  return value;
}

export const SERVER = fromRunner("COMPAT_SERVER");
export const SHOP = fromRunner("COMPAT_SHOP");
/** The merchant whose secret key the shop's site has. */
export const DEMO = JSON.parse(fromRunner("COMPAT_DEMO"));
/** What the demo has on the order platform. */
export const PLATFORM = JSON.parse(fromRunner("COMPAT_PLATFORM"));

export const CARDS = {
  good: "4147631000000001",
  poor: "4147631000000151",
  challenged: "4147631000000303",
};

export const KEYS = {
  pk: (merchant) => ({ "x-recur-publishable-key": merchant.publishableKey }),
  sk: (merchant) => ({ authorization: `Bearer ${merchant.secretKey}` }),
  none: () => ({}),
};

const JSON_TYPE = /^application\/json\b/;

/** One request. `body` is sent as JSON. @returns {Promise<{status: number, headers: Headers, body: any, text: string}>} */
export async function call(method, path, { headers = {}, body } = {}) {
  const response = await fetch(new URL(path, SERVER), {
    method,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
    redirect: "manual",
  });
  const text = await response.text();
  const isJson = JSON_TYPE.test(response.headers.get("content-type") ?? "");
  return { status: response.status, headers: response.headers, body: isJson && text ? JSON.parse(text) : undefined, text };
}

async function sandbox(path, body) {
  const answer = await call("POST", `/sandbox/${path}`, { body });
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

/** Has the server make what the fixtures say; their variables. */
export const given = (...fixtures) => sandbox("given", { given: fixtures });

export const advance = (minutes) => sandbox("advance", { minutes });

export const setShopEnabled = (enabled) => sandbox("gateway", { shop_enabled: enabled });

/** A merchant with keys, products and one customer of its own. */
export async function merchant(fixture = "a merchant") {
  const made = await given(fixture);
  return {
    secretKey: made.secret_key,
    publishableKey: made.publishable_key,
    products: Object.fromEntries(
      ["monthly", "yearly", "one_time", "trial", "credits"].map((name) => [name, made[`product.${name}`]]),
    ),
    customer: { id: made["customer.id"], email: made["customer.email"], externalId: "user_1" },
    subscriptionId: made["subscription.id"],
  };
}

/** What the card form does when a buyer types a card and submits. @returns the sealed result */
export async function bindCard(token, number) {
  const post = async (path, fields) => {
    const response = await fetch(new URL(`/simulators/payuni/sdk/${path}`, SERVER), {
      method: "POST",
      headers: { origin: SHOP },
      body: new URLSearchParams(fields),
    });
    const body = await response.json();
    assert.equal(response.status, 200, `${path}: ${JSON.stringify(body)}`);
    return body;
  };
  const { MerID, EncryptInfo, HashInfo } = await post("session", { token });
  return post("bind", { MerID, EncryptInfo, HashInfo, CardNo: number, CardExp: "1299", CardCvc: "123" });
}

/** What a buyer does on the 3-D page, and what the page then has the browser send back. */
export async function answerChallenge(url, answer) {
  const page = await fetch(url, { method: "POST", body: new URLSearchParams({ answer }) });
  const html = await page.text();
  const action = unescaped(/<form[^>]*action="([^"]+)"/.exec(html)?.[1] ?? "");
  assert.ok(action, html);
  const fields = [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
  return fetch(action, {
    method: "POST",
    body: new URLSearchParams(fields.map(([, name, value]) => [name, unescaped(value)])),
    redirect: "manual",
  });
}

const unescaped = (html) =>
  html.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code)).replaceAll("&quot;", '"').replaceAll("&amp;", "&");

let buyers = 0;
/** Somebody who has never bought. */
export function buyer() {
  buyers += 1;
  return { customerName: `Buyer ${buyers}`, customerEmail: `buyer${buyers}.${process.pid}@example.com` };
}

/** Begins a checkout as the browser SDKs do. */
export async function begin(merchant, product, more = buyer()) {
  const answer = await call("POST", "/v1/checkouts", {
    headers: { ...KEYS.pk(merchant), origin: SHOP },
    body: { productId: merchant.products[product], ...more },
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

export const pay = (merchant, begun, { sdkType, body = {} } = {}) =>
  call("POST", `/v1/checkouts/${begun.checkout.id}/pay`, {
    headers: { ...KEYS.pk(merchant), ...(sdkType ? { "x-recur-sdk-type": sdkType } : {}) },
    body,
  });

/** Somebody buys. */
export async function buy(merchant, product, who) {
  const begun = await begin(merchant, product, who);
  await bindCard(begun.sdk_token, CARDS.good);
  const answer = await pay(merchant, begun);
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

/** Skips the test while the server does not have the operation. */
export async function needs(t, method, path, merchant) {
  const answer = await call(method, path, {
    headers: KEYS.sk(merchant),
    body: method === "GET" ? undefined : {},
  });
  const isMissing = answer.status === 404 && answer.body?.error?.message === "There is no such endpoint";
  if (isMissing) t.skip(`not yet: ${method} ${path}`);
  return !isMissing;
}

/** Skips the test while the server does not have the page. */
export async function needsPage(t, url) {
  const response = await fetch(url, { redirect: "manual" });
  await response.arrayBuffer();
  if (response.status === 404) t.skip(`not yet: ${new URL(url).pathname}`);
  return response.status !== 404;
}

/** A code that takes `amount` off, made through the API. */
export async function promotionCode(merchant, code, coupon = {}) {
  const headers = KEYS.sk(merchant);
  const made = await call("POST", "/v1/coupons", {
    headers,
    body: { name: "New year", discount_type: "FIXED_AMOUNT", discount_amount: 50, duration: "ONCE", ...coupon },
  });
  assert.equal(made.status, 201, made.text);
  const couponId = made.body.id ?? made.body.data?.id;
  const promotion = await call("POST", "/v1/promotion-codes", { headers, body: { coupon_id: couponId, code } });
  assert.equal(promotion.status, 201, promotion.text);
  return promotion.body;
}

const TYPES = ["authentication_error", "invalid_request_error", "api_error"];
const opened = new Map();

/** Every refusal: the documented envelope, and the texts that the SDKs look for beside it. */
export async function assertRefused(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.ok(answer.body, `a refusal is JSON: ${answer.text}`);
  const { error, message, details } = answer.body;
  assert.equal(error.code, code);
  assert.ok(error.message);
  assert.ok(TYPES.includes(error.type), `type ${error.type}`);
  assert.equal(message, error.message);
  assert.equal(typeof details, "string");
  assert.ok(details);
  if (error.details !== undefined) {
    assert.ok(Array.isArray(error.details));
    for (const detail of error.details) assert.equal(typeof detail, "object");
  }
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  if (!opened.has(error.doc_url)) opened.set(error.doc_url, (await fetch(error.doc_url)).status);
  assert.equal(opened.get(error.doc_url), 200, error.doc_url);
  assert.equal(new URL(error.doc_url).port, new URL(SERVER).port, error.doc_url);
}

export const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
