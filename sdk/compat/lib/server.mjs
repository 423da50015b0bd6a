// The server under test: a demo whose simulators' time stands still.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const STOPS_WITHIN_MS = 10_000;

/** @param {string} program @param {string} [database] a URL, or `sqlite` for a file that is thrown away; in memory without */
export async function startServer(program, database) {
  const folder = await mkdtemp(join(tmpdir(), "tallystick-compat-"));
  const url = database === "sqlite" ? `sqlite:${join(folder, "compat.db")}` : database;
  const options = ["demo", "--json", "--still", "--listen", "127.0.0.1:0"];
  if (url) options.push("--database", url);
  const child = spawn(program, options, { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });

  const ended = once(child, "exit");
  const clean = () => rm(folder, { recursive: true, force: true });
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), "line").then(([line]) => line),
    ended.then(async ([code]) => {
      await clean();
      throw new Error(`the server ended with ${code} before it was ready`);
    }),
  ]);
  const demo = JSON.parse(line);

  return {
    demo,
    // Some of the SDKs trust pages by this name only.
    url: `http://localhost:${new URL(demo.base_url).port}`,
    async stop() {
      const patience = setTimeout(() => child.kill("SIGKILL"), STOPS_WITHIN_MS);
      child.kill("SIGTERM");
      await ended;
      clearTimeout(patience);
      await clean();
    },
  };
}
