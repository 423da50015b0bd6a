// recur-tw: the React package.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CARDS, KEYS, SERVER, SHOP, buy, buyer, call, merchant, needs, promotionCode } from "../lib/api.mjs";
import { answerPopup, event, events, listen, type, typeCard, typeEarly, visit } from "../lib/browser.mjs";

const SUBMIT = "button.recur-submit-button";
const HEADERS = {
  "x-recur-sdk-type": "react",
  "x-recur-sdk-version": "0.11.0",
};

/** The shop's page. `config` is added to what every shop needs. */
function shopPage(t, shop, { config, ...rest } = {}) {
  const query = new URLSearchParams();
  const whole = { publishableKey: shop.publishableKey, baseUrl: SERVER, containerElementId: "container", ...config };
  query.set("config", JSON.stringify(whole));
  for (const [name, value] of Object.entries(rest)) {
    query.set(name, typeof value === "string" ? value : JSON.stringify(value));
  }
  return visit(t, `/pages/react.html?${query}`);
}

/** Opens the checkout of a product in the page. */
async function open(page, slug = "pro-monthly") {
  await page.locator(`#buy-${slug}`).click();
}

const ask = (page, method, ...args) =>
  page.evaluate(
    ({ method, args }) => shop.recur[method](...args).catch((error) => ({ thrown: error.message })),
    { method, args },
  );

/** What the form says of a failure. It is in the page, though the form has no place where it would show. */
async function said(page) {
  const display = page.locator("recur-error-display");
  await display.waitFor({ state: "attached" });
  return display.getAttribute("error");
}

const settled = (page) => page.waitForFunction(() => window.shop && !shop.customer.isLoading && !shop.products.isLoading);

test("useProducts and fetchProducts", async (t) => {
  const shop = await merchant();
  const page = await shopPage(t, shop, { type: "SUBSCRIPTION" });
  await page.locator("#buy-pro-monthly").waitFor();
  assert.equal(await page.locator("li").count(), 3);
  const requests = listen(page);
  const { products } = await ask(page, "fetchProducts");
  assert.equal(products.length, 5);
  assert.equal(products.find(({ slug }) => slug === "studio").trialDays, 14);
  const { plans } = await ask(page, "fetchPlans");
  assert.equal(plans.length, 3);
  for (const { headers } of requests) {
    for (const [name, value] of Object.entries(HEADERS)) assert.equal(headers[name], value);
    assert.equal(headers["x-recur-source"], SHOP);
  }
});

test("useCustomer", async (t) => {
  const shop = await merchant();
  const customerIn = async (t, customer) => {
    const page = await shopPage(t, shop, { customer });
    await settled(page);
    return page;
  };
  const check = (page, product) => page.evaluate((product) => shop.customer.check({ product }), product);
  for (const [how, who] of [
    ["email", { email: shop.customer.email }],
    ["external id", { externalId: shop.customer.externalId }],
    ["id", { id: shop.customer.id }],
  ]) {
    await t.test(`by ${how}`, async (t) => {
      const page = await customerIn(t, who);
      await page.waitForFunction(() => shop.customer.customer);
      const { customer, subscription, entitlements } = await page.evaluate(() => ({ ...shop.customer }));
      assert.deepEqual(customer, {
        id: shop.customer.id, email: shop.customer.email, name: "Mei Lin", externalId: "user_1",
      });
      assert.equal(subscription.status, "ACTIVE");
      assert.equal(subscription.product.slug, "pro-monthly");
      assert.ok(Date.parse(subscription.currentPeriodEnd) > Date.now());
      assert.equal(entitlements[0].productId, shop.products.monthly);
      assert.equal(entitlements[0].status, "active");
      for (const product of ["pro-monthly", shop.products.monthly]) {
        const access = await check(page, product);
        assert.equal(access.allowed, true);
        assert.equal(access.subscription.id, shop.subscriptionId);
      }
      assert.deepEqual(await check(page, "pro-yearly"), { allowed: false, reason: "wrong_product" });
    });
  }
  await t.test("somebody unknown", async (t) => {
    const page = await customerIn(t, { email: "nobody@example.com" });
    assert.deepEqual(await check(page, "pro-monthly"), { allowed: false, reason: "no_customer" });
    assert.equal(await page.evaluate(() => shop.customer.error), null);
  });
  await t.test("refetch sees what was bought meanwhile", async (t) => {
    const page = await customerIn(t, { id: shop.customer.id });
    await page.waitForFunction(() => shop.customer.customer);
    await buy(shop, "one_time", { customerName: "Mei Lin", customerEmail: shop.customer.email });
    await page.evaluate(() => shop.customer.refetch());
    await page.waitForFunction(() => shop.customer.check({ product: "handbook" }).allowed);
  });
  await t.test("nobody's key", async (t) => {
    const page = await shopPage(t, { publishableKey: "pk_test_nobody" }, { customer: { id: "cus_1" } });
    await page.waitForFunction(() => window.shop?.customer.error);
    assert.equal(await page.evaluate(() => shop.customer.error.message), "Invalid API key");
  });
});

for (const checkoutMode of ["embedded", "modal"]) {
  test(`checkout, ${checkoutMode}`, async (t) => {
    const shop = await merchant();
    const config = { checkoutMode };

    await t.test("paid", async (t) => {
      const page = await shopPage(t, shop, { config, order: buyer() });
      const requests = listen(page);
      await open(page);
      await typeCard(page, CARDS.good);
      await page.locator(SUBMIT).click();
      const complete = await event(page, "onPaymentComplete");
      assert.match(complete.id, /^sub_/);
      assert.equal(complete.status, "ACTIVE");
      assert.equal(complete.productId, shop.products.monthly);
      assert.equal(complete.amount, 299);
      assert.equal(complete.billingPeriod, "MONTHLY");
      assert.ok(Date.parse(complete.currentPeriodEnd) > Date.parse(complete.currentPeriodStart));
      if (checkoutMode === "modal") await page.locator("#recur-sdk-dialog").waitFor({ state: "detached" });

      const begun = await event(page, "onSuccess");
      assert.equal(begun.product.name, "Pro");
      const sent = requests.filter(({ line }) => line.startsWith("POST"));
      assert.deepEqual(sent.map(({ line }) => line), [
        "POST /v1/checkouts", `POST /v1/checkouts/${begun.checkout.id}/pay`,
      ]);
      assert.deepEqual(sent[1].body, { creditToken: begun.creditToken, timestamp: begun.sdkTimestamp });
      const status = await ask(page, "getCheckoutStatus", begun.checkout.id, begun.checkout.clientSecret);
      assert.deepEqual(
        [status.id, status.status, status.amount, status.currency, status.lastCharge.status],
        [begun.checkout.id, "SUCCEEDED", 299, "TWD", "SUCCEEDED"],
      );
    });

    await t.test("paid, what is bought once", async (t) => {
      const page = await shopPage(t, shop, { config, order: buyer() });
      const requests = listen(page);
      await open(page, "handbook");
      await typeCard(page, CARDS.good);
      await page.locator(SUBMIT).click();
      const complete = await event(page, "onPaymentComplete");
      assert.match(complete.id, /^ch_/);
      assert.equal(complete.status, "SUCCEEDED");
      assert.equal(complete.billingPeriod, "ONE_TIME");
      assert.deepEqual(requests.at(-1).body, {});
    });

    await t.test("a trial", async (t) => {
      const page = await shopPage(t, shop, { config, order: buyer() });
      await open(page, "studio");
      await typeCard(page, CARDS.good);
      await page.locator(SUBMIT).click();
      assert.equal((await event(page, "onPaymentComplete")).status, "TRIAL");
    });

    await t.test("declined", async (t) => {
      const page = await shopPage(t, shop, { config, order: buyer() });
      await open(page);
      await typeCard(page, CARDS.poor);
      await page.locator(SUBMIT).click();
      const error = await event(page, "onPaymentFailed");
      assert.equal(error.code, "PAYMENT_FAILED");
      assert.ok(error.message);
      assert.equal(error.details.failure_code, "INSUFFICIENT_FUNDS");
      assert.equal(error.details.failure_message, error.message);
      assert.equal(error.details.can_retry, false);
      assert.equal(await said(page), error.message);
      assert.ok(!(await events(page)).includes("onPaymentComplete"));
      assert.ok(!(await events(page)).includes("onError"));
    });
  });
}

test("a buyer who types before the SDK listens", async (t) => {
  const page = await shopPage(t, await merchant(), { order: buyer() });
  const type = await typeEarly(page, CARDS.good);
  await open(page);
  await type();
  await page.locator(SUBMIT).click();
  assert.equal((await event(page, "onPaymentComplete")).status, "ACTIVE");
});

test("a declined payment can close the checkout, or show words of the shop", async (t) => {
  const shop = await merchant();
  const decline = async (t, failed) => {
    const page = await shopPage(t, shop, { config: { checkoutMode: "modal" }, order: buyer(), failed });
    await open(page);
    await typeCard(page, CARDS.poor);
    await page.locator(SUBMIT).click();
    await event(page, "onPaymentFailed");
    return page;
  };
  await t.test("close", async (t) => {
    const page = await decline(t, { action: "close" });
    await page.locator("#recur-sdk-dialog").waitFor({ state: "detached" });
    assert.equal((await event(page, "onError")).details.failure_code, "INSUFFICIENT_FUNDS");
  });
  await t.test("custom", async (t) => {
    const page = await decline(t, { action: "custom", customTitle: "Oh", customMessage: "Another card, please" });
    assert.equal(await said(page), "Another card, please");
  });
});

test("after a decline another card in the same form pays", async (t) => {
  const page = await shopPage(t, await merchant(), { order: buyer() });
  await open(page);
  await typeCard(page, CARDS.poor);
  await page.locator(SUBMIT).click();
  await event(page, "onPaymentFailed");
  await typeCard(page, CARDS.good);
  await page.locator(SUBMIT).click();
  assert.equal((await event(page, "onPaymentComplete")).status, "ACTIVE");
});

test("after a decline another checkout is paid", async (t) => {
  const shop = await merchant();
  const page = await shopPage(t, shop, { config: { checkoutMode: "modal" }, order: buyer(), failed: { action: "close" } });
  await open(page);
  await typeCard(page, CARDS.poor);
  await page.locator(SUBMIT).click();
  await page.locator("#recur-sdk-dialog").waitFor({ state: "detached" });
  await open(page);
  await typeCard(page, CARDS.good);
  await page.locator(SUBMIT).click();
  assert.equal((await event(page, "onPaymentComplete")).status, "ACTIVE");
});

test("3-D Secure", async (t) => {
  const shop = await merchant();
  const challenged = async (t, slug) => {
    const page = await shopPage(t, shop, { config: { checkoutMode: "modal" }, order: buyer() });
    await open(page, slug);
    await typeCard(page, CARDS.challenged);
    return page;
  };
  for (const slug of ["pro-monthly", "handbook"]) {
    await t.test(`approved, and noticed by polling: ${slug}`, async (t) => {
      const page = await challenged(t, slug);
      const requests = listen(page);
      await answerPopup(page, () => page.locator(SUBMIT).click(), "approve");
      const complete = await event(page, "onPaymentComplete");
      assert.equal(complete.status, "SUCCEEDED");
      assert.match(complete.id, /^ord_/);
      const polls = requests.filter(({ line }) => line.endsWith("/status"));
      assert.ok(polls.length >= 1);
      for (const { search } of polls) assert.match(search, /^\?client_secret=pi_secret_/);
      await page.locator("#recur-sdk-dialog").waitFor({ state: "detached" });
    });
  }
  await t.test("refused", async (t) => {
    const page = await challenged(t, "pro-monthly");
    const popup = await answerPopup(page, () => page.locator(SUBMIT).click(), "refuse");
    if (!popup.isClosed()) await popup.close();
    const error = await event(page, "onError");
    assert.equal(error.code, "PAYMENT_FAILED");
    assert.equal(error.message, "3D 驗證已取消");
    assert.ok(!(await events(page)).includes("onPaymentComplete"));
  });
});

test("coupon box", async (t) => {
  const shop = await merchant();
  const page = await shopPage(t, shop, { config: { checkoutMode: "modal" }, order: buyer() });
  const requests = listen(page);
  await open(page);
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
    assert.equal(requests.at(-1).headers["x-recur-publishable-key"], undefined);
  });
  await t.test("a code for three periods, paid with", async (t) => {
    if (!(await needs(t, "POST", "/v1/coupons", shop))) return;
    await promotionCode(shop, "THREE", {
      discount_type: "PERCENTAGE", discount_amount: 10, duration: "REPEATING", duration_months: 3,
    });
    await apply("THREE");
    await page.locator(".recur-coupon__applied-amount").waitFor();
    assert.match(await page.locator(".recur-coupon__description").innerText(), /前 3 期享優惠/);
    await typeCard(page, CARDS.good);
    await page.locator(SUBMIT).click();
    const { id } = await event(page, "onPaymentComplete");
    const { body } = await call("GET", `/v1/subscriptions/${id}`, { headers: KEYS.sk(shop) });
    assert.equal(body.coupon.promotion_code, "THREE");
    assert.equal(body.coupon_remaining_cycles, 2);
  });
  await t.test("a first period at a price", async (t) => {
    if (!(await needs(t, "POST", "/v1/coupons", shop))) return;
    await promotionCode(shop, "FIRST1", { discount_type: "FIRST_PERIOD_PRICE", discount_amount: 1 });
    const page = await shopPage(t, shop, { config: { checkoutMode: "modal" }, order: buyer() });
    await open(page);
    await page.locator(".recur-coupon__trigger").click();
    await type([page.locator(".recur-coupon__input"), "FIRST1"]);
    await page.locator(".recur-coupon__btn--apply").click();
    const description = page.locator(".recur-coupon__description");
    await description.waitFor();
    assert.match(await description.innerText(), /首期只需 NT\$ 1，之後 NT\$ 299\/月/);
  });
});

test("refusals are readable", async (t) => {
  const shop = await merchant();
  await t.test("a second subscription", async (t) => {
    const page = await shopPage(t, shop, { order: { customerEmail: shop.customer.email, customerName: "Mei Lin" } });
    await open(page);
    const error = await event(page, "onError");
    assert.equal(error.code, "CHECKOUT_ERROR");
    assert.equal(error.message, "Customer already has an active subscription to this product");
    assert.equal((await page.evaluate(() => shop.subscribe.error)).message, error.message);
  });
  await t.test("a value that is wrong", async (t) => {
    const page = await shopPage(t, shop, { order: { customerEmail: "nobody" } });
    await open(page);
    const { message } = await event(page, "onError");
    assert.ok(message);
    assert.notEqual(message, "[object Object]");
  });
});

test("closing the dialog is no payment", async (t) => {
  const page = await shopPage(t, await merchant(), { config: { checkoutMode: "modal" }, order: buyer() });
  await open(page);
  await page.locator("recur-payment-form").waitFor();
  await page.locator(".recur-sdk__close-button").click();
  await event(page, "onPaymentCancel");
});

test("known faults of recur-tw 0.11.0", async (t) => {
  const shop = await merchant();
  await t.test("refusals of fetchProducts and getCheckoutStatus are not readable", async (t) => {
    const page = await shopPage(t, shop);
    await settled(page);
    assert.deepEqual(await ask(page, "getCheckoutStatus", "chk_x", "pi_secret_x"), { thrown: "[object Object]" });
    const wrong = await shopPage(t, { publishableKey: "pk_test_nobody" });
    await wrong.waitForFunction(() => window.shop?.products.error);
    assert.equal(await wrong.evaluate(() => shop.products.error.message), "[object Object]");
  });
  await t.test("an address without a name blocks the form", async (t) => {
    const { customerEmail } = buyer();
    const page = await shopPage(t, shop, { order: { customerEmail } });
    await open(page);
    await typeCard(page, CARDS.good);
    await page.locator(SUBMIT).click();
    assert.equal(await said(page), "客戶資訊不完整");
  });
  await t.test("what the form says of a failure is not visible", async (t) => {
    const page = await shopPage(t, shop, { order: buyer() });
    await open(page);
    await typeCard(page, CARDS.poor);
    await page.locator(SUBMIT).click();
    await said(page);
    assert.equal(await page.locator("recur-error-display").isVisible(), false);
  });
  await t.test("the mode `redirect` has no code", async (t) => {
    const page = await shopPage(t, shop, { config: { checkoutMode: "redirect", containerElementId: undefined }, order: buyer() });
    await open(page);
    assert.equal((await event(page, "onError")).message, "containerElementId is required");
  });
});
