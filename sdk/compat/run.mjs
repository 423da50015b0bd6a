// Starts everything, runs the suites, stops everything.
//
// node run.mjs [--database sqlite|URL] [--server PATH] [--only NAME]...

import { existsSync } from "node:fs";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startServer } from "./lib/server.mjs";
import { startShop } from "./lib/shop.mjs";

const SUITES = ["server", "wire", "vanilla", "react", "buttons", "pages", "cardform"];

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { values } = parseArgs({
  options: {
    database: { type: "string" },
    server: { type: "string", default: here("../../target/debug/tallystick") },
    only: { type: "string", multiple: true, default: SUITES },
  },
});
for (const name of values.only) {
  if (!SUITES.includes(name)) throw new Error(`--only ${name}: the suites are ${SUITES.join(", ")}`);
}
if (!existsSync(values.server)) throw new Error(`${values.server} does not exist: cargo build -p tallystick`);

const server = await startServer(values.server, values.database);
const shop = await startShop(server.url, server.demo.recur.secret_key);
async function stop() {
  await Promise.all([server.stop(), shop.stop()]);
}
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => stop().finally(() => process.exit(1)));
}

Object.assign(process.env, {
  COMPAT_SERVER: server.url,
  COMPAT_SHOP: shop.url,
  COMPAT_DEMO: JSON.stringify(server.demo.recur),
});
// One at a time: the card form's suite moves the simulators' time and switches their shop off.
const results = run({ files: values.only.map((name) => here(`suites/${name}.test.mjs`)), concurrency: 1 });
results.on("test:fail", () => {
  process.exitCode = 1;
});
const printed = results.compose(spec);
printed.pipe(process.stdout);
printed.on("end", stop);
