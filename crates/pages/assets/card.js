// The fields of the gateway's card form, and what becomes of the token that they are opened with.
"use strict";

(() => {
  // A new token helps with these; the card must be typed again.
  const RENEWABLE = new Set(["OBJ01003", "OBJ01004"]);
  const FIELDS = { CardNo: "card-number", CardExp: "card-expiry", CardCvc: "card-cvc" };

  function codeOf(error) {
    const code = error?.code ?? error?.Status ?? /Code:?\s*(\w+)/.exec(error?.message ?? "")?.[1];
    return String(code ?? "");
  }

  class CardForm {
    #environment;
    #token;
    #session = null;
    #opened = 0;

    // `getToken()` fetches a new token; `onValid(valid)` is told whenever that may have changed.
    constructor(environment, getToken, onValid) {
      this.#environment = environment;
      this.#token = getToken;
      this.onValid = onValid;
    }

    // Opens empty fields with a new token.
    async open() {
      const opened = (this.#opened += 1);
      let isTyped = false;
      // The fields can be typed in before the form can be sent.
      const check = () => opened === this.#opened && this.onValid(isTyped && this.#session !== null);
      this.#session = null;
      check();
      for (let tries = 1; ; tries += 1) {
        const token = await this.#token();
        try {
          if (!window.UniPayment) throw new Error("the gateway's script is missing");
          const session = window.UniPayment.createSession(token, {
            env: this.#environment,
            elements: FIELDS,
            style: { fontSize: "16px", ...this.#colours() },
          });
          session.onUpdate(({ status }) => {
            if (opened !== this.#opened || !status) return;
            for (const [kind, id] of Object.entries(FIELDS)) {
              document.getElementById(id).classList.toggle("wrong", status[kind] === false);
            }
            isTyped = Object.keys(FIELDS).every((kind) => status[kind] === true);
            check();
          });
          await session.start();
          if (opened === this.#opened) this.#session = session;
          this.token = token;
          return check();
        } catch (error) {
          if (tries > 1 || !RENEWABLE.has(codeOf(error))) throw error;
        }
      }
    }

    #colours() {
      const style = getComputedStyle(document.getElementById(FIELDS.CardNo));
      return { color: style.color, errorColor: style.getPropertyValue("--bad").trim() };
    }

    // Sends the card to the gateway, which puts it to the token.
    async submit() {
      if (this.#session === null) throw new Error("the card form is not open");
      const result = await this.#session.getTradeResult();
      if (result?.Status && result.Status !== "SUCCESS") throw result;
      return result;
    }

    // Whether a form opened anew would help.
    static isStale(error) {
      return RENEWABLE.has(codeOf(error));
    }

    // Whether it is the card's data that is wrong.
    static isWrongCard(error) {
      return /^TRADE02/.test(codeOf(error)) || codeOf(error) === "IFTRADE04002";
    }

    static codeOf = codeOf;
  }

  window.CardForm = CardForm;

  // Posts JSON to this page's own routes, and resolves to the answer; a lost connection is `{lost: true}`.
  window.ask = async (path, body, method = "POST") => {
    const lang = encodeURIComponent(document.documentElement.lang);
    try {
      const response = await fetch(`${path}?lang=${lang}`, {
        method,
        headers: { "Content-Type": "application/json" },
        body: method === "GET" || body === undefined ? undefined : JSON.stringify(body),
        credentials: "omit",
      });
      return await response.json();
    } catch {
      return { lost: true };
    }
  };
})();
