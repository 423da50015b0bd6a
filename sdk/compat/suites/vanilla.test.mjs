// recur-tw/vanilla: the script for pages without a framework.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CARDS, DEMO, SERVER, SHOP, buyer, call, KEYS, merchant, needs, needsPage, promotionCode } from "../lib/api.mjs";
import { answerPopup, event, events, listen, type, typeCard, visit } from "../lib/browser.mjs";

const PAGE = "/pages/vanilla.html";
const SUCCESS = `${SHOP}/pages/done.html?session={CHECKOUT_SESSION_ID}`;
const CANCEL = `${SHOP}/pages/back.html`;
const FORM = "recur-payment-form";
const SUBMIT = "button.recur-submit-button";
const VANILLA = {
  "content-type": "application/json",
  "x-recur-sdk-type": "vanilla",
  "x-recur-sdk-version": "0.11.0",
  "x-recur-source": SHOP,
};

/** Calls a method of RecurCheckout in the page. */
const ask = (page, shop, method, ...args) =>
  page.evaluate(
    ({ config, method, args }) =>
      RecurCheckout.init(config)[method](...args).catch((error) => ({
        thrown: error instanceof Error ? { message: error.message } : error,
      })),
    { config: { publishableKey: shop.publishableKey, baseUrl: SERVER }, method, args },
  );

/** Opens a checkout in the page, with callbacks that record. */
const open = (page, shop, method, options) =>
  page.evaluate(
    ({ config, method, options }) => {
      const callbacks = ["onSuccess", "onPaymentComplete", "onError", "onClose"].map((name) => [name, record(name)]);
      RecurCheckout.init(config)[method]({ ...options, ...Object.fromEntries(callbacks) }).catch(() => {});
    },
    { config: { publishableKey: shop.publishableKey, baseUrl: SERVER }, method, options },
  );

test("fetchProducts and fetchPlans", async (t) => {
  const shop = await merchant();
  const page = await visit(t, PAGE);
  const requests = listen(page);
  const { products } = await ask(page, shop, "fetchProducts");
  assert.equal(products.length, 5);
  const monthly = products.find(({ slug }) => slug === "pro-monthly");
  assert.equal(monthly.id, shop.products.monthly);
  assert.equal(monthly.billingPeriod, "MONTHLY");
  assert.equal(monthly.price, 299);
  assert.equal(monthly.trialDays, null);
  assert.equal(monthly.productFamily, "pro");

  const { plans } = await ask(page, shop, "fetchPlans");
  assert.deepEqual(plans.map(({ slug }) => slug).sort(), ["pro-monthly", "pro-yearly", "studio"]);
  assert.deepEqual(requests.map(({ line, search }) => line + search), [
    "GET /v1/products", "GET /v1/products?type=SUBSCRIPTION",
  ]);
  for (const { headers } of requests) {
    for (const [name, value] of Object.entries(VANILLA)) assert.equal(headers[name], value);
  }
});

test("fetchProducts with nobody's key says so", async (t) => {
  const page = await visit(t, PAGE);
  const { thrown } = await ask(page, { publishableKey: "pk_test_nobody" }, "fetchProducts");
  assert.equal(thrown.message, "Invalid API key");
  assert.equal(thrown.details.error.code, "unauthorized");
});

test("createSubscription of the core", async (t) => {
  const shop = await merchant();
  const page = await visit(t, PAGE);
  const create = (order) =>
    page.evaluate(
      ({ config, order }) => RecurCheckout.init(config).core.createSubscription(order).catch((thrown) => ({ thrown })),
      { config: { publishableKey: shop.publishableKey, baseUrl: SERVER }, order },
    );
  const begun = await create({ productId: shop.products.monthly, ...buyer() });
  assert.equal(begun.checkout.productId, shop.products.monthly);
  assert.ok(begun.sdkToken);
  const refused = await create({ productSlug: "pro-monthly", customerName: "Mei", customerEmail: shop.customer.email });
  assert.equal(refused.thrown.message, "Customer already has an active subscription to this product");
  assert.equal(refused.thrown.details.error.code, "conflict");
});

test("createCheckoutSession", async (t) => {
  const shop = await merchant();
  const page = await visit(t, PAGE);
  const session = await ask(page, shop, "createCheckoutSession", {
    productSlug: "handbook", successUrl: SUCCESS, cancelUrl: CANCEL, externalCustomerId: "u-9", ...buyer(),
  });
  assert.match(session.id, /^cs_/);
  assert.ok(session.url.endsWith(session.id));
  assert.ok(Date.parse(session.expiresAt) > Date.now());
  assert.ok(session.clientSecret);

  const { thrown } = await ask(page, shop, "createCheckoutSession", {
    productId: shop.products.monthly, successUrl: SUCCESS, cancelUrl: CANCEL, customerEmail: shop.customer.email,
  });
  assert.equal(thrown.message, "Customer already has an active subscription to this product");
});

test("redirectToCheckout and checkout({mode: 'redirect'}) lead to the hosted page", async (t) => {
  const shop = await merchant();
  for (const [method, more] of [["redirectToCheckout", {}], ["checkout", { mode: "redirect" }]]) {
    const page = await visit(t, PAGE);
    const order = { productId: shop.products.one_time, successUrl: SUCCESS, cancelUrl: CANCEL, ...buyer(), ...more };
    await open(page, shop, method, order);
    await page.waitForURL((url) => /\/checkout\/cs_\w+$/.test(url.pathname));
    assert.equal(new URL(page.url()).origin, SERVER);
  }
});

for (const [mode, options] of [["modal", {}], ["iframe", { mode: "iframe", container: "container" }]]) {
  test(`checkout in a ${mode}: paid`, async (t) => {
    const shop = await merchant();
    const page = await visit(t, PAGE);
    const requests = listen(page);
    const who = buyer();
    await open(page, shop, "checkout", { productId: shop.products.monthly, ...who, ...options });
    await typeCard(page, CARDS.good);
    await page.locator(SUBMIT).click();
    const complete = await event(page, "onPaymentComplete");
    assert.match(complete.id, /^sub_/);
    assert.equal(complete.status, "ACTIVE");
    assert.equal(complete.productId, shop.products.monthly);
    assert.equal(complete.amount, 299);
    assert.equal(complete.billingPeriod, "MONTHLY");
    assert.ok(Date.parse(complete.currentPeriodEnd) > Date.parse(complete.currentPeriodStart));
    if (mode === "modal") await page.locator("#recur-dialog").waitFor({ state: "detached" });

    const begun = await event(page, "onSuccess");
    assert.deepEqual(requests.map(({ line }) => line), [
      "POST /v1/checkouts", `POST /v1/checkouts/${begun.checkout.id}/pay`,
    ]);
    assert.deepEqual(requests[1].body, { creditToken: begun.creditToken, timestamp: begun.sdkTimestamp });
    const status = await ask(page, shop, "getCheckoutStatus", begun.checkout.id, begun.checkout.clientSecret);
    assert.equal(status.id, begun.checkout.id);
    assert.equal(status.status, "SUCCEEDED");
    assert.equal(status.amount, 299);
    assert.equal(status.currency, "TWD");
    assert.equal(status.lastCharge.status, "SUCCEEDED");
  });
}

test("what is bought once is paid with an empty body", async (t) => {
  const shop = await merchant();
  const page = await visit(t, PAGE);
  const requests = listen(page);
  await open(page, shop, "checkout", { productSlug: "handbook", ...buyer() });
  await typeCard(page, CARDS.good);
  await page.locator(SUBMIT).click();
  const complete = await event(page, "onPaymentComplete");
  assert.match(complete.id, /^ch_/);
  assert.equal(complete.status, "SUCCEEDED");
  assert.equal(complete.billingPeriod, "ONE_TIME");
  assert.deepEqual(requests.at(-1).body, {});
});

test("the form shows what is bought", async (t) => {
  const shop = await merchant();
  const page = await visit(t, PAGE);
  const who = buyer();
  await open(page, shop, "checkout", { productId: shop.products.monthly, ...who });
  await typeCard(page, CARDS.good);
  const text = await page.locator(FORM).innerText();
  assert.match(text, /Pro \/ 每月/);
  assert.match(text, /NT\$ 299/);
  assert.ok(text.includes(who.customerEmail));
});

test("a declined card is no success", async (t) => {
  const shop = await merchant();
  const page = await visit(t, PAGE);
  await open(page, shop, "checkout", { productId: shop.products.monthly, ...buyer() });
  await typeCard(page, CARDS.poor);
  await page.locator(SUBMIT).click();
  const error = await event(page, "onError");
  assert.equal(error.code, "PAYMENT_FAILED");
  assert.ok(!(await events(page)).includes("onPaymentComplete"));

  await t.test("known fault: the reason is not readable", () => assert.equal(error.message, "[object Object]"));
  await t.test("another card in the same form pays", async () => {
    await typeCard(page, CARDS.good);
    await page.locator(SUBMIT).click();
    assert.match((await event(page, "onPaymentComplete")).id, /^sub_/);
  });
});

test("refusals before the form are readable", async (t) => {
  const shop = await merchant();
  const page = await visit(t, PAGE);
  const asked = [
    [{ productId: shop.products.monthly, customerEmail: shop.customer.email }, /already has an active subscription/],
    [{ productId: "prod_nothing" }, /Product not found or inactive/],
    [{ productId: shop.products.monthly, customerEmail: "nobody" }, /./],
  ];
  for (const [order, message] of asked) {
    await page.evaluate(() => (window.events = []));
    await open(page, shop, "checkout", order);
    const error = await event(page, "onError");
    assert.equal(error.code, "CHECKOUT_ERROR");
    assert.match(error.message, message);
    assert.notEqual(error.message, "[object Object]");
  }
});

test("3-D Secure", async (t) => {
  const shop = await merchant();
  async function challenged(t, product) {
    const page = await visit(t, PAGE);
    await open(page, shop, "checkout", { productId: shop.products[product], ...buyer() });
    await typeCard(page, CARDS.challenged);
    return page;
  }
  for (const product of ["monthly", "one_time"]) {
    await t.test(`approved: ${product}`, async (t) => {
      const page = await challenged(t, product);
      const popup = await answerPopup(page, () => page.locator(SUBMIT).click(), "approve");
      const complete = await event(page, "onPaymentComplete");
      assert.equal(complete.status, "SUCCEEDED");
      // The SDK has no subscription here: what it gives as the id is the order's.
      assert.match(complete.id, /^ord_/);
      if (!popup.isClosed()) await popup.waitForEvent("close");
    });
  }
  await t.test("refused", async (t) => {
    const page = await challenged(t, "monthly");
    const popup = await answerPopup(page, () => page.locator(SUBMIT).click(), "refuse");
    // Either the last page closes itself, or the buyer closes it.
    if (!popup.isClosed()) await popup.close();
    const error = await event(page, "onError");
    assert.equal(error.code, "PAYMENT_FAILED");
    assert.equal(error.message, "3D 驗證已取消");
  });
  await t.test("the popup closed without an answer", async (t) => {
    const page = await challenged(t, "monthly");
    // A popup that closes before the SDK has begun to ask counts as blocked, and the page itself is redirected.
    const asked = page.waitForRequest(/\/status\?/);
    const [popup] = await Promise.all([page.waitForEvent("popup"), page.locator(SUBMIT).click()]);
    await popup.locator("button[value=approve]").waitFor();
    await asked;
    await popup.close();
    assert.equal((await event(page, "onError")).message, "3D 驗證已取消");
  });
});

test("a phone is redirected, and comes back", async (t) => {
  const shop = await merchant();
  for (const [answer, address] of [["approve", "/pages/done.html"], ["refuse", "/pages/back.html"]]) {
    const page = await visit(t, PAGE);
    // What the SDK takes for a phone.
    await page.addInitScript(() => {
      Object.defineProperty(navigator, "userAgent", { value: `${navigator.userAgent} iPhone Mobile Safari` });
    });
    await page.reload();
    await open(page, shop, "checkout", {
      productId: shop.products.one_time, successUrl: `${SHOP}/pages/done.html`, cancelUrl: CANCEL, ...buyer(),
    });
    await typeCard(page, CARDS.challenged);
    await page.locator(SUBMIT).click();
    await page.waitForURL(/\/3d\//);
    await page.locator(`button[value="${answer}"]`).click();
    await page.waitForURL((url) => url.pathname === address);
  }
});

test("coupon box", async (t) => {
  const shop = await merchant();
  const page = await visit(t, PAGE);
  const requests = listen(page);
  await open(page, shop, "checkout", { productId: shop.products.monthly, ...buyer() });
  await page.locator(".recur-coupon__trigger").click();
  const apply = async (code) => {
    await type([page.locator(".recur-coupon__input"), code]);
    await page.locator(".recur-coupon__btn--apply").click();
  };
  await t.test("a code that does not exist", async () => {
    await apply("NOTHING");
    const error = page.locator(".recur-coupon__error");
    await error.waitFor();
    assert.match(await error.innerText(), /Promotion code 'NOTHING' is not valid/);
    const { headers } = requests.at(-1);
    assert.equal(headers["x-recur-publishable-key"], undefined);
    assert.equal(headers.authorization, undefined);
  });
  await t.test("a code, removed, entered again, and paid with", async (t) => {
    if (!(await needs(t, "POST", "/v1/coupons", shop))) return;
    await promotionCode(shop, "SAVE50");
    await apply("save50");
    await page.locator(".recur-coupon__applied-amount").waitFor();
    const total = page.locator(".recur-order-summary__total");
    assert.match(await page.locator(".recur-coupon__applied-amount").innerText(), /-NT\$ 50/);
    assert.match(await page.locator(".recur-coupon__applied-name").innerText(), /New year/);
    assert.match(await page.locator(".recur-coupon__description").innerText(), /首期折扣，之後 NT\$ 299\/月/);
    assert.equal(await total.innerText(), "NT$ 249");

    await page.locator(".recur-coupon__remove").click();
    await page.locator(".recur-coupon__applied-amount").waitFor({ state: "detached" });
    assert.equal(await total.innerText(), "NT$ 299");

    if (await page.locator(".recur-coupon__trigger").isVisible()) await page.locator(".recur-coupon__trigger").click();
    await apply("SAVE50");
    await page.locator(".recur-coupon__applied-amount").waitFor();
    await typeCard(page, CARDS.good);
    await page.locator(SUBMIT).click();
    const complete = await event(page, "onPaymentComplete");
    const listed = await call("GET", `/v1/subscriptions/${complete.id}`, { headers: KEYS.sk(shop) });
    assert.equal(listed.body.coupon.promotion_code, "SAVE50");
    const begun = await event(page, "onSuccess");
    const status = await ask(page, shop, "getCheckoutStatus", begun.checkout.id, begun.checkout.clientSecret);
    assert.equal(status.amount, 249);
    assert.equal(status.lastCharge.amount, 249);

    await t.test("known fault: the amount reported is the one before the discount", () =>
      assert.equal(complete.amount, 299));
  });
});

test("createEmbeddedCheckout", async (t) => {
  const shop = await merchant();
  const embed = async (page, order) => {
    await open(page, shop, "createEmbeddedCheckout", { container: "#container", ...order });
  };
  await t.test("paid", async (t) => {
    const page = await visit(t, PAGE);
    const requests = listen(page);
    const who = buyer();
    await embed(page, { productId: shop.products.monthly, ...who });
    await typeCard(page, CARDS.good);
    await page.locator("#recur-submit-btn").click();
    const success = await event(page, "onSuccess");
    assert.match(success.subscription.id, /^sub_/);
    assert.equal(success.subscription.status, "active");
    assert.equal(success.subscription.amount, 299);
    assert.equal(success.subscription.billingPeriod, "MONTHLY");
    assert.equal(success.subscriber.email, who.customerEmail);
    await page.locator("recur-success-message").waitFor();
    // The sealed result of the card form is what it sends; the server knows its own.
    const { creditToken, timestamp } = requests.at(-1).body;
    assert.match(creditToken, /^[0-9a-f]{64,}$/);
    assert.ok(timestamp);
  });
  await t.test("what is bought once", async (t) => {
    const page = await visit(t, PAGE);
    await embed(page, { productId: shop.products.one_time, ...buyer() });
    await typeCard(page, CARDS.good);
    await page.locator("#recur-submit-btn").click();
    assert.match((await event(page, "onSuccess")).subscription.id, /^ch_/);
  });
  await t.test("declined", async (t) => {
    const page = await visit(t, PAGE);
    await embed(page, { productId: shop.products.monthly, ...buyer() });
    await typeCard(page, CARDS.poor);
    await page.locator("#recur-submit-btn").click();
    const error = await event(page, "onError");
    assert.ok(!(await events(page)).includes("onSuccess"));
    await t.test("known fault: the reason is not readable", () => assert.equal(error.message, "[object Object]"));
  });
  await t.test("known fault: 3-D Secure is taken for success", async (t) => {
    const page = await visit(t, PAGE);
    await embed(page, { productId: shop.products.monthly, ...buyer() });
    await typeCard(page, CARDS.challenged);
    await page.locator("#recur-submit-btn").click();
    const success = await event(page, "onSuccess");
    assert.equal(success.subscription.id, "");
    assert.equal(success.subscription.status, "active");
  });
});

test("known fault: what the buyer types for name and address is not sent", async (t) => {
  const shop = await merchant();
  const page = await visit(t, PAGE);
  const requests = listen(page);
  const who = buyer();
  await open(page, shop, "checkout", { productId: shop.products.one_time });
  const [email, name] = ["input[type=email]", 'input[type=text][id$="-name"]'].map((field) => page.locator(`${FORM} ${field}`));
  await typeCard(page, CARDS.good, [email, who.customerEmail], [name, who.customerName]);
  await page.locator(SUBMIT).click();
  // The server can still sell what needs no customer, or say why not; the address never reached it.
  await page.waitForFunction(() => window.events.some(({ name }) => name !== "onSuccess"));
  for (const { body } of requests) assert.ok(!JSON.stringify(body ?? {}).includes(who.customerEmail));
});

test("createPortalSession and redirectToPortal, through the shop's own route", async (t) => {
  if (!(await needs(t, "POST", "/v1/portal/sessions", { secretKey: DEMO.secret_key }))) return;
  const shop = { publishableKey: DEMO.publishable_key };
  const page = await visit(t, PAGE);
  const wanted = { customerId: DEMO.customer.id, returnUrl: `${SHOP}/pages/back.html` };
  const session = await ask(page, shop, "createPortalSession", "/api/portal", wanted);
  assert.ok(session.id);
  assert.ok(Date.parse(session.expiresAt) > Date.now());
  const { thrown } = await ask(page, shop, "createPortalSession", "/api/portal", { ...wanted, customerId: "cus_nobody" });
  assert.equal(thrown.message, "Customer not found");

  await t.test("the portal opens", async (t) => {
    if (!(await needsPage(t, session.url))) return;
    await page.evaluate(({ config, wanted }) => void RecurCheckout.init(config).redirectToPortal("/api/portal", wanted), {
      config: shop,
      wanted,
    });
    await page.waitForURL(/\/s\/ps_/);
    assert.match(await page.locator("body").innerText(), /299/);
  });
});

test("<recur-checkout>", async (t) => {
  const shop = await merchant();
  async function button(t, attributes) {
    const page = await visit(t, PAGE);
    await page.evaluate((attributes) => {
      const button = document.createElement("recur-checkout");
      for (const [name, value] of Object.entries(attributes)) button.setAttribute(name, value);
      for (const name of ["checkout-started", "checkout-error"]) {
        button.addEventListener(name, ({ detail }) => {
          window.events.push({ name, detail });
          sessionStorage.setItem(name, JSON.stringify(detail));
        });
      }
      document.getElementById("container").append(button);
    }, attributes);
    await page.locator("recur-checkout button").click();
    return page;
  }
  const attributes = {
    "publishable-key": shop.publishableKey,
    "product-id": shop.products.monthly,
    "success-url": "/pages/done.html",
    "cancel-url": "/pages/back.html",
    "api-base-url": SERVER,
  };
  await t.test("leads to the hosted page", async (t) => {
    const page = await button(t, { ...attributes, mode: "SUBSCRIPTION", "customer-email": buyer().customerEmail });
    await page.waitForURL(/\/checkout\/cs_/);
    const id = new URL(page.url()).pathname.split("/").at(-1);
    const { body } = await call("GET", `/v1/checkout/sessions/${id}`, { headers: KEYS.sk(shop) });
    assert.equal(body.success_url, `${SHOP}/pages/done.html`);
    assert.equal(body.cancel_url, `${SHOP}/pages/back.html`);
    assert.equal(body.mode, "SUBSCRIPTION");
  });
  await t.test("says why not", async (t) => {
    const page = await button(t, { ...attributes, "customer-email": shop.customer.email });
    const { message } = await event(page, "checkout-error");
    assert.equal(message, "Customer already has an active subscription to this product");
  });
});

test("<recur-portal>", async (t) => {
  if (!(await needs(t, "POST", "/v1/portal/sessions", { secretKey: DEMO.secret_key }))) return;
  async function button(t, attributes) {
    const page = await visit(t, PAGE);
    await page.evaluate((attributes) => {
      const button = document.createElement("recur-portal");
      for (const [name, value] of Object.entries(attributes)) button.setAttribute(name, value);
      button.addEventListener("portal-error", ({ detail }) => record("portal-error")(detail));
      document.getElementById("container").append(button);
    }, attributes);
    await page.locator("recur-portal button").click();
    return page;
  }
  await t.test("through the shop's own route", async (t) => {
    const page = await button(t, {
      "api-endpoint": "/api/portal", "customer-id": DEMO.customer.id, "return-url": `${SHOP}/pages/back.html`,
    });
    await page.waitForURL((url) => url.origin === SERVER && /\/s\/ps_/.test(url.pathname));
  });
  await t.test("says why not", async (t) => {
    const page = await button(t, { "api-endpoint": "/api/portal", "customer-id": "cus_nobody", "return-url": SHOP });
    assert.equal((await event(page, "portal-error")).message, "Customer not found");
  });
});

test("RecurElements", async (t) => {
  if (!(await needsPage(t, `${SERVER}/embed/elements?key=${DEMO.publishable_key}`))) return;
  const shop = await merchant();
  async function mounted(t) {
    const page = await visit(t, PAGE);
    await page.evaluate(
      ({ publishableKey, baseUrl }) => {
        window.elements = createElements({ publishableKey, baseUrl, embedUrl: `${baseUrl}/embed` });
        for (const name of ["ready", "change", "tokenized", "error"]) elements.on(name, record(name));
        return elements.mount("#container");
      },
      { publishableKey: shop.publishableKey, baseUrl: SERVER },
    );
    return page;
  }
  const confirm = (page, order) => page.evaluate((order) => elements.confirmPayment(order), order);
  await t.test("ready, typed, tokenized, confirmed", async (t) => {
    const page = await mounted(t);
    const ready = await event(page, "ready");
    assert.ok(ready.sessionId);
    assert.ok(ready.sdkToken);
    assert.ok(ready.timestamp);
    await typeCard(page.frameLocator("#container iframe"), CARDS.good);
    await page.waitForFunction(() => window.events.some(({ name, detail }) => name === "change" && detail.valid === true));
    const token = await page.evaluate(() => elements.tokenize());
    assert.ok(token.cardToken);
    const { customerEmail, customerName } = buyer();
    const answer = await confirm(page, { productId: shop.products.monthly, email: customerEmail, name: customerName });
    assert.equal(answer.status, "succeeded");
    assert.match(answer.subscription.id, /^sub_/);
  });
  await t.test("declined", async (t) => {
    const page = await mounted(t);
    await typeCard(page.frameLocator("#container iframe"), CARDS.poor);
    await page.evaluate(() => elements.tokenize());
    const { customerEmail, customerName } = buyer();
    const answer = await confirm(page, { productId: shop.products.monthly, email: customerEmail, name: customerName });
    assert.equal(answer.status, "failed");
    assert.equal(typeof answer.canRetry, "boolean");
    await t.test("known fault: the message is the whole error", () => assert.equal(answer.message.code, "payment_required"));
  });
  await t.test("3-D Secure", async (t) => {
    const page = await mounted(t);
    await typeCard(page.frameLocator("#container iframe"), CARDS.challenged);
    await page.evaluate(() => elements.tokenize());
    const { customerEmail, customerName } = buyer();
    const answer = await confirm(page, {
      productId: shop.products.one_time, email: customerEmail, name: customerName,
      successUrl: `${SHOP}/pages/done.html`, cancelUrl: CANCEL,
    });
    assert.equal(answer.status, "requires_action");
    await page.goto(answer.redirectUrl);
    await page.locator("button[value=approve]").click();
    await page.waitForURL((url) => url.pathname === "/pages/done.html");
  });
});

test("known faults of recur-tw 0.11.0", async (t) => {
  await t.test("without baseUrl a page on localhost asks the public service", async (t) => {
    const page = await visit(t, PAGE);
    const baseUrl = await page.evaluate(() => RecurCheckout.init({ publishableKey: "pk_test_x" }).getBaseUrl());
    assert.equal(baseUrl, "https://api.recur.tw");
  });
  await t.test("refusals of getCheckoutStatus are not readable", async (t) => {
    const page = await visit(t, PAGE);
    const { thrown } = await ask(page, await merchant(), "getCheckoutStatus", "chk_x", "pi_secret_x");
    assert.equal(thrown.message, "[object Object]");
  });
});
