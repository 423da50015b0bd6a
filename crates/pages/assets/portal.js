// The portal's card form, and the button that prints a receipt.
"use strict";

(() => {
  const print = document.querySelector("[data-print]");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }

  const form = document.querySelector("[data-save]");
  if (!form) return;
  const { door, environment, done, words: json } = document.body.dataset;
  const words = JSON.parse(json);
  const alertBox = document.querySelector("[data-alert]");
  const submit = document.querySelector("[data-submit]");
  const label = document.querySelector("[data-label]");
  const cardState = document.querySelector("[data-card-state]");
  const waiting = document.querySelector("[data-challenge]");
  const saveText = label.textContent;
  let isValid = false;
  let isBusy = false;

  function refresh() {
    submit.disabled = isBusy || !isValid;
    label.textContent = isBusy ? words.busy : saveText;
    form.classList.toggle("busy", isBusy);
  }

  function say(message) {
    alertBox.textContent = message;
    alertBox.hidden = false;
    alertBox.focus();
  }

  const card = new CardForm(
    environment,
    async () => {
      const answer = await ask(`${door}/token`, {});
      if (answer.token) return answer.token;
      throw new Error(answer.error?.message ?? words.network);
    },
    (valid) => {
      isValid = valid;
      refresh();
    },
  );

  async function openCard(message = "") {
    cardState.hidden = false;
    cardState.textContent = words.loading;
    try {
      await card.open();
      cardState.textContent = message;
      cardState.hidden = message === "";
    } catch (error) {
      cardState.hidden = true;
      const code = CardForm.codeOf(error);
      say(code ? `${words.unavailable} (${code})` : words.unavailable);
    }
  }

  function offer(url) {
    waiting.hidden = false;
    waiting.querySelector("span").textContent = words.verifying;
    const link = waiting.querySelector("a");
    link.href = url;
    link.textContent = words.go;
  }

  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  async function conclude(answer) {
    if (answer.redirect_3d) {
      // The way back from the bank does not lead here: it gets a window of its own.
      window.open(answer.redirect_3d, "recur_3d_verification", "width=500,height=700");
      offer(answer.redirect_3d);
    }
    for (let wait = 1500; !answer.done && !answer.failure && !answer.error; wait = Math.min(wait * 1.1, 10000)) {
      await pause(wait);
      const now = await ask(`${door}/status`, undefined, "GET");
      if (now.lost) continue;
      answer = now;
      if (now.redirect_3d) offer(now.redirect_3d);
    }
    waiting.hidden = true;
    if (answer.done) return location.assign(done);
    say(answer.failure?.message ?? answer.error.message);
    return openCard();
  }

  async function save() {
    alertBox.hidden = true;
    try {
      await card.submit();
    } catch (error) {
      if (CardForm.isStale(error)) return openCard(words.renewed);
      if (CardForm.isWrongCard(error)) return say(words.wrong);
      say(words.unavailable);
      return openCard();
    }
    return conclude(await ask(door, { token: card.token }));
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    isBusy = true;
    refresh();
    try {
      await save();
    } finally {
      isBusy = false;
      refresh();
    }
  });

  refresh();
  openCard();
})();
