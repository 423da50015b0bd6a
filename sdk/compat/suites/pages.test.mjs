// The hosted pages that the SDKs lead to: the checkout, buy links, the portal.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Recur } from "recur-tw/server";
import {
  CARDS, DEMO, KEYS, SERVER, SHOP, buy, buyer, call, merchant, needs, needsPage, promotionCode,
} from "../lib/api.mjs";
import { PAY, again, type, typeCard, typeEarly, visit } from "../lib/browser.mjs";

const shop = await merchant();
const DONE = `${SHOP}/pages/done.html?session={CHECKOUT_SESSION_ID}`;
const BACK = `${SHOP}/pages/back.html`;

async function session(product, more = {}, owner = shop) {
  const answer = await call("POST", "/v1/checkout/sessions", {
    headers: KEYS.sk(owner),
    body: { productId: owner.products[product], successUrl: DONE, cancelUrl: BACK, ...more },
  });
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

const shown = async (id) => (await call("GET", `/v1/checkout/sessions/${id}`, { headers: KEYS.sk(shop) })).body;
const text = (page) => page.locator("main").innerText();

async function arrives(page, address) {
  await page.waitForURL((url) => url.href.startsWith(address.replace("{CHECKOUT_SESSION_ID}", "")));
}

async function payWith(page, card) {
  await typeCard(page, card);
  await page.locator(PAY).click();
}

test("hosted checkout", async (t) => {
  const probe = await session("monthly");
  if (!(await needsPage(t, probe.url))) return;

  await t.test("paid, and sent back with the session's id", async (t) => {
    const who = buyer();
    const { id, url } = await session("monthly", who);
    const page = await visit(t, url);
    assert.match(await text(page), /Pro/);
    assert.match(await text(page), /299/);
    await payWith(page, CARDS.good);
    await arrives(page, DONE);
    assert.equal(new URL(page.url()).searchParams.get("session"), id);
    const now = await shown(id);
    assert.equal(now.status, "COMPLETED");
    assert.match(now.subscription_id, /^sub_/);
    assert.match(now.order_id, /^ord_/);
    assert.equal(now.customer_email, who.customerEmail);
    assert.ok(now.completed_at);

    await t.test("opened again it says so", async () => {
      await page.goto(url);
      assert.equal(await page.locator(PAY).count(), 0);
    });
  });

  await t.test("the buyer says who they are", async (t) => {
    const { customerEmail, customerName } = buyer();
    const { id, url } = await session("one_time");
    const page = await visit(t, url);
    await typeCard(page, CARDS.good);
    await page.locator(PAY).click();
    await page.locator('[data-error="email"]:visible').waitFor();
    await typeCard(page, CARDS.good, [page.locator("#email"), customerEmail], [page.locator("#name"), customerName]);
    await page.locator(PAY).click();
    await arrives(page, DONE);
    assert.equal((await shown(id)).customer_email, customerEmail);
  });

  await t.test("a buyer who types faster than the gateway answers", async (t) => {
    const page = await visit(t, BACK);
    const type = await typeEarly(page, CARDS.good);
    await page.goto((await session("monthly", buyer())).url);
    await type(() => page.locator(`${PAY}:disabled`).waitFor());
    await page.locator(PAY).click();
    await arrives(page, DONE);
  });

  await t.test("a declined card, then another", async (t) => {
    const page = await visit(t, (await session("monthly", buyer())).url);
    await payWith(page, CARDS.poor);
    await again(page, CARDS.good);
    await arrives(page, DONE);
  });

  await t.test("3-D Secure, approved", async (t) => {
    const { id, url } = await session("monthly", buyer());
    const page = await visit(t, url);
    await payWith(page, CARDS.challenged);
    await page.locator('button[value="approve"]').click();
    await arrives(page, DONE);
    assert.equal((await shown(id)).status, "COMPLETED");
  });

  await t.test("3-D Secure, refused: the page says so and takes another card", async (t) => {
    const { url } = await session("one_time", buyer());
    const page = await visit(t, url);
    await payWith(page, CARDS.challenged);
    await page.locator('button[value="refuse"]').click();
    await page.waitForURL((found) => found.pathname === new URL(url).pathname);
    await again(page, CARDS.good);
    await arrives(page, DONE);
  });

  await t.test("leaving goes to the cancel URL", async (t) => {
    const page = await visit(t, (await session("one_time", buyer())).url);
    await page.locator(`a[href="${BACK}"]`).click();
    await arrives(page, BACK);
  });

  await t.test("a second subscription found by the address typed here", async (t) => {
    const page = await visit(t, (await session("monthly")).url);
    await type([page.locator("#email"), shop.customer.email]);
    await payWith(page, CARDS.good);
    await page.locator("[data-alert]:visible, .said").waitFor();
    assert.match(await text(page), /already/i);
    const query = `?email=${shop.customer.email}&active=true`;
    const { body } = await call("GET", `/v1/subscriptions${query}`, { headers: KEYS.sk(shop) });
    assert.deepEqual(body.data.map(({ id }) => id), [shop.subscriptionId]);
  });

  await t.test("a promotion code", async (t) => {
    if (!(await needs(t, "POST", "/v1/coupons", shop))) return;
    await promotionCode(shop, "SAVE50");
    const { id, url } = await session("monthly", buyer());
    const page = await visit(t, url);
    const enter = async (code) => {
      await type([page.locator("#code"), code]);
      await page.locator("#code").press("Enter");
    };
    await enter("NOTHING");
    await page.locator('[data-error="code"]:visible, [data-alert]:visible').first().waitFor();
    await enter("SAVE50");
    await page.locator("[data-total]").filter({ hasText: "249" }).waitFor();
    await page.locator("[data-remove-code]").click();
    await page.locator("[data-total]").filter({ hasText: "299" }).waitFor();
    await enter("SAVE50");
    await page.locator("[data-total]").filter({ hasText: "249" }).waitFor();
    await payWith(page, CARDS.good);
    await arrives(page, DONE);
    assert.equal((await shown(id)).amount, 249);
  });

  await t.test("a code given with the session is applied", async (t) => {
    if (!(await needs(t, "POST", "/v1/coupons", shop))) return;
    await promotionCode(shop, "LAUNCH");
    const page = await visit(t, (await session("monthly", { promotionCode: "LAUNCH", ...buyer() })).url);
    assert.match(await text(page), /LAUNCH/);
    assert.match(await page.locator("[data-total]").innerText(), /249/);
  });

  await t.test("a trial says what is paid today", async (t) => {
    const page = await visit(t, (await session("trial", buyer())).url);
    assert.match(await text(page), /14/);
    await payWith(page, CARDS.good);
    await arrives(page, DONE);
  });

  await t.test("a session that does not exist", async () => {
    assert.equal((await fetch(new URL("/checkout/cs_nothing", SERVER))).status, 404);
  });
});

test("buy links", async (t) => {
  await t.test("of a payment link", async (t) => {
    if (!(await needs(t, "POST", "/v1/payment-links", shop))) return;
    const made = await call("POST", "/v1/payment-links", {
      headers: KEYS.sk(shop),
      body: { productId: shop.products.one_time, maxCompletions: 1, successUrl: `${SHOP}/pages/done.html` },
    });
    if (!(await needsPage(t, made.body.url))) return;
    const page = await visit(t, made.body.url);
    assert.match(new URL(page.url()).pathname, /\/checkout\/cs_/);
    await type([page.locator("#email"), buyer().customerEmail]);
    await payWith(page, CARDS.good);
    await page.waitForURL((url) => url.pathname === "/pages/done.html");
    const { body } = await call("GET", `/v1/payment-links/${made.body.id}`, { headers: KEYS.sk(shop) });
    assert.equal(body.completed_count, 1);
    assert.ok(body.view_count >= 1);
    assert.equal((await fetch(made.body.url)).status, 404, "used up");
  });
  for (const [how, path] of [["id", shop.products.one_time], ["slug", "handbook"]]) {
    await t.test(`of a product, by ${how}`, async (t) => {
      const address = `${SERVER}/buy/${path}?key=${shop.publishableKey}`;
      if (!(await needsPage(t, address))) return;
      const page = await visit(t, address);
      assert.match(new URL(page.url()).pathname, /\/checkout\/cs_/);
      assert.match(await text(page), /Handbook/);
    });
  }
  await t.test("of nothing", async () => {
    assert.equal((await fetch(new URL("/buy/nothing", SERVER))).status, 404);
  });
});

test("portal", async (t) => {
  if (!(await needs(t, "POST", "/v1/portal/sessions", shop))) return;
  const recur = (owner) => new Recur(owner.secretKey, { baseUrl: SERVER });
  const enter = (owner, more) => recur(owner).portal.sessions.create({ customer: owner.customer.id, returnUrl: BACK, ...more });
  const subscription = async (owner) =>
    (await call("GET", `/v1/subscriptions/${owner.subscriptionId}`, { headers: KEYS.sk(owner) })).body;
  const probe = await enter(shop);
  if (!(await needsPage(t, probe.url))) return;

  await t.test("shows what the customer has, and leads back", async (t) => {
    const page = await visit(t, (await enter(shop)).url);
    const said = await text(page);
    assert.match(said, /Pro/);
    assert.match(said, /299/);
    assert.match(said, /0001/);
    await page.locator(`a[href="${BACK}"]`).click();
    await arrives(page, BACK);
  });

  await t.test("in the language that was asked for", async (t) => {
    for (const [locale, lang] of [["en", "en"], ["zh-TW", "zh-TW"]]) {
      const page = await visit(t, (await enter(shop, { locale })).url);
      assert.equal(await page.locator("html").getAttribute("lang"), lang);
    }
  });

  await t.test("cancel, and take it back", async (t) => {
    const owner = await merchant();
    const page = await visit(t, (await enter(owner)).url);
    await page.locator('a[href*="/cancel"]').click();
    await page.locator("form.decide button").click();
    await page.locator("[role=status]").first().waitFor();
    assert.equal((await subscription(owner)).cancel_at_period_end, true);
    const { allowed } = await recur(owner).entitlements.check({ product: "pro-monthly", customer: owner.customer });
    assert.equal(allowed, true);

    await page.locator('form[action*="/resume"] button').click();
    await page.locator("[role=status]").first().waitFor();
    assert.equal((await subscription(owner)).cancel_at_period_end, false);
  });

  await t.test("switch to another plan", async (t) => {
    const owner = await merchant();
    const page = await visit(t, (await enter(owner)).url);
    await page.locator('a[href*="/switch"]').click();
    await page.locator(`button[value="${owner.products.yearly}"]`).click();
    await page.locator("form.decide button").click();
    await page.locator("[role=status]").first().waitFor();
    assert.equal((await subscription(owner)).product_id, owner.products.yearly);
  });

  await t.test("another card", async (t) => {
    const owner = await merchant();
    const page = await visit(t, (await enter(owner)).url);
    await page.locator('a[href*="/card"]').click();
    await typeCard(page, "3560511000000001");
    await page.locator(PAY).click();
    await page.locator(".card-line").waitFor();
    await page.waitForURL((url) => !url.pathname.endsWith("/card"));
  });

  await t.test("a receipt", async (t) => {
    const page = await visit(t, (await enter(shop)).url);
    await page.locator('a[href*="/receipts/"]').first().click();
    await page.waitForURL(/\/receipts\//);
    assert.match(await text(page), /299/);
  });

  await t.test("what was bought once is in the history", async (t) => {
    const who = buyer();
    await buy(shop, "one_time", who);
    const { url } = await recur(shop).portal.sessions.create({ email: who.customerEmail, returnUrl: BACK });
    assert.match(await text(await visit(t, url)), /Handbook/);
  });

  await t.test("a session that does not exist", async () => {
    assert.equal((await fetch(new URL("/portal/s/ps_nothing", SERVER))).status, 404);
  });
});

test("embedded forms refuse what is not theirs", async (t) => {
  if (!(await needsPage(t, `${SERVER}/embed/elements?key=${DEMO.publishable_key}`))) return;
  const status = async (path) => (await fetch(new URL(path, SERVER))).status;
  assert.equal(await status("/embed/elements?key=pk_test_nobody"), 404);
  assert.equal(await status(`/embed/checkout?id=chk_x&key=${DEMO.publishable_key}&client_secret=x`), 404);
});
