// The card form of the simulated gateway: window.UniPayment, as PAYUNi's script defines it.
(() => {
  "use strict";

  const PUBLIC_URL = "{public_url}";
  const REQUIRED = ["CardNo", "CardExp", "CardCvc"];
  const OPTIONAL = ["CardTokenType"];
  const LOADING_MS = 15000;
  const BINDING_MS = 70000;
  const INSTALMENTS = ["3", "6", "9", "12", "18", "24", "30"];

  function fault(code) {
    const text = /^\d+$/.test(code) ? `Code ${code}` : `Token Error (Code: ${code})`;
    return Object.assign(new Error(text), { code });
  }

  function within(ms, promise) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(fault("1008")), ms);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  }

  async function post(path, fields) {
    let response;
    try {
      response = await fetch(`${PUBLIC_URL}/sdk/${path}`, {
        method: "POST",
        body: new URLSearchParams(fields),
        credentials: "omit",
      });
    } catch {
      throw fault("1008");
    }
    const body = await response.json().catch(() => ({}));
    if (!response.ok) throw fault(body.code ?? "1008");
    return body;
  }

  // A frame for one field. Its origin is opaque: no page can look into it.
  function mount(parent) {
    parent.replaceChildren();
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts");
    frame.setAttribute("scrolling", "no");
    Object.assign(frame.style, {
      border: "0",
      display: "block",
      width: "100%",
      height: parent.clientHeight >= 24 ? "100%" : "44px",
      // As the field's own document has it: otherwise browsers paint the frame opaque.
      colorScheme: "light",
    });
    const loaded = new Promise((resolve, reject) => {
      frame.addEventListener("load", () => resolve(frame), { once: true });
      frame.addEventListener("error", () => reject(fault("1001")), { once: true });
    });
    frame.src = `${PUBLIC_URL}/sdk/field`;
    parent.append(frame);
    return loaded;
  }

  function createSession(token, options) {
    const settings = options ?? {};
    const status = { CardNo: null, CardExp: null, CardCvc: null };
    const listeners = [];
    const waiting = new Map();
    let started = null;
    let form = null;
    let keep = null;
    let calls = 0;

    function tell(more) {
      for (const listener of listeners) listener({ status: { ...status }, ...more });
    }

    function hear(kind, port, ready) {
      port.onmessage = ({ data }) => {
        if (data.type === "ready") {
          ready();
        } else if (data.type === "status") {
          status[kind] = data.status;
          tell({});
        } else if (data.type === "keep") {
          keep = data.kept;
          const tokenType = keep ? form?.useTokenType ?? "1" : "0";
          tell({ event: "useTokenType", data: { tokenType, tokenTypeText: data.text, cardNo: "" } });
        } else if (data.type === "result") {
          const { resolve, reject } = waiting.get(data.call) ?? {};
          waiting.delete(data.call);
          if (data.code) reject?.(fault(data.code));
          else resolve?.(data.envelope);
        }
      };
    }

    async function open() {
      if (!token) throw fault("IFTRADE04001");
      const ids = settings.elements;
      if (ids === null || typeof ids !== "object") throw fault("1004");
      const kinds = [...REQUIRED, ...OPTIONAL.filter((kind) => ids[kind])];
      const parents = kinds.map((kind) => document.getElementById(String(ids[kind])));
      if (parents.includes(null)) throw fault("1000");

      const { useTokenType, ...sealed } = await post("session", { token: String(token) });
      const frames = await within(LOADING_MS, Promise.all(parents.map(mount)));
      // Expiry and CVC go to the number's frame over these, past the page.
      const links = { CardExp: new MessageChannel(), CardCvc: new MessageChannel() };
      const ports = {};
      const ready = kinds.map((kind, index) => {
        const control = new MessageChannel();
        const passed = kind === "CardNo" ? [links.CardExp.port1, links.CardCvc.port1] : [];
        if (links[kind]) passed.push(links[kind].port2);
        ports[kind] = control.port1;
        return new Promise((resolve) => {
          hear(kind, control.port1, resolve);
          const { color } = getComputedStyle(parents[index]);
          frames[index].contentWindow.postMessage(
            { kind, sealed, style: { color, ...settings.style }, forced: useTokenType === "3" },
            "*",
            [control.port2, ...passed],
          );
        });
      });
      await within(LOADING_MS, Promise.all(ready));
      await post("open", sealed);
      form = { ports, frames, useTokenType };
    }

    function start() {
      started ??= open().catch((error) => {
        started = null;
        throw error;
      });
      return started;
    }

    // Binds the card to the token; the shop's server charges it.
    async function getTradeResult(wishes = {}) {
      if (!token) throw fault("IFTRADE04001");
      if (form === null) throw fault("IFTRADE04002");
      if (form.frames.some((frame) => !frame.isConnected)) throw fault("IFTRADE04001");
      const call = (calls += 1);
      const unticked = keep === false && form.useTokenType === "1" ? "0" : undefined;
      const useTokenType = wishes?.useTokenType ?? unticked;
      const bound = new Promise((resolve, reject) => waiting.set(call, { resolve, reject }));
      form.ports.CardNo.postMessage({
        type: "bind",
        call,
        wishes: {
          ...(useTokenType === undefined ? {} : { useTokenType: String(useTokenType) }),
          ...(wishes?.cardInst === undefined ? {} : { cardInst: String(wishes.cardInst) }),
        },
      });
      return within(BINDING_MS, bound).finally(() => waiting.delete(call));
    }

    async function getCardAcceptInfo() {
      if (settings.useInst !== true) throw fault("1002");
      return { CreditInst: Object.fromEntries(INSTALMENTS.map((count) => [count, ["812"]])) };
    }

    function onUpdate(listener) {
      if (typeof listener !== "function") throw fault("1004");
      listeners.push(listener);
      // A buyer who types fast may be done before the page begins to listen.
      if (REQUIRED.some((kind) => status[kind] !== null)) queueMicrotask(() => listener({ status: { ...status } }));
    }

    return Object.freeze({ start, onUpdate, getTradeResult, getCardAcceptInfo });
  }

  window.UniPayment = Object.freeze({ createSession });
})();
