// What the SDKs rely on, and other clients too, asked for without an SDK.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CARDS, INSTANT, KEYS, SHOP, answerChallenge, assertRefused, begin, buy, buyer, call, given, merchant, needs, pay,
  promotionCode, bindCard,
} from "../lib/api.mjs";

/** Tests with a merchant of their own: no key may be used more often than a hundred times a minute. */
const group = (name, run) => test(name, async (t) => run(t, await merchant()));
const { pk, sk, none } = KEYS;
const keys = (object) => Object.keys(object).sort();

const CHECKOUT_KEYS = [
  "amount", "checkout_number", "client_secret", "currency", "current_attempts", "expires_at", "id", "max_attempts",
  "product_id", "product_type", "status",
];
const PRODUCT_KEYS = ["description", "id", "interval", "name", "price"];
const SUBSCRIPTION_KEYS = [
  "amount", "canceled_at", "coupon", "coupon_remaining_cycles", "current_period_end", "current_period_start",
  "discount_amount", "id", "interval", "interval_count", "next_billing_date", "object", "product_id", "product_name",
  "product_slug", "started_at", "status",
];
const HOSTED = { successUrl: "https://shop.example/ok?s={CHECKOUT_SESSION_ID}", cancelUrl: "https://shop.example/no" };

function assertHas(object, names) {
  for (const name of names) assert.ok(Object.hasOwn(object, name), `${name} is missing in ${JSON.stringify(object)}`);
}

// What a browser may ask for: [method, path, the keys the operation takes].
const BROWSER_ROUTES = [
  ["POST", "/v1/checkout/sessions", "pk"],
  ["POST", "/v1/checkouts", "pk"],
  ["GET", "/v1/checkouts/x", "pk"],
  ["GET", "/v1/checkouts/x/status", "pk"],
  ["POST", "/v1/checkouts/x/pay", "pk"],
  ["POST", "/v1/checkouts/x/coupon", "none"],
  ["DELETE", "/v1/checkouts/x/coupon", "none"],
  ["POST", "/v1/checkouts/x/refresh-token", "pk"],
  ["GET", "/v1/products", "pk"],
  ["GET", "/v1/customers/entitlements", "pk"],
  ["POST", "/v1/subscriptions", "pk"],
  ["POST", "/v1/promotion-codes/validate", "pk"],
  ["POST", "/api/v1/elements/confirm", "pk"],
];

group("CORS", async (t, shop) => {
  const asked = [
    "content-type", "authorization", "x-recur-publishable-key", "x-recur-sdk-type", "x-recur-sdk-version",
    "x-recur-source", "x-recur-embed-domain",
  ];
  for (const prefix of ["", "/api"]) {
    for (const [method, path] of BROWSER_ROUTES) {
      if (prefix && path.startsWith("/api")) continue;
      await t.test(`preflight of ${method} ${prefix}${path} needs no key`, async () => {
        const answer = await call("OPTIONS", prefix + path, {
          headers: {
            origin: SHOP,
            "access-control-request-method": method,
            "access-control-request-headers": asked.join(","),
          },
        });
        assert.ok(answer.status === 200 || answer.status === 204, String(answer.status));
        assert.equal(answer.headers.get("access-control-allow-origin"), "*");
        const list = (name) => answer.headers.get(name).toLowerCase().split(/\s*,\s*/);
        assert.ok(list("access-control-allow-methods").includes(method.toLowerCase()));
        for (const header of asked) assert.ok(list("access-control-allow-headers").includes(header), header);
      });
    }
  }
  for (const [method, path, key] of BROWSER_ROUTES) {
    await t.test(`a page can read how ${method} ${path} refuses`, async (t) => {
      if (!(await needs(t, method, path, shop))) return;
      const headers = { ...(key === "none" ? {} : { "x-recur-publishable-key": "pk_test_nobody" }), origin: SHOP };
      const answer = await call(method, path, { headers, body: method === "POST" ? { code: "X" } : undefined });
      assert.ok(answer.status >= 400, String(answer.status));
      assert.equal(answer.headers.get("access-control-allow-origin"), "*");
      assert.ok(answer.body);
    });
  }
});

group("keys", async (t, shop) => {
  const list = (headers) => call("GET", "/v1/subscriptions", { headers });
  await t.test("a secret key, either way", async () => {
    assert.equal((await list(sk(shop))).status, 200);
    assert.equal((await list({ "x-recur-secret-key": shop.secretKey })).status, 200);
  });
  await t.test("a publishable key, either way", async () => {
    const products = (headers) => call("GET", "/v1/products", { headers });
    assert.equal((await products(pk(shop))).status, 200);
    assert.equal((await products({ authorization: `Bearer ${shop.publishableKey}` })).status, 200);
    assert.equal((await products(sk(shop))).status, 200);
  });
  await t.test("401 without one, with nobody's, with a revoked one, with one of the other environment", async () => {
    await assertRefused(await list({}), 401, "unauthorized");
    await assertRefused(await list({ authorization: "Bearer sk_test_nobody" }), 401, "unauthorized");
    await assertRefused(await list({ authorization: `Bearer ${shop.secretKey.replace("test", "live")}` }), 401, "unauthorized");
    const { secret_key } = await given("a revoked secret key");
    await assertRefused(await list({ authorization: `Bearer ${secret_key}` }), 401, "unauthorized");
  });
  for (const [method, path] of [
    ["GET", "/v1/subscriptions"],
    ["POST", `/v1/subscriptions/${shop.subscriptionId}/switch`],
    ["GET", "/v1/customers"],
    ["POST", "/v1/portal/sessions"],
    ["POST", "/v1/payment-links"],
    ["POST", "/v1/promotion-codes"],
    ["GET", "/v1/checkout/sessions/cs_x"],
  ]) {
    await t.test(`403 for a publishable key at ${method} ${path.replace(shop.subscriptionId, "{id}")}`, async (t) => {
      if (!(await needs(t, method, path, shop))) return;
      const body = method === "POST" ? {} : undefined;
      await assertRefused(await call(method, path, { headers: pk(shop), body }), 403, "forbidden");
      await assertRefused(await call(method, path, { headers: none(), body }), 401, "unauthorized");
    });
  }
  for (const [method, path, key] of BROWSER_ROUTES.filter(([, , key]) => key === "pk")) {
    await t.test(`401 without a key at ${method} ${path}`, async (t) => {
      if (!(await needs(t, method, path, shop))) return;
      const answer = await call(method, path, { body: method === "POST" ? {} : undefined });
      assert.equal(answer.status, 401, answer.text);
    });
  }
});

group("refusals are JSON in the documented envelope", async (t, shop) => {
  const post = (path, body, headers = pk(shop)) => call("POST", path, { headers, body });
  await t.test("a path that does not exist", async () =>
    assertRefused(await call("GET", "/v1/nothing", { headers: sk(shop) }), 404, "not_found"));
  await t.test("a method that does not exist", async () => {
    const answer = await call("PUT", "/v1/products", { headers: sk(shop) });
    assert.ok([400, 405].includes(answer.status));
    await assertRefused(answer, answer.status, "bad_request");
  });
  await t.test("a body that is no JSON", async () => {
    const response = await fetch(new URL("/v1/checkouts", process.env.COMPAT_SERVER), {
      method: "POST",
      headers: pk(shop),
      body: "{",
    });
    const answer = { status: response.status, headers: response.headers, body: await response.json() };
    await assertRefused(answer, 400, "bad_request");
  });
  await t.test("a missing field, named as the client spells", async () => {
    const camel = await post("/v1/checkouts", { customerEmail: "a@example.com" });
    await assertRefused(camel, 400, "bad_request");
    assert.match(camel.body.error.message, /productId/);
    const snake = await post("/v1/checkouts", { customer_email: "a@example.com" });
    await assertRefused(snake, 400, "bad_request");
    assert.match(snake.body.error.message, /product_id/);
  });
  await t.test("a value that is wrong, with its path", async () => {
    const answer = await post("/v1/checkouts", { productId: shop.products.monthly, customerEmail: "nobody" });
    await assertRefused(answer, 422, "validation_error");
    const [{ path, message, code }] = answer.body.error.details;
    assert.equal(path, "customerEmail");
    assert.ok(message);
    assert.ok(code);
  });
  await t.test("a product that does not exist", async () => {
    for (const wanted of [{ productId: "prod_nothing" }, { productSlug: "nothing" }]) {
      const answer = await post("/v1/checkouts", { ...wanted, ...buyer() });
      await assertRefused(answer, 404, "not_found");
      assert.equal(answer.body.error.message, "Product not found or inactive");
    }
  });
  await t.test("a fault of the server", async () => {
    const damaged = await given("a merchant whose data is damaged");
    const answer = await call("GET", "/v1/subscriptions", { headers: { "x-recur-secret-key": damaged.secret_key } });
    await assertRefused(answer, 500, "internal_server_error");
  });
});

group("both spellings, and /api/v1", async (t, shop) => {
  await t.test("a checkout", async () => {
    const { customerName, customerEmail } = buyer();
    const url = "https://shop.example/ok";
    const bodies = [
      { productId: shop.products.yearly, customerName, customerEmail, externalCustomerId: "u-c", successUrl: url, cancelUrl: url },
      { product_id: shop.products.yearly, customer_name: customerName, customer_email: customerEmail, external_customer_id: "u-s", success_url: url, cancel_url: url },
    ];
    const answers = [];
    for (const path of ["/v1/checkouts", "/api/v1/checkouts"]) {
      for (const body of bodies) {
        answers.push(await call("POST", path, { headers: { ...pk(shop), origin: SHOP }, body }));
      }
    }
    for (const answer of answers) {
      assert.equal(answer.status, 201, answer.text);
      assert.deepEqual(keys(answer.body), keys(answers[0].body));
    }
  });
  await t.test("a query", async () => {
    const { email } = shop.customer;
    for (const query of [`external_id=user_1`, `externalId=user_1`, `customer_id=${shop.customer.id}`, `customerId=${shop.customer.id}`]) {
      for (const prefix of ["", "/api"]) {
        const answer = await call("GET", `${prefix}/v1/customers/entitlements?${query}`, { headers: pk(shop) });
        assert.equal(answer.body.customer.email, email, query);
      }
    }
  });
});

group("POST /v1/checkouts", async (t, shop) => {
  await t.test("a subscription", async () => {
    const before = Math.floor(Date.now() / 1000);
    const begun = await begin(shop, "monthly");
    assert.deepEqual(keys(begun), [
      "checkout", "credit_token", "livemode", "product", "sdk_timestamp", "sdk_token", "sdk_token_expires_at",
    ]);
    assert.deepEqual(keys(begun.checkout), CHECKOUT_KEYS);
    assert.deepEqual(keys(begun.product), PRODUCT_KEYS);
    const { checkout, product } = begun;
    assert.ok(checkout.client_secret.startsWith(`pi_secret_${checkout.id}_`));
    assert.match(checkout.checkout_number, /^CHK\d+/);
    assert.equal(checkout.status, "REQUIRES_PAYMENT_METHOD");
    assert.equal(checkout.product_id, shop.products.monthly);
    assert.equal(checkout.product_type, "SUBSCRIPTION");
    assert.equal(checkout.amount, 299);
    assert.equal(checkout.currency, "TWD");
    assert.match(checkout.expires_at, INSTANT);
    assert.equal(checkout.max_attempts, 5);
    assert.equal(checkout.current_attempts, 0);
    assert.deepEqual(product, { id: shop.products.monthly, name: "Pro", price: 299, interval: "month", description: null });
    assert.match(begun.sdk_token, /^[0-9a-f]{32}$/);
    assert.match(begun.sdk_token_expires_at, INSTANT);
    assert.ok(begun.credit_token);
    assert.equal(typeof begun.credit_token, "string");
    assert.ok(Math.abs(begun.sdk_timestamp - before) < 60);
    assert.equal(begun.livemode, false);
  });
  await t.test("what is bought once has no credit token", async () => {
    for (const [name, type] of [["one_time", "ONE_TIME"], ["credits", "CREDITS"]]) {
      const begun = await begin(shop, name);
      assert.deepEqual(keys(begun), ["checkout", "livemode", "product", "sdk_token", "sdk_token_expires_at"]);
      assert.deepEqual(keys(begun.checkout), CHECKOUT_KEYS);
      assert.equal(begun.checkout.product_type, type);
      assert.equal(begun.product.interval, null);
    }
  });
  await t.test("by slug, without a buyer, with a secret key", async () => {
    const answer = await call("POST", "/v1/checkouts", { headers: sk(shop), body: { productSlug: "pro-yearly" } });
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.body.product.interval, "year");
  });
  await t.test("a second subscription is a conflict", async () => {
    const { email, externalId } = shop.customer;
    for (const [path, who] of [
      ["/v1/checkouts", { customerEmail: email }],
      ["/v1/checkouts", { externalCustomerId: externalId }],
      ["/v1/checkout/sessions", { customerEmail: email, ...HOSTED }],
      ["/v1/subscriptions", { customerEmail: email, customerName: "Mei Lin" }],
    ]) {
      const answer = await call("POST", path, { headers: pk(shop), body: { productId: shop.products.monthly, ...who } });
      await assertRefused(answer, 409, "conflict");
      assert.equal(answer.body.error.message, "Customer already has an active subscription to this product");
      assert.deepEqual(answer.body.error.details, [{ existing_subscription_id: shop.subscriptionId, status: "ACTIVE" }]);
    }
  });
  await t.test("a hosted session for an external id only is not checked", async () => {
    const body = { productId: shop.products.monthly, externalCustomerId: shop.customer.externalId, ...HOSTED };
    assert.equal((await call("POST", "/v1/checkout/sessions", { headers: pk(shop), body })).status, 201);
  });
});

group("POST /v1/checkouts/{id}/pay", async (t, shop) => {
  for (const sdkType of ["react", "vanilla", undefined]) {
    const name = sdkType ?? "no SDK";
    await t.test(`${name}: a subscription is paid`, async () => {
      const begun = await begin(shop, "monthly");
      await bindCard(begun.sdk_token, CARDS.good);
      const body = { creditToken: begun.credit_token, timestamp: begun.sdk_timestamp };
      const { status, body: paid } = await pay(shop, begun, { sdkType, body });
      assert.equal(status, 200);
      assert.equal(paid.success, true);
      assert.match(paid.subscription.id, /^sub_/);
      assert.equal(paid.subscription.status, "ACTIVE");
      assert.equal(paid.subscription.billing_period, "MONTHLY");
      assert.equal(paid.subscription.billingPeriod, "MONTHLY");
      assert.match(paid.subscription.current_period_start, INSTANT);
      assert.match(paid.subscription.current_period_end, INSTANT);
      assert.equal(paid.charge.status, "SUCCEEDED");
      assert.equal(paid.charge.amount, 299);
      assert.deepEqual(paid.payment_intent, { id: begun.checkout.id });

      const again = await pay(shop, begun, { sdkType, body });
      assert.equal(again.status, 200);
      assert.deepEqual(again.body, paid);
    });
    await t.test(`${name}: what is bought once is paid with {}`, async () => {
      const begun = await begin(shop, "one_time");
      await bindCard(begun.sdk_token, CARDS.good);
      const { status, body: paid } = await pay(shop, begun, { sdkType });
      assert.equal(status, 200);
      assert.equal(paid.success, true);
      assert.equal(paid.subscription, undefined);
      assert.equal(paid.charge.amount, 590);
      assert.equal(paid.payment_intent.id, begun.checkout.id);
    });
    await t.test(`${name}: a declined card, then another`, async () => {
      const begun = await begin(shop, "monthly");
      await bindCard(begun.sdk_token, CARDS.poor);
      const declined = await pay(shop, begun, { sdkType });
      if (sdkType === "react") {
        assert.equal(declined.status, 200);
        assert.equal(declined.body.success, false);
        assert.equal(declined.body.failure.code, "INSUFFICIENT_FUNDS");
        assert.ok(declined.body.failure.message);
        assert.equal(declined.body.failure.can_retry, false);
      } else {
        await assertRefused(declined, 402, "payment_required");
        assert.match(declined.body.error.message, /^Payment failed: /);
      }
      const state = await checkoutOf(shop, begun);
      assert.equal(state.checkout.status, "REQUIRES_PAYMENT_METHOD");
      assert.equal(state.last_charge.status, "FAILED");
      assert.equal(state.last_charge.failure_code, "INSUFFICIENT_FUNDS");
      assert.ok(state.last_charge.failure_message);

      const refreshed = await refresh(shop, begun);
      assert.notEqual(refreshed.sdk_token, begun.sdk_token);
      await bindCard(refreshed.sdk_token, CARDS.good);
      const paid = await pay(shop, begun, { sdkType });
      assert.equal(paid.status, 200, paid.text);
      assert.equal(paid.body.success, true);
      assert.equal((await checkoutOf(shop, begun)).checkout.status, "SUCCEEDED");
    });
  }

  await t.test("only so many cards may be tried", async () => {
    const begun = await begin(shop, "one_time");
    let token = begun.sdk_token;
    for (let attempt = 1; attempt <= begun.checkout.max_attempts; attempt += 1) {
      await bindCard(token, CARDS.poor);
      await assertRefused(await pay(shop, begun), 402, "payment_required");
      if (attempt < begun.checkout.max_attempts) token = (await refresh(shop, begun)).sdk_token;
    }
    const answer = await pay(shop, begun);
    assert.ok([400, 409].includes(answer.status), answer.text);
    assert.match(answer.body.error.message, /attempts/);
  });

  await t.test("without a card there is nothing to pay with", async () => {
    const begun = await begin(shop, "one_time");
    const answer = await pay(shop, begun);
    assert.ok(answer.status >= 400 && answer.status < 500, answer.text);
    await assertRefused(answer, answer.status, answer.body.error.code);
  });

  await t.test("paid at the same time, it is paid once", async () => {
    const begun = await begin(shop, "monthly");
    await bindCard(begun.sdk_token, CARDS.good);
    const [one, two] = await Promise.all([pay(shop, begun), pay(shop, begun)]);
    assert.equal(one.status, 200, one.text);
    assert.deepEqual(one.body, two.body);
  });

  await t.test("another merchant's checkout is not found", async () => {
    const begun = await begin(await merchant(), "one_time");
    await assertRefused(await pay(shop, begun), 404, "not_found");
  });
});

const secretOf = (begun) => `client_secret=${encodeURIComponent(begun.checkout.client_secret)}`;
async function checkoutOf(shop, begun) {
  const answer = await call("GET", `/v1/checkouts/${begun.checkout.id}?${secretOf(begun)}`, { headers: pk(shop) });
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}
async function statusOf(shop, begun) {
  const answer = await call("GET", `/v1/checkouts/${begun.checkout.id}/status?${secretOf(begun)}`, { headers: pk(shop) });
  assert.equal(answer.status, 200, answer.text);
  return answer.body.checkout;
}
async function refresh(shop, begun) {
  const answer = await call("POST", `/v1/checkouts/${begun.checkout.id}/refresh-token`, {
    headers: { ...pk(shop), origin: SHOP },
    body: { client_secret: begun.checkout.client_secret },
  });
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
}

group("3-D Secure", async (t, shop) => {
  async function challenged(product) {
    const begun = await begin(shop, product);
    await bindCard(begun.sdk_token, CARDS.challenged);
    const { status, body } = await pay(shop, begun, { sdkType: "react" });
    assert.equal(status, 200);
    assert.equal(body.success, true);
    assert.equal(body.requires3D, true);
    assert.equal(body.requires_3d, true);
    assert.equal(body.subscription, null);
    assert.ok(URL.canParse(body.redirect_url));
    assert.equal((await statusOf(shop, begun)).status, "REQUIRES_ACTION");
    return { begun, url: body.redirect_url };
  }
  await t.test("approved", async () => {
    const { begun, url } = await challenged("monthly");
    assert.equal((await answerChallenge(url, "approve")).status, 303);
    const { status, orderId, order_id } = await statusOf(shop, begun);
    assert.equal(status, "SUCCEEDED");
    assert.match(orderId, /^ord_/);
    assert.equal(orderId, order_id);
    const paid = await pay(shop, begun);
    assert.equal(paid.status, 200);
    assert.match(paid.body.subscription.id, /^sub_/);
  });
  await t.test("refused, and paid with another card", async () => {
    const { begun, url } = await challenged("one_time");
    assert.equal((await answerChallenge(url, "refuse")).status, 303);
    assert.equal((await statusOf(shop, begun)).status, "REQUIRES_PAYMENT_METHOD");
    const { sdk_token } = await refresh(shop, begun);
    await bindCard(sdk_token, CARDS.good);
    assert.equal((await pay(shop, begun)).status, 200);
  });
  await t.test("paid again meanwhile, the same page is named", async () => {
    const { begun, url } = await challenged("one_time");
    const again = await pay(shop, begun);
    assert.equal(again.status, 200);
    assert.equal(again.body.requires3D, true);
    assert.equal(again.body.redirect_url, url);
  });
});

group("GET /v1/checkouts/{id} and /status", async (t, shop) => {
  await t.test("before and after paying", async () => {
    const begun = await begin(shop, "one_time");
    const open = await checkoutOf(shop, begun);
    assertHas(open.checkout, ["id", "status", "amount", "currency"]);
    assert.equal(open.last_charge, null);
    assert.deepEqual(await statusOf(shop, begun), {
      id: begun.checkout.id, status: "REQUIRES_PAYMENT_METHOD", orderId: null, order_id: null,
    });
    await bindCard(begun.sdk_token, CARDS.good);
    await pay(shop, begun);
    const paid = await checkoutOf(shop, begun);
    assert.equal(paid.checkout.status, "SUCCEEDED");
    assert.equal(paid.last_charge.status, "SUCCEEDED");
    assert.equal(paid.last_charge.failure_code, null);
    assert.match((await statusOf(shop, begun)).orderId, /^ord_/);
  });
  await t.test("another secret finds nothing", async () => {
    const begun = await begin(shop, "one_time");
    for (const path of ["", "/status"]) {
      for (const query of ["", "?client_secret=pi_secret_x"]) {
        const answer = await call("GET", `/v1/checkouts/${begun.checkout.id}${path}${query}`, { headers: pk(shop) });
        await assertRefused(answer, 404, "not_found");
      }
    }
  });
});

group("coupons at a checkout", async (t, shop) => {
  const apply = (begun, code) => call("POST", `/v1/checkouts/${begun.checkout.id}/coupon`, { body: { code } });
  await t.test("a code that does not exist, without a key", async () => {
    const answer = await apply(await begin(shop, "monthly"), "NOTHING");
    await assertRefused(answer, 400, "bad_request");
    assert.match(answer.body.error.message, /^Promotion code 'NOTHING' is not valid: /);
  });
  await t.test("removing none is no failure", async () => {
    const begun = await begin(shop, "monthly");
    const answer = await call("DELETE", `/v1/checkouts/${begun.checkout.id}/coupon`);
    assert.ok(answer.status < 300, answer.text);
  });
  await t.test("a checkout that does not exist", async () => {
    const answer = await call("POST", "/v1/checkouts/chk_nothing/coupon", { body: { code: "X" } });
    await assertRefused(answer, 404, "not_found");
  });
  await t.test("a code that the merchant made", async (t) => {
    if (!(await needs(t, "POST", "/v1/coupons", shop))) return;
    if (!(await needs(t, "POST", "/v1/promotion-codes", shop))) return;
    const { success, data } = await promotionCode(shop, "SAVE50");
    assert.equal(success, true);
    assertHas(data, [
      "id", "code", "coupon_id", "active", "valid_from", "valid_until", "max_redemptions",
      "max_redemptions_per_customer", "current_redemptions", "minimum_amount", "customer_eligibility",
      "restricted_to_customer_id", "metadata", "created_at", "updated_at",
    ]);
    assert.equal(data.max_redemptions_per_customer, 1);
    assert.equal(data.customer_eligibility, "ALL");

    const begun = await begin(shop, "monthly");
    const applied = await apply(begun, "SAVE50");
    assert.equal(applied.status, 200, applied.text);
    assert.deepEqual(applied.body.discount, {
      code: "SAVE50", couponName: "New year", discountType: "FIXED_AMOUNT", discountAmount: 50, duration: "ONCE",
      durationMonths: null, bonusTrialDays: null, bonusMonths: null, productInterval: "MONTH", productIntervalCount: 1,
      productPrice: 299,
    });
    const removed = await call("DELETE", `/v1/checkouts/${begun.checkout.id}/coupon`);
    assert.ok(removed.status < 300, removed.text);
    assert.equal((await apply(begun, "SAVE50")).status, 200);
    await bindCard(begun.sdk_token, CARDS.good);
    const paid = await pay(shop, begun);
    assert.equal(paid.status, 200, paid.text);
    assert.equal(paid.body.charge.amount, 249);
  });
  await t.test("a first period at a price", async (t) => {
    if (!(await needs(t, "POST", "/v1/coupons", shop))) return;
    await promotionCode(shop, "FIRST1", { discount_type: "FIRST_PERIOD_PRICE", discount_amount: 1 });
    const { body, status, text } = await apply(await begin(shop, "monthly"), "FIRST1");
    assert.equal(status, 200, text);
    assert.equal(body.discount.discountType, "FIRST_PERIOD_PRICE");
    assert.equal(body.discount.discountAmount, 298);
  });
  await t.test("some periods at a percentage", async (t) => {
    if (!(await needs(t, "POST", "/v1/coupons", shop))) return;
    await promotionCode(shop, "THREE", {
      discount_type: "PERCENTAGE", discount_amount: 10, duration: "REPEATING", duration_months: 3,
    });
    const { body, status, text } = await apply(await begin(shop, "monthly"), "THREE");
    assert.equal(status, 200, text);
    assert.equal(body.discount.duration, "REPEATING");
    assert.equal(body.discount.durationMonths, 3);
    assert.equal(typeof body.discount.discountAmount, "number");
  });
  await t.test("validated by a publishable key", async (t) => {
    if (!(await needs(t, "POST", "/v1/promotion-codes/validate", shop))) return;
    await promotionCode(shop, "VALID1");
    const body = { code: "VALID1", product_id: shop.products.monthly };
    const answer = await call("POST", "/v1/promotion-codes/validate", { headers: pk(shop), body });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.success, true);
  });
});

group("GET /v1/products", async (t, shop) => {
  const list = async (query = "") => (await call("GET", `/v1/products${query}`, { headers: pk(shop) })).body.products;
  await t.test("all of them, on no pages", async () => {
    const products = await list();
    assert.equal(products.length, 5);
    for (const product of products) {
      assertHas(product, [
        "id", "name", "slug", "description", "type", "billing_period", "price", "currency", "trial_days", "metadata",
        "product_family", "display_order",
      ]);
      assert.match(product.id, /^prod_/);
      assert.equal(product.currency, "TWD");
    }
    const periods = Object.fromEntries(products.map(({ slug, billing_period }) => [slug, billing_period]));
    assert.equal(periods["pro-monthly"], "MONTHLY");
    assert.equal(periods["pro-yearly"], "YEARLY");
    assert.equal(periods.handbook, "ONE_TIME");
  });
  await t.test("by type", async () => {
    for (const [type, count] of [["SUBSCRIPTION", 3], ["ONE_TIME", 1], ["CREDITS", 1], ["DONATION", 0]]) {
      const products = await list(`?type=${type}`);
      assert.equal(products.length, count);
      for (const product of products) assert.equal(product.type, type);
    }
  });
  await t.test("a type that is none", async () => {
    const answer = await call("GET", "/v1/products?type=X", { headers: pk(shop) });
    await assertRefused(answer, 422, "validation_error");
  });
});

group("GET /v1/subscriptions", async (t, owner) => {
  const list = (query = "") => call("GET", `/v1/subscriptions${query}`, { headers: sk(owner) });
  await t.test("the list has both names", async () => {
    for (const query of [`?email=${owner.customer.email}`, "?external_id=user_1", `?customer_id=${owner.customer.id}`]) {
      const { body } = await list(query);
      assert.equal(body.object, "list");
      assert.equal(body.has_active_subscription, true);
      assert.deepEqual(body.data, body.subscriptions);
      assert.equal(body.has_more, false);
      assert.equal(body.next_cursor, null);
      assert.equal(body.livemode, false);
      const [subscription] = body.data;
      assertHas(subscription, SUBSCRIPTION_KEYS);
      assert.equal(subscription.object, "subscription");
      assert.equal(subscription.id, owner.subscriptionId);
      assert.equal(subscription.status, "ACTIVE");
      assert.equal(subscription.interval, "month");
      assert.equal(subscription.amount, 299);
      assert.equal(subscription.next_billing_date, subscription.current_period_end);
    }
  });
  await t.test("without a customer, each has its own", async () => {
    const [subscription] = (await list()).body.data;
    assert.deepEqual(subscription.customer, {
      id: owner.customer.id, email: owner.customer.email, name: "Mei Lin", external_id: "user_1",
    });
  });
  await t.test("somebody unknown has none", async () => {
    const { status, body } = await list("?email=nobody@example.com");
    assert.equal(status, 200);
    assert.deepEqual(body.data, []);
    assert.deepEqual(body.subscriptions, []);
    assert.equal(body.has_active_subscription, false);
  });
  await t.test("filters", async () => {
    const count = async (query) => (await list(query)).body.data.length;
    assert.equal(await count("?product_slug=pro-monthly"), 1);
    assert.equal(await count(`?product_id=${owner.products.yearly}`), 0);
    assert.equal(await count("?active=true"), 1);
    assert.equal(await count("?status=CANCELED"), 0);
    assert.equal(await count("?status=ACTIVE"), 1);
  });
  await t.test("pages", async () => {
    for (let index = 0; index < 4; index += 1) await buy(owner, "monthly", buyer());
    const seen = [];
    let after = "";
    for (;;) {
      const { body } = await list(`?limit=2${after}`);
      assert.ok(body.data.length <= 2);
      seen.push(...body.data.map(({ id }) => id));
      if (!body.has_more) {
        assert.equal(body.next_cursor, null);
        break;
      }
      assert.equal(body.next_cursor, body.data.at(-1).id);
      after = `&starting_after=${body.data.at(-1).id}`;
    }
    assert.equal(seen.length, 5);
    assert.equal(new Set(seen).size, 5);
    assert.equal((await list()).body.data.length, 5);
    await assertRefused(await list("?limit=101"), 422, "validation_error");
    await assertRefused(await list("?limit=0"), 422, "validation_error");
  });
});

group("GET /v1/customers", async (t, shop) => {
  if (!(await needs(t, "GET", "/v1/customers", shop))) return;
  const { status, body } = await call("GET", "/v1/customers?limit=1", { headers: sk(shop) });
  assert.equal(status, 200);
  assertHas(body, ["object", "data", "has_more", "next_cursor", "livemode"]);
  assert.equal(body.data.length, 1);
  assertHas(body.data[0], [
    "object", "id", "email", "name", "external_id", "email_verified", "status", "created_at", "updated_at",
    "subscriptions_count", "orders_count",
  ]);
});

group("GET /v1/customers/entitlements", async (t, shop) => {
  const get = (query) => call("GET", `/v1/customers/entitlements${query}`, { headers: pk(shop) });
  await t.test("a subscriber", async () => {
    const { body } = await get(`?customer_id=${shop.customer.id}`);
    assert.deepEqual(keys(body), ["customer", "entitlements", "subscription"]);
    assert.deepEqual(body.customer, {
      id: shop.customer.id, email: shop.customer.email, name: "Mei Lin", external_id: "user_1",
    });
    assert.deepEqual(keys(body.subscription), ["current_period_end", "id", "product", "status"]);
    assert.deepEqual(keys(body.entitlements[0]), [
      "expires_at", "granted_at", "product", "product_id", "source", "source_id", "status", "subscription_id",
    ]);
    assert.equal(body.entitlements[0].status, "active");
    assert.equal(body.entitlements[0].source, "subscription");
  });
  await t.test("a buyer of something once", async () => {
    const who = buyer();
    const { order_id } = await buy(shop, "one_time", who);
    const { body } = await get(`?email=${who.customerEmail}`);
    assert.equal(body.subscription, null);
    const [grant] = body.entitlements;
    assert.equal(grant.status, "purchased");
    assert.equal(grant.source, "order");
    assert.equal(grant.source_id, order_id);
    assert.equal(grant.expires_at, null);
  });
  await t.test("cancelled for the end of the period", async () => {
    const owner = await merchant();
    await call("POST", `/v1/subscriptions/${owner.subscriptionId}/cancel`, { headers: sk(owner), body: {} });
    const { body } = await call("GET", "/v1/customers/entitlements?external_id=user_1", { headers: pk(owner) });
    assert.equal(body.entitlements[0].status, "canceled");
  });
  await t.test("somebody unknown", async () => {
    const { status, body } = await get("?email=nobody@example.com");
    assert.equal(status, 200);
    assert.deepEqual(body, { customer: null, subscription: null, entitlements: [] });
  });
  await t.test("nobody named", async () => assertRefused(await get(""), 400, "bad_request"));
});

group("POST /v1/subscriptions", async (t, shop) => {
  const body = { productId: shop.products.yearly, ...buyer() };
  const answer = await call("POST", "/v1/subscriptions", { headers: pk(shop), body });
  assert.equal(answer.status, 201, answer.text);
  assert.deepEqual(keys(answer.body.checkout), CHECKOUT_KEYS);
});

group("POST /v1/subscriptions/{id}/switch", async (t, owner) => {
  const answer = await call("POST", `/v1/subscriptions/${owner.subscriptionId}/switch`, {
    headers: sk(owner),
    body: { target_product_id: owner.products.yearly },
  });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.success, true);
  assert.equal(answer.body.effective, "IMMEDIATE");
  assert.equal(answer.body.subscription.product_id, owner.products.yearly);
  assert.equal(answer.body.invoice.billing_reason, "SUBSCRIPTION_UPDATE");
});

group("hosted checkout sessions", async (t, shop) => {
  const create = (body, headers = pk(shop)) => call("POST", "/v1/checkout/sessions", { headers, body });
  await t.test("a session", async () => {
    const answer = await create({ productSlug: "pro-yearly", ...HOSTED, ...buyer() });
    assert.equal(answer.status, 201, answer.text);
    assert.match(answer.body.id, /^cs_/);
    assert.ok(answer.body.url.endsWith(`/${answer.body.id}`));
    assert.match(answer.body.expires_at, INSTANT);
    assert.ok(answer.body.client_secret);

    const shown = await call("GET", `/v1/checkout/sessions/${answer.body.id}`, { headers: sk(shop) });
    assert.equal(shown.status, 200);
    assert.equal(shown.body.object, "checkout.session");
    assert.equal(shown.body.status, "OPEN");
    assert.equal(shown.body.mode, "SUBSCRIPTION");
    assert.equal(shown.body.amount, 2990);
    assert.equal(shown.body.success_url, HOSTED.successUrl);
  });
  await t.test("metadata needs a secret key", async () => {
    const body = { productId: shop.products.one_time, metadata: { cart: "1" }, ...HOSTED };
    await assertRefused(await create(body), 403, "forbidden");
    const made = await create(body, sk(shop));
    assert.equal(made.status, 201);
    const shown = await call("GET", `/v1/checkout/sessions/${made.body.id}`, { headers: sk(shop) });
    assert.deepEqual(shown.body.metadata, { cart: "1" });
  });
  await t.test("a page must say where to go back to, a server need not", async () => {
    const body = { productId: shop.products.one_time, successUrl: HOSTED.successUrl };
    await assertRefused(await create(body), 400, "bad_request");
    assert.equal((await create(body, sk(shop))).status, 201);
    await assertRefused(await create({ productId: shop.products.one_time, cancelUrl: HOSTED.cancelUrl }), 400, "bad_request");
  });
  await t.test("a code that is not valid", async () => {
    const answer = await create({ productId: shop.products.one_time, promotionCode: "NOTHING", ...HOSTED });
    await assertRefused(answer, 400, "bad_request");
    assert.match(answer.body.error.message, /^Promotion code 'NOTHING' is not valid: /);
  });
  await t.test("a mode that the product does not have, and one that does not exist", async () => {
    assert.equal((await create({ productId: shop.products.one_time, mode: "SETUP", ...HOSTED })).status, 201);
    await assertRefused(await create({ productId: shop.products.one_time, mode: "X", ...HOSTED }), 422, "validation_error");
  });
});

group("POST /api/v1/elements/confirm", async (t, shop) => {
  if (!(await needs(t, "POST", "/api/v1/elements/confirm", shop))) return;
  const answer = await call("POST", "/api/v1/elements/confirm", { headers: pk(shop), body: {} });
  await assertRefused(answer, 400, "bad_request");
  assert.equal(answer.body.error.message, "Missing required fields: sessionId, productId, email");
});

group("POST /v1/payment-links", async (t, shop) => {
  if (!(await needs(t, "POST", "/v1/payment-links", shop))) return;
  const answer = await call("POST", "/v1/payment-links", {
    headers: sk(shop),
    body: { productSlug: "handbook", maxCompletions: 3, successUrl: "https://shop.example/thanks" },
  });
  assert.equal(answer.status, 201, answer.text);
  assert.match(answer.body.url_id, /^[0-9A-Za-z]{15}$/);
  assert.ok(answer.body.url.endsWith(`/${answer.body.url_id}`));
  assert.equal(answer.body.environment, "SANDBOX");
  assert.equal(answer.body.max_completions, 3);
  assert.deepEqual(keys(answer.body.product), ["currency", "id", "name", "price", "slug", "type"]);
});

group("POST /v1/portal/sessions answers in both spellings", async (t, shop) => {
  if (!(await needs(t, "POST", "/v1/portal/sessions", shop))) return;
  for (const body of [
    { customer_id: shop.customer.id, return_url: "https://shop.example/" },
    { customer: shop.customer.id, returnUrl: "https://shop.example/" },
  ]) {
    const answer = await call("POST", "/v1/portal/sessions", { headers: sk(shop), body });
    assert.ok(answer.status < 300, answer.text);
    const session = answer.body;
    for (const [snake, camel] of [
      ["return_url", "returnUrl"], ["customer_id", "customerId"], ["expires_at", "expiresAt"],
      ["accessed_at", "accessedAt"], ["created_at", "createdAt"],
    ]) {
      assertHas(session, [snake, camel]);
      assert.equal(session[snake], session[camel]);
    }
    assert.equal(session.object, "portal.session");
    assert.equal(session.status, "active");
  }
});

group("Idempotency-Key", async (t, shop) => {
  const once = (key, body) =>
    call("POST", "/v1/checkouts", { headers: { ...pk(shop), origin: SHOP, "idempotency-key": key }, body });
  await t.test("the same request is carried out once", async () => {
    const body = { productId: shop.products.one_time, ...buyer() };
    const [first, second] = [await once("key-1", body), await once("key-1", body)];
    assert.equal(first.status, 201);
    assert.equal(second.status, 201);
    assert.deepEqual(second.body, first.body);
    assert.equal(second.headers.get("idempotent-replayed"), "true");
  });
  await t.test("another request with the same key is a conflict", async () => {
    const answer = await once("key-1", { productId: shop.products.credits, ...buyer() });
    await assertRefused(answer, 409, "conflict");
  });
  await t.test("another merchant has keys of its own", async () => {
    const other = await merchant();
    const body = { productId: other.products.one_time };
    const answer = await call("POST", "/v1/checkouts", { headers: { ...pk(other), "idempotency-key": "key-1" }, body });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get("idempotent-replayed"), null);
  });
});

group("rate limit", async (t, busy) => {
  const list = () => call("GET", "/v1/products", { headers: pk(busy) });
  let refused;
  let served = 0;
  // Twice the limit, and more: a minute may end in between.
  while (!refused && served <= 201) {
    const answer = await list();
    if (answer.status === 429) refused = answer;
    else served += 1;
  }
  await t.test("a hundred requests a minute", async () => {
    assert.ok(refused, `${served} requests were served`);
    assert.ok(served >= 100, `${served} requests were served`);
    await assertRefused(refused, 429, "rate_limit_exceeded");
    const seconds = Number(refused.headers.get("retry-after"));
    assert.ok(seconds >= 1 && seconds <= 60, `Retry-After: ${seconds}`);
  });
  await t.test("preflights are not counted", async () => {
    assert.ok((await call("OPTIONS", "/v1/products", { headers: { origin: SHOP } })).status < 300);
  });
  await t.test("other keys are not concerned", async () => {
    assert.equal((await call("GET", "/v1/products", { headers: sk(busy) })).status, 200);
  });
});
