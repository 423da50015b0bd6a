// Starts everything, runs the suites, stops everything.
//
// node run.mjs [--database sqlite|URL] [--server PATH] [--only NAME]...

import { once } from "node:events";
import { existsSync } from "node:fs";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startServer } from "./lib/server.mjs";
import { startShop } from "./lib/shop.mjs";

const SUITES = ["vanilla", "react", "server", "wire", "buttons", "pages", "topup", "cardform"];
/** It moves the simulators' time and switches their shop off. */
const ALONE = "cardform";

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
const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => interrupt.abort());

Object.assign(process.env, {
  COMPAT_SERVER: server.url,
  COMPAT_SHOP: shop.url,
  COMPAT_DEMO: JSON.stringify(server.demo.recur),
  COMPAT_PLATFORM: JSON.stringify(server.demo.platform),
});
const count = { passed: 0, failed: 0, skipped: 0 };

async function judge(names, concurrency) {
  if (names.length === 0 || interrupt.signal.aborted) return;
  const files = names.map((name) => here(`suites/${name}.test.mjs`));
  const results = run({ files, concurrency, signal: interrupt.signal });
  results.on("test:pass", ({ skip }) => void (count[skip === undefined ? "passed" : "skipped"] += 1));
  results.on("test:fail", () => void (count.failed += 1));
  const printed = results.compose(spec);
  printed.pipe(process.stdout, { end: false });
  await once(printed, "end");
}

try {
  await judge(values.only.filter((name) => name !== ALONE), 2);
  await judge(values.only.filter((name) => name === ALONE), 1);
} finally {
  await Promise.all([server.stop(), shop.stop()]);
}
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
if (count.failed > 0 || count.passed === 0 || interrupt.signal.aborted) process.exitCode = 1;
