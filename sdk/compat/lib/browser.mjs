// Chromium, and a buyer in front of it.

import assert from "node:assert/strict";
import { after } from "node:test";
import { chromium } from "playwright-core";
import { SERVER, SHOP } from "./api.mjs";

/** The SDKs always load the card form from here. It is the only address that is answered by somebody else. */
const CARD_FORM = "https://sandbox-vendor.payuni.com.tw/sdk/uni-payment.js";
/** The shop under a name that is not this machine's own: some SDKs change their addresses on those. */
export const NAMED_SHOP = `http://shop.test:${new URL(SHOP).port}`;
const PATIENCE_MS = 60_000;

const strays = [];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--host-resolver-rules=MAP shop.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost"],
});
after(async () => {
  await browser.close();
  assert.deepEqual(strays, [], "nothing but this machine is asked for anything");
});

/** A page of the shop, or any other, in a browser profile of its own that is gone after the test. */
export async function visit(t, address) {
  const context = await browser.newContext({ locale: "en-US" });
  t.after(() => context.close());
  context.setDefaultTimeout(PATIENCE_MS);
  await context.route(CARD_FORM, async (route) => {
    const script = await fetch(new URL("/simulators/payuni/sdk/uni-payment.js", SERVER));
    await route.fulfill({ contentType: "text/javascript", body: await script.text() });
  });
  context.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    const isOurs = hostname === "localhost" || hostname === "shop.test" || protocol === "data:" || protocol === "blob:";
    if (!isOurs && request.url() !== CARD_FORM) strays.push(request.url());
  });
  const page = await context.newPage();
  await page.goto(new URL(address, SHOP).href);
  return page;
}

const TYPED = { "MM/YY": "1299", CVC: "123" };
const TRIES = 20;
/** Fields set spaces and slashes of their own. */
const plain = (text) => text.replace(/[\s/]/g, "");

/**
 * Types into fields, `[locator, text]` each, wherever they are. Frames of other origins live in processes of their own, and what is
 * typed before the browser knows of the new focus lands in the field before: hence the clicks, and a look at all of them at the end.
 */
export async function type(...wanted) {
  for (let tries = 1; ; tries += 1) {
    for (const [field, text] of wanted) {
      await field.click();
      await field.fill(text);
    }
    const values = await Promise.all(wanted.map(([field]) => field.inputValue()));
    if (wanted.every(([, text], index) => plain(values[index]) === plain(text))) return;
    assert.ok(tries < TRIES, `typed ${wanted.map(([, text]) => text)}, but the fields hold ${values}`);
  }
}

/** Types a card into the three fields, wherever they are in the page or frame, and `others` with it. */
export async function typeCard(where, number, ...others) {
  const fields = where.locator('iframe[src$="/sdk/field"]');
  await fields.nth(2).waitFor();
  const inputs = [0, 1, 2].map((index) => fields.nth(index).contentFrame().locator("input"));
  const card = inputs.map(async (input) => [input, TYPED[await input.getAttribute("placeholder")] ?? number]);
  await type(...others, ...(await Promise.all(card)));
}

/** Lets the gateway's last answer to an opening form wait until a card has been typed into it, and `then` has been seen. */
export async function typeEarly(page, number) {
  let answer;
  const typed = new Promise((resolve) => (answer = resolve));
  await page.route("**/sdk/open", async (route) => {
    await typed;
    await route.continue();
  });
  const held = page.waitForRequest("**/sdk/open");
  return async (then) => {
    await held;
    await typeCard(page, number);
    await then?.();
    answer();
  };
}

/** The button of the server's own forms. */
export const PAY = "[data-submit]";

/** Types another card once the server's own form has said why the last one did not do, and is empty again. */
export async function again(where, number) {
  await where.locator("[data-alert]:visible").waitFor();
  await where.locator(`${PAY}[aria-busy="false"]`).waitFor();
  await typeCard(where, number);
  await where.locator(PAY).click();
}

/** What the page's script has recorded under the name, once it has. */
export async function event(page, name) {
  const found = await page.waitForFunction((name) => window.events.find((event) => event.name === name), name);
  return (await found.jsonValue()).detail;
}

export const events = (page) => page.evaluate(() => window.events.map((event) => event.name));

/** The requests of a page to the server from now on: method, path and body. */
export function listen(page) {
  const requests = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(SERVER) || request.url().includes("/simulators/")) return;
    const { pathname, search } = new URL(request.url());
    requests.push({
      line: `${request.method()} ${pathname}`,
      search,
      body: request.postDataJSON(),
      headers: request.headers(),
    });
  });
  return requests;
}

/** Clicks, and answers the 3-D page that pops up. */
export async function answerPopup(page, click, answer) {
  const [popup] = await Promise.all([page.waitForEvent("popup"), click()]);
  // The SDK closes it as soon as it knows, which may be before the browser has shown what comes next.
  const answered = Promise.race([
    page.context().waitForEvent("response", (response) => response.request().method() === "POST" && response.url().includes("/3d/")),
    popup.waitForEvent("close"),
  ]);
  const clicked = popup.locator(`button[value="${answer}"]`).click();
  clicked.catch(() => {});
  await answered;
  return popup;
}
