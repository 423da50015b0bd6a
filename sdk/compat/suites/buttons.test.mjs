// recur-tw/checkout and recur-tw/widget: buttons for pages without any code.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CARDS, DEMO, KEYS, SERVER, SHOP, buyer, call, merchant, needsPage } from "../lib/api.mjs";
import { NAMED_SHOP, PAY, again, answerPopup, event, events, listen, typeCard, visit } from "../lib/browser.mjs";

const shop = await merchant();
const EMBED = `${SERVER}/embed`;
const DIALOG = ".recur-checkout-dialog";
const WIDGET = ".recur-widget-button";
const hasEmbed = (t) => needsPage(t, `${EMBED}/elements?key=${DEMO.publishable_key}`);

/** The page with checkout.js, pointed at the server, and a button in it. */
async function buttons(t, attributes = {}, globals = {}) {
  const page = await visit(t, "/pages/buttons.html");
  await page.evaluate(
    ({ apiUrl, embedUrl, attributes, globals }) => {
      Recur.config({ apiUrl, embedUrl });
      Object.assign(window, globals);
      const button = document.createElement("a");
      button.className = "recur-button";
      button.textContent = "Buy";
      for (const [name, value] of Object.entries(attributes)) button.setAttribute(name, value);
      document.querySelector("main").append(button);
    },
    { apiUrl: SERVER, embedUrl: EMBED, attributes, globals },
  );
  await page.waitForFunction(() => document.querySelector(".recur-button").hasAttribute("data-recur-initialized"));
  return page;
}

const click = (page) => page.locator(".recur-button").click();
const framed = (page, dialog = DIALOG) => page.locator(`${dialog} iframe`);
const addressOf = async (page, dialog) => new URL(await framed(page, dialog).getAttribute("src"));

test("checkout.js: where a button finds its key", async (t) => {
  const href = `https://shop.example/buy/${shop.products.monthly}`;
  const key = shop.publishableKey;
  for (const [how, attributes, globals] of [
    ["data-key", { href, "data-key": key }],
    ["the link", { href: `${href}?key=${key}` }],
    ["RecurConfig", { href }, { RecurConfig: { publishableKey: key } }],
  ]) {
    await t.test(how, async (t) => {
      const page = await buttons(t, attributes, globals);
      const requests = listen(page);
      await click(page);
      await page.locator(DIALOG).waitFor();
      assert.equal(requests[0].line, "POST /v1/checkouts");
      assert.deepEqual(requests[0].body, { productId: shop.products.monthly });
      assert.equal(requests[0].headers["x-recur-publishable-key"], key);
      assert.equal(requests[0].headers["x-recur-sdk-type"], "checkout.js");
      assert.equal(requests[0].headers["x-recur-embed-domain"], EMBED);
      assert.equal(requests[0].headers["x-recur-source"], SHOP);
      const address = await addressOf(page, DIALOG);
      assert.equal(address.origin + address.pathname, `${EMBED}/checkout`);
      assert.equal(address.searchParams.get("key"), key);
      assert.ok(address.searchParams.get("id"));
      assert.match(address.searchParams.get("client_secret"), /^pi_secret_/);
    });
  }
});

test("checkout.js: the buyer and the theme of a button", async (t) => {
  const who = buyer();
  const page = await buttons(t, {
    href: `/buy/${shop.products.monthly}`,
    "data-key": shop.publishableKey,
    "data-email": who.customerEmail,
    "data-name": who.customerName,
    "data-theme": "dark",
  });
  const requests = listen(page);
  await click(page);
  await page.locator(DIALOG).waitFor();
  assert.deepEqual(requests[0].body, { productId: shop.products.monthly, ...who });
  assert.equal((await addressOf(page, DIALOG)).searchParams.get("theme"), "dark");
});

test("checkout.js: refusals are readable", async (t) => {
  const page = await buttons(t, {
    href: `/buy/${shop.products.monthly}`,
    "data-key": shop.publishableKey,
    "data-email": shop.customer.email,
  });
  await click(page);
  assert.equal((await event(page, "recur:error")).message, "Customer already has an active subscription to this product");
});

test("messages of the form", async (t) => {
  /** A dialog whose frame says `message` from `origin`. */
  async function dialog(t, origin, message) {
    const page = await buttons(t, { href: `/buy/${shop.products.one_time}`, "data-key": shop.publishableKey });
    await click(page);
    await page.locator(DIALOG).waitFor();
    const query = new URLSearchParams({ message: JSON.stringify(message) });
    // After the SDK's own listener, which has then had its say.
    await page.evaluate(() => {
      window.heard = [];
      addEventListener("message", ({ origin }) => heard.push(origin));
    });
    await framed(page).evaluate((frame, src) => void (frame.src = src), `${origin}/pages/sender.html?${query}`);
    return page;
  }
  await t.test("RECUR_PAYMENT_SUCCESS closes", async (t) => {
    const page = await dialog(t, SHOP, { type: "RECUR_PAYMENT_SUCCESS", data: { id: "sub_1" } });
    assert.deepEqual(await event(page, "recur:success"), { id: "sub_1" });
    await page.locator(DIALOG).waitFor({ state: "detached" });
  });
  await t.test("RECUR_PAYMENT_CANCEL closes", async (t) => {
    const page = await dialog(t, SHOP, { type: "RECUR_PAYMENT_CANCEL" });
    await event(page, "recur:close");
    await page.locator(DIALOG).waitFor({ state: "detached" });
  });
  await t.test("RECUR_PAYMENT_ERROR stays open", async (t) => {
    const page = await dialog(t, SHOP, { type: "RECUR_PAYMENT_ERROR", data: { message: "no" } });
    assert.deepEqual(await event(page, "recur:error"), { message: "no" });
    assert.equal(await page.locator(DIALOG).count(), 1);
  });
  await t.test("RECUR_RESIZE", async (t) => {
    const page = await dialog(t, SHOP, { type: "RECUR_RESIZE", data: { height: 300 } });
    await page.waitForFunction(() => document.querySelector(".recur-checkout-dialog iframe").style.height === "356px");
  });
  await t.test("what another origin says is not heard", async (t) => {
    const page = await dialog(t, NAMED_SHOP, { type: "RECUR_PAYMENT_SUCCESS", data: {} });
    await page.waitForFunction((origin) => heard.includes(origin), NAMED_SHOP);
    assert.deepEqual(await events(page), []);
    assert.equal(await page.locator(DIALOG).count(), 1);
  });
});

test("checkout.js: paid in the dialog", async (t) => {
  if (!(await hasEmbed(t))) return;
  const who = buyer();
  const page = await buttons(t, {
    href: `/buy/${shop.products.monthly}`,
    "data-key": shop.publishableKey,
    "data-email": who.customerEmail,
    "data-name": who.customerName,
  });
  await click(page);
  const form = framed(page).contentFrame();
  await typeCard(form, CARDS.good);
  await form.locator(PAY).click();
  const success = await event(page, "recur:success");
  assert.ok(success);
  await page.locator(DIALOG).waitFor({ state: "detached" });
  const { body } = await call("GET", `/v1/subscriptions?email=${who.customerEmail}`, { headers: KEYS.sk(shop) });
  assert.equal(body.has_active_subscription, true);
});

test("checkout.js: the buyer says who they are in the dialog", async (t) => {
  if (!(await hasEmbed(t))) return;
  const who = buyer();
  const page = await buttons(t, { href: `/buy/${shop.products.one_time}`, "data-key": shop.publishableKey });
  await click(page);
  const form = framed(page).contentFrame();
  await typeCard(form, CARDS.good, [form.locator('input[type="email"]'), who.customerEmail], [form.locator('input[name="name"]'), who.customerName]);
  await form.locator(PAY).click();
  await event(page, "recur:success");
  const { body } = await call("GET", `/v1/customers/entitlements?email=${who.customerEmail}`, { headers: KEYS.pk(shop) });
  assert.equal(body.entitlements[0].product, "handbook");
});

test("checkout.js: a declined card is told to the page, and another one pays", async (t) => {
  if (!(await hasEmbed(t))) return;
  const who = buyer();
  const page = await buttons(t, {
    href: `/buy/${shop.products.monthly}`,
    "data-key": shop.publishableKey,
    "data-email": who.customerEmail,
    "data-name": who.customerName,
  });
  await click(page);
  const form = framed(page).contentFrame();
  await typeCard(form, CARDS.poor);
  await form.locator(PAY).click();
  const error = await event(page, "recur:error");
  assert.ok(error.message);
  assert.equal(await page.locator(DIALOG).count(), 1);
  await again(form, CARDS.good);
  await event(page, "recur:success");
});

test("checkout.js: 3-D Secure in a window of its own", async (t) => {
  if (!(await hasEmbed(t))) return;
  const who = buyer();
  const page = await buttons(t, {
    href: `/buy/${shop.products.monthly}`,
    "data-key": shop.publishableKey,
    "data-email": who.customerEmail,
    "data-name": who.customerName,
  });
  await click(page);
  const form = framed(page).contentFrame();
  await typeCard(form, CARDS.challenged);
  const popup = await answerPopup(page, () => form.locator(PAY).click(), "approve");
  await event(page, "recur:success");
  if (!popup.isClosed()) await popup.waitForEvent("close");
});

test("checkout.js: leaving the form closes the dialog", async (t) => {
  if (!(await hasEmbed(t))) return;
  const page = await buttons(t, { href: `/buy/${shop.products.monthly}`, "data-key": shop.publishableKey });
  await click(page);
  await framed(page).contentFrame().locator("[data-cancel]").click();
  await event(page, "recur:close");
  await page.locator(DIALOG).waitFor({ state: "detached" });
});

test("checkout.js: the form asks for its height", async (t) => {
  if (!(await hasEmbed(t))) return;
  const page = await buttons(t, { href: `/buy/${shop.products.monthly}`, "data-key": shop.publishableKey });
  await click(page);
  await page.waitForFunction(() => document.querySelector(".recur-checkout-dialog iframe")?.style.height);
});

test("checkout.js: Recur.popup() and Recur.close()", async (t) => {
  const page = await buttons(t);
  const who = buyer();
  await page.evaluate((order) => Recur.popup(order), {
    productId: shop.products.monthly, key: shop.publishableKey, email: who.customerEmail, name: who.customerName,
  });
  await page.locator(DIALOG).waitFor();
  await page.evaluate(() => Recur.close());
  await page.locator(DIALOG).waitFor({ state: "detached" });

  await page.evaluate((order) => void Recur.popup(order), { productId: shop.products.monthly, key: shop.publishableKey });
  await page.locator(".recur-checkout-dialog__close").click();
  await event(page, "recur:close");
});

test("widget.js", async (t) => {
  const query = new URLSearchParams({
    key: shop.publishableKey,
    product: shop.products.monthly,
    text: "Support us",
    "api-url": SERVER,
    "embed-url": EMBED,
  });
  // Under the name `localhost` the script does not let itself be told where the server is.
  const address = `${NAMED_SHOP}/pages/widget.html?${query}`;

  await t.test("opens the form of the product", async (t) => {
    const page = await visit(t, address);
    const requests = listen(page);
    assert.equal((await page.locator(WIDGET).innerText()).trim(), "Support us");
    await page.locator(WIDGET).click();
    await page.locator(".recur-widget-dialog").waitFor();
    assert.equal(requests[0].line, "POST /v1/checkouts");
    assert.deepEqual(requests[0].body, { productId: shop.products.monthly });
    assert.equal(requests[0].headers["x-recur-sdk-type"], "widget.js");
    assert.equal(requests[0].headers["x-recur-source"], NAMED_SHOP);
    const { searchParams } = await addressOf(page, ".recur-widget-dialog");
    assert.match(searchParams.get("client_secret"), /^pi_secret_/);
  });
  await t.test("is paid in the dialog", async (t) => {
    if (!(await hasEmbed(t))) return;
    const page = await visit(t, address);
    await page.locator(WIDGET).click();
    const form = framed(page, ".recur-widget-dialog").contentFrame();
    const who = buyer();
    await typeCard(form, CARDS.good, [form.locator('input[type="email"]'), who.customerEmail], [form.locator('input[name="name"]'), who.customerName]);
    await form.locator(PAY).click();
    await event(page, "recur:success");
    await page.locator(".recur-widget-dialog").waitFor({ state: "detached" });
  });
  await t.test("says why not", async (t) => {
    const page = await visit(t, address.replace(shop.products.monthly, "prod_nothing"));
    await page.locator(WIDGET).click();
    assert.equal((await event(page, "recur:error")).message, "Product not found or inactive");
  });
  await t.test("RecurWidget", async (t) => {
    const page = await visit(t, address);
    await page.locator(WIDGET).waitFor();
    await page.evaluate(() => RecurWidget.hide());
    assert.equal(await page.locator(WIDGET).isVisible(), false);
    await page.evaluate(() => RecurWidget.show());
    await page.evaluate(() => RecurWidget.open());
    await page.locator(".recur-widget-dialog").waitFor();
    await page.evaluate(() => RecurWidget.close());
    await page.locator(".recur-widget-dialog").waitFor({ state: "detached" });
    await page.evaluate(() => RecurWidget.destroy());
    assert.equal(await page.locator(WIDGET).count(), 0);
  });
});

test("known faults of recur-tw 0.11.0", async (t) => {
  await t.test("checkout.js sends no product for a link with a slug", async (t) => {
    const page = await buttons(t, { href: "/buy/handbook", "data-key": shop.publishableKey });
    const requests = listen(page);
    await click(page);
    assert.match((await event(page, "recur:error")).message, /productId/);
    assert.deepEqual(requests[0].body, {});
  });
  await t.test("checkout.js does not go to data-success-url", async (t) => {
    const page = await buttons(t, {
      href: `/buy/${shop.products.monthly}`, "data-key": shop.publishableKey, "data-success-url": `${SHOP}/pages/done.html`,
    });
    const requests = listen(page);
    await click(page);
    await page.locator(DIALOG).waitFor();
    assert.ok(!Object.hasOwn(requests[0].body, "successUrl"));
    assert.ok(!(await addressOf(page, DIALOG)).href.includes("done.html"));
  });
  await t.test("widget.js on localhost ignores its data-api-url and data-embed-url", async (t) => {
    const query = new URLSearchParams({ key: shop.publishableKey, product: "prod_1", "api-url": SERVER, "embed-url": EMBED });
    const page = await visit(t, `/pages/widget.html?${query}`);
    const [request] = await Promise.all([
      page.waitForRequest((request) => request.url().endsWith("/v1/checkouts")),
      page.locator(WIDGET).click(),
    ]);
    assert.equal(request.url(), "http://localhost:3000/api/v1/checkouts");
  });
});
