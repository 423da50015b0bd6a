// Card fields in a frame of a merchant's page, which confirms the payment by itself.
"use strict";

(() => {
  const { door, environment, key, product, words: json } = document.body.dataset;
  const words = JSON.parse(json);
  const cardState = document.querySelector("[data-card-state]");
  const tell = (type, data) => window.parent.postMessage({ type, data }, "*");
  let session = null;

  new ResizeObserver(() => {
    tell("RECUR_RESIZE", { height: Math.ceil(document.documentElement.getBoundingClientRect().height) });
  }).observe(document.documentElement);

  // The first token comes with the session, the others for it.
  async function nextToken() {
    if (session === null) {
      const answer = await ask(door, { key, product: product || undefined });
      if (!answer.sdkToken) throw new Error(answer.error?.message ?? words.network);
      session = answer;
    } else {
      const answer = await ask(`${session.door}/token`, {});
      if (!answer.token) throw new Error(answer.error?.message ?? words.network);
      session.sdkToken = answer.token;
    }
    return session.sdkToken;
  }

  const card = new CardForm(environment, nextToken, (valid) => tell("RECUR_CARD_VALID", { valid }));

  async function open(message = "") {
    cardState.textContent = words.loading;
    cardState.hidden = false;
    try {
      await card.open();
      cardState.textContent = message;
      cardState.hidden = message === "";
      const { sessionId, timestamp, creditToken, sdkToken } = session;
      tell("RECUR_ELEMENTS_READY", { sessionId, timestamp, creditToken, sdkToken });
    } catch (error) {
      cardState.textContent = words.unavailable;
      tell("RECUR_PAYMENT_ERROR", { message: words.unavailable, code: CardForm.codeOf(error) || undefined });
    }
  }

  async function tokenize() {
    try {
      const result = await card.submit();
      tell("RECUR_CARD_TOKENIZED", {
        cardToken: result?.EncryptInfo ?? session.creditToken,
        timestamp: result?.HashTimestamp ?? session.timestamp,
      });
    } catch (error) {
      const code = CardForm.codeOf(error) || undefined;
      if (CardForm.isStale(error)) {
        tell("RECUR_PAYMENT_ERROR", { message: words.renewed, code });
        return open(words.renewed);
      }
      tell("RECUR_PAYMENT_ERROR", { message: CardForm.isWrongCard(error) ? words.wrong : words.unavailable, code });
    }
  }

  addEventListener("message", (event) => {
    if (event.source === window.parent && event.data?.type === "RECUR_TOKENIZE") tokenize();
  });

  open();
})();
