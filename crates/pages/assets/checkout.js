// The checkout page, alone or in a frame of a merchant's page.
"use strict";

(() => {
  const { body } = document;
  const { door, state, environment } = body.dataset;
  const words = JSON.parse(body.dataset.words);
  const embedded = "embedded" in body.dataset;
  const find = (selector) => document.querySelector(selector);

  // ----- the page around the frame

  function tell(type, data) {
    if (embedded && window.parent !== window) window.parent.postMessage({ type, data }, "*");
  }

  if (embedded) {
    let told = 0;
    new ResizeObserver(() => {
      const height = Math.ceil(document.documentElement.getBoundingClientRect().height);
      if (height !== told) tell("RECUR_RESIZE", { height });
      told = height;
    }).observe(document.documentElement);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") tell("RECUR_PAYMENT_CANCEL", {});
    });
    find("[data-cancel]")?.addEventListener("click", () => tell("RECUR_PAYMENT_CANCEL", {}));
  }

  // Back from the bank or the shop, the page may be the one that was left.
  addEventListener("pageshow", (event) => event.persisted && location.reload());

  // ----- what an answer leads to

  function finish({ redirect, data }) {
    tell("RECUR_PAYMENT_SUCCESS", data);
    if (embedded || !redirect) location.reload();
    else location.assign(redirect);
  }

  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  // Asks how far the checkout is until it is no longer `from`.
  async function follow(...from) {
    for (let wait = 1500; ; wait = Math.min(wait * 1.1, 10000)) {
      await pause(wait);
      const answer = await ask(`${door}/status`, undefined, "GET");
      if (answer.lost || answer.error || from.includes(answer.state)) continue;
      if (answer.done) return finish(answer);
      if (answer.failure) tell("RECUR_PAYMENT_ERROR", answer.failure);
      if (answer.conflict) tell("RECUR_PAYMENT_ERROR", { code: "DUPLICATE_SUBSCRIPTION", message: answer.conflict.lines[0] });
      return location.reload();
    }
  }

  // A bank's page refuses to be shown in a frame: it gets a window of its own.
  function challenge(url) {
    if (!embedded) return location.assign(url);
    window.open(url, "recur_3d_verification", "width=500,height=700");
    const place = find("[data-challenge]");
    if (place) {
      place.hidden = false;
      place.querySelector("span").textContent = words.verifying;
      const link = place.querySelector("a");
      link.href = url;
      link.textContent = words.go;
    }
    follow("challenge", "pending");
  }

  if (state === "pending") follow("pending");
  if (state === "challenge") {
    follow("challenge", "pending");
    find("[data-continue]").addEventListener("click", async () => {
      const answer = await ask(`${door}/pay`, {});
      if (answer.redirect_3d) challenge(answer.redirect_3d);
      else if (answer.done) finish(answer);
      else location.reload();
    });
  }

  // ----- the form

  const form = find("[data-pay]");
  if (!form) return;
  const alertBox = find("[data-alert]");
  const submit = find("[data-submit]");
  const label = find("[data-label]");
  const cardState = find("[data-card-state]");
  const cardSection = find("[data-card-section]");
  const summary = find("[data-summary]");
  const payText = label.textContent;
  let isCardValid = false;
  let isBusy = false;
  let isOver = false;

  const needsCard = () => !cardSection.hidden;

  function refresh() {
    submit.disabled = isOver || isBusy || (needsCard() && !isCardValid);
    submit.setAttribute("aria-busy", String(isBusy));
    label.textContent = isBusy ? words.busy : payText;
    form.classList.toggle("busy", isBusy);
  }

  function say(message) {
    alertBox.replaceChildren(...[message].flat().map((line) => Object.assign(document.createElement("p"), { textContent: line })));
    alertBox.hidden = false;
    alertBox.focus();
  }

  function clear(scope) {
    for (const place of scope.querySelectorAll("[data-error]")) place.hidden = true;
    for (const field of scope.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  }

  // Shows what is wrong at its fields; the rest, or all, at the top.
  function complain(answer) {
    if (answer.lost) return say(words.network);
    const { message, fields } = answer.error;
    const places = Object.entries(fields ?? {}).map(([name, text]) => ({ text, field: document.getElementById(name), place: find(`[data-error="${name}"]`) }));
    const shown = places.filter(({ place, field }) => place && field);
    for (const { text, field, place } of shown) {
      place.textContent = text;
      place.hidden = false;
      field.setAttribute("aria-invalid", "true");
    }
    if (shown.length > 0) shown[0].field.focus();
    else say(message);
  }

  const card = new CardForm(
    environment,
    async () => {
      const answer = await ask(`${door}/token`, {});
      if (answer.token) return answer.token;
      throw Object.assign(new Error("no token"), { answer });
    },
    (valid) => {
      isCardValid = valid;
      refresh();
    },
  );

  async function openCard(message) {
    if (!needsCard()) return refresh();
    cardState.hidden = false;
    cardState.textContent = words.loading;
    try {
      await card.open();
      cardState.textContent = message ?? "";
      cardState.hidden = !message;
    } catch (error) {
      // Paid, expired or closed in the meantime: the page knows what to say.
      const now = await ask(`${door}/status`, undefined, "GET");
      if (now.state && now.state !== "open") return location.reload();
      cardState.hidden = true;
      const code = CardForm.codeOf(error);
      say(code ? `${words.unavailable} (${code})` : words.unavailable);
    }
  }

  // Which fields go with which way to get an e-invoice.
  const ways = { mobile_barcode: ["carrier"], citizen_certificate: ["carrier"], donation: ["love_code"], company: ["ubn", "invoice_name", "address"], paper: ["address"] };
  const receive = form.elements.receive;

  function einvoice() {
    if (!receive?.value) return {};
    const typed = (ways[receive.value] ?? []).map((field) => [field, form.elements[field].value.trim()]);
    return { receive: receive.value, ...Object.fromEntries(typed) };
  }

  function offerEinvoiceFields() {
    const wanted = ways[receive.value] ?? [];
    for (const field of form.querySelectorAll("[data-einvoice]")) field.hidden = !wanted.includes(field.dataset.einvoice);
  }

  receive?.addEventListener("change", offerEinvoiceFields);
  if (receive) offerEinvoiceFields();

  async function pay() {
    alertBox.hidden = true;
    clear(form);
    const { email, name } = form.elements;
    const buyer = await ask(`${door}/buyer`, { email: email.value.trim(), name: name.value.trim(), ...einvoice() });
    if (buyer.lost || buyer.error) return complain(buyer);
    if (needsCard()) {
      try {
        await card.submit();
      } catch (error) {
        if (CardForm.isStale(error)) return openCard(words.renewed);
        if (CardForm.isWrongCard(error)) return say(words.wrong);
        say(words.unavailable);
        return openCard();
      }
    }
    const answer = await ask(`${door}/pay`, {});
    // Whether it was paid is not known: look instead of paying again.
    if (answer.lost) {
      say(words.network);
      return follow("pending");
    }
    if (answer.done) return finish(answer);
    if (answer.redirect_3d) {
      isOver = true;
      return challenge(answer.redirect_3d);
    }
    if (answer.error) return complain(answer);
    if (answer.conflict) {
      isOver = true;
      tell("RECUR_PAYMENT_ERROR", { code: "DUPLICATE_SUBSCRIPTION", message: answer.conflict.lines[0] });
      if (answer.conflict.refunded) return location.reload();
      return say([answer.conflict.title, ...answer.conflict.lines]);
    }
    if (answer.failure && answer.state === "open") {
      tell("RECUR_PAYMENT_ERROR", answer.failure);
      form.elements.email.readOnly = true;
      say(answer.failure.message);
      return openCard();
    }
    if (answer.failure) tell("RECUR_PAYMENT_ERROR", answer.failure);
    location.reload();
  }

  async function exclusively(work) {
    if (isBusy) return;
    isBusy = true;
    refresh();
    try {
      await work();
    } finally {
      isBusy = false;
      refresh();
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!submit.disabled) exclusively(pay);
  });

  // ----- promotion codes

  async function reprice(answer, focus) {
    if (answer.lost || answer.error) return complain(answer);
    summary.innerHTML = answer.summary;
    find("[data-total]").textContent = answer.total;
    summary.querySelector(focus)?.focus();
    const needed = needsCard();
    cardSection.hidden = !answer.needs_card;
    if (answer.needs_card && !needed) await openCard();
  }

  summary.addEventListener("submit", (event) => {
    event.preventDefault();
    clear(summary);
    const code = event.target.elements.code.value.trim();
    exclusively(async () => reprice(await ask(`${door}/coupon`, { code }), "[data-remove-code]"));
  });
  summary.addEventListener("click", (event) => {
    if (!event.target.closest("[data-remove-code]")) return;
    exclusively(async () => reprice(await ask(`${door}/coupon`, undefined, "DELETE"), "#code"));
  });

  refresh();
  openCard();
})();
