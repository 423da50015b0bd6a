// People who buy credit: signing in, the gateway's page, and the balance afterwards. Nothing of the SDKs is in it; the browser is.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CARDS, PLATFORM, SERVER } from "../lib/api.mjs";
import { visit } from "../lib/browser.mjs";

const HOME = `${SERVER}/my`;
const number = (text) => Number(text.replace(/[^\d]/g, ""));
const balance = async (page) => number(await page.locator(".balance").innerText());

async function signIn(t, address) {
  const page = await visit(t, address);
  await page.getByLabel("E-mail address").fill(PLATFORM.account.email);
  await page.getByLabel("Password").fill(PLATFORM.account.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  return page;
}

async function typeCard(page, card) {
  await page.locator("[name=card_number]").fill(card);
  await page.locator("[name=card_expiry]").fill("12/30");
  await page.locator("[name=card_cvc]").fill("123");
  await page.locator("form:has([name=card_number]) button").click();
}

test("a person tops up, and the balance rises", async (t) => {
  const page = await signIn(t, HOME);
  const before = await balance(page);
  await page.getByRole("link", { name: "Top up" }).first().click();

  await page.getByLabel("How many credits").fill("0");
  await page.keyboard.press("Enter");
  await page.getByText("Enter a whole number").waitFor();
  // The field has the focus once the page is shown.
  await page.locator("#quantity:focus").waitFor();

  await page.getByLabel("How many credits").fill("1,250");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/simulators/payuni/**");
  await typeCard(page, CARDS.poor);
  await page.getByText("The payment failed").waitFor();
  await page.getByRole("link", { name: "Try again" }).click();
  assert.equal(await page.getByLabel("How many credits").inputValue(), "1250");

  await page.getByRole("button").filter({ hasText: "payment" }).click();
  await page.waitForURL("**/simulators/payuni/**");
  await typeCard(page, CARDS.good);
  await page.getByText("1,250 credits were added").waitFor();
  await page.getByRole("link", { name: "Back to your credit" }).click();
  assert.equal(await balance(page), before + 1250);
});

test("without scripts a button leads to the gateway, and back", async (t) => {
  const page = await signIn(t, HOME);
  await page.route("**/assets/my/go.js*", (route) => route.abort());
  const before = await balance(page);
  await page.getByRole("link", { name: "Top up" }).first().click();
  await page.getByLabel("How many credits").fill("30");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Go to PAYUNi" }).click();
  await page.waitForURL("**/simulators/payuni/**");
  await page.goto(HOME);
  await page.locator(".payments .what a").first().click();
  await page.getByText("Waiting for your payment").waitFor();
  await page.getByRole("button", { name: "Cancel the top-up" }).click();
  await page.getByText("The top-up was cancelled").waitFor();
  await page.goto(HOME);
  assert.equal(await balance(page), before);
});

test("signing in leads to where somebody was going, and signing out ends it", async (t) => {
  const page = await signIn(t, `${SERVER}/my/charges/01999d1c-3c00-7e52-b6d1-92aa0c4e8d03`);
  await page.getByText("Nothing is here").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("E-mail address").waitFor();
  await page.goto(HOME);
  assert.match(page.url(), /\/my\/sign-in\?next=/);
});
