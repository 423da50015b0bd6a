// A small shop in React. The query has `config` and `customer` for RecurProvider, `type` for useProducts, and `order`,
// which every Buy button adds to its product; all but `type` in JSON. `events` is what the callbacks were told.

import { createElement as h } from "react";
import { RecurProvider, useCustomer, useProducts, useRecur, useSubscribe } from "recur-tw";

const query = new URLSearchParams(location.search);
const given = (name) => (query.has(name) ? JSON.parse(query.get(name)) : undefined);

window.events = [];
const record = (name) => (detail) => void window.events.push({ name, detail });
const callbacks = {
  onSuccess: record("onSuccess"),
  onPaymentComplete: record("onPaymentComplete"),
  onError: record("onError"),
  onPaymentCancel: record("onPaymentCancel"),
  onPaymentFailed(error) {
    record("onPaymentFailed")(error);
    return given("failed");
  },
};

function Shop() {
  const recur = useRecur();
  const customer = useCustomer();
  const products = useProducts({ type: query.get("type") ?? undefined });
  const subscribe = useSubscribe(callbacks);
  window.shop = { recur, customer, products, subscribe };
  const order = given("order");
  return h(
    "ul",
    null,
    (products.data ?? []).map(({ id, slug, name, price }) =>
      h(
        "li",
        { key: id },
        `${name}: NT$ ${price} `,
        h("button", { id: `buy-${slug}`, onClick: () => void subscribe.mutate({ productId: id, ...order }) }, "Buy"),
      ),
    ),
  );
}

ReactDOM.createRoot(document.getElementById("shop")).render(
  h(RecurProvider, { config: given("config"), customer: given("customer") }, h(Shop)),
);
