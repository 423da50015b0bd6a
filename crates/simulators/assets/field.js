// One field of the card form, in a frame of its own.
(() => {
  "use strict";

  const WORDS = {
    en: { CardNo: "Card number", CardExp: "Expiry, MM/YY", CardCvc: "Security code", CardTokenType: "Keep this card for later payments" },
    "zh-TW": { CardNo: "信用卡卡號", CardExp: "有效期限（月/年）", CardCvc: "末三碼", CardTokenType: "保留這張卡供日後付款" },
    "zh-CN": { CardNo: "信用卡卡号", CardExp: "有效期限（月/年）", CardCvc: "安全码", CardTokenType: "保留此卡供日后付款" },
  };
  const STYLES = ["color", "fontSize", "fontWeight", "lineHeight", "fontFamily", "letterSpacing"];

  const FIELDS = {
    CardNo: {
      placeholder: "0000 0000 0000 0000",
      digits: 19,
      format: (digits) => digits.replace(/(.{4})(?=.)/g, "$1 "),
      isComplete: (digits) => digits.length >= 16,
      isRight: (digits) => digits.length >= 13,
    },
    CardExp: {
      placeholder: "MM/YY",
      digits: 4,
      format: (digits) => digits.replace(/^(..)(.+)$/, "$1/$2"),
      isComplete: (digits) => digits.length === 4,
      isRight: (digits) => /^(0[1-9]|1[0-2])\d\d$/.test(digits),
    },
    CardCvc: {
      placeholder: "CVC",
      digits: 3,
      format: (digits) => digits,
      isComplete: (digits) => digits.length === 3,
      isRight: (digits) => digits.length === 3,
    },
  };

  function language() {
    for (const tag of navigator.languages) {
      if (/^zh\b/i.test(tag)) return /hant|tw|hk|mo/i.test(tag) ? "zh-TW" : "zh-CN";
      if (/^en\b/i.test(tag)) return "en";
    }
    return "en";
  }

  function dress(element, style) {
    for (const name of STYLES) {
      if (typeof style[name] === "string") element.style[name] = style[name];
    }
  }

  function textField(kind, label, style, control) {
    const rules = FIELDS[kind];
    const input = document.createElement("input");
    Object.assign(input, { type: "text", inputMode: "numeric", placeholder: rules.placeholder });
    // Browsers offer cards that they know, which are real ones.
    input.autocomplete = "off";
    input.setAttribute("aria-label", label);
    dress(input, style);
    const digits = () => input.value.replace(/\D/g, "").slice(0, rules.digits);

    let told = null;
    function tell(status) {
      input.setAttribute("aria-invalid", String(status === false));
      input.style.color = status === false ? style.errorColor ?? "" : style.color ?? "";
      if (status !== told) control.postMessage({ type: "status", status });
      told = status;
    }
    input.addEventListener("input", () => {
      const before = input.value.slice(0, input.selectionStart).replace(/\D/g, "").length;
      input.value = rules.format(digits());
      let place = 0;
      for (let seen = 0; place < input.value.length && seen < before; place += 1) {
        if (/\d/.test(input.value[place])) seen += 1;
      }
      input.setSelectionRange(place, place);
      const typed = digits();
      tell(typed === "" ? null : rules.isComplete(typed) ? rules.isRight(typed) : "typing");
    });
    input.addEventListener("blur", () => {
      const typed = digits();
      tell(typed === "" ? null : rules.isRight(typed));
    });
    document.body.append(input);
    return digits;
  }

  function keepField(text, style, forced, control) {
    const label = document.createElement("label");
    dress(label, style);
    const box = document.createElement("input");
    Object.assign(box, { type: "checkbox", checked: true, disabled: forced });
    box.addEventListener("change", () => control.postMessage({ type: "keep", kept: box.checked, text }));
    label.append(box, text);
    document.body.append(label);
  }

  const ask = (link) =>
    new Promise((resolve) => {
      link.onmessage = ({ data }) => resolve(data);
      link.postMessage("value");
    });

  async function submit(sealed, number, links, wishes) {
    try {
      const [expiry, cvc] = await Promise.all(links.map(ask));
      const response = await fetch(new URL("bind", location.href), {
        method: "POST",
        body: new URLSearchParams({ ...sealed, CardNo: number, CardExp: expiry, CardCvc: cvc, ...wishes }),
      });
      const answer = await response.json();
      return response.ok ? { envelope: answer } : { code: answer.code };
    } catch {
      return { code: "1008" };
    }
  }

  addEventListener("message", function begin(event) {
    if (event.source !== parent || event.ports.length === 0) return;
    removeEventListener("message", begin);
    const { kind, sealed, style, forced } = event.data;
    const [control, ...links] = event.ports;
    document.documentElement.lang = language();
    const label = WORDS[language()][kind];
    if (kind === "CardTokenType") {
      keepField(label, style, forced, control);
    } else {
      const value = textField(kind, label, style, control);
      if (kind === "CardNo") {
        control.onmessage = async ({ data }) => {
          const result = await submit(sealed, value(), links, data.wishes);
          control.postMessage({ type: "result", call: data.call, ...result });
        };
      } else {
        links[0].onmessage = () => links[0].postMessage(value());
      }
    }
    control.postMessage({ type: "ready" });
  });
})();
