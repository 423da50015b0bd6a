// A merchant's site, on a port of its own so that every call of its pages to the server crosses origins.

import { createReadStream } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { Recur, RecurAPIError } from "recur-tw/server";

const root = fileURLToPath(new URL("..", import.meta.url));
const FOLDERS = {
  recur: "node_modules/recur-tw/dist",
  "lit-html": "node_modules/lit-html",
  react: "node_modules/react/umd",
  "react-dom": "node_modules/react-dom/umd",
  pages: "pages",
};
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8" };

/** @param {string} server where the API is @param {string} secretKey the merchant's */
export async function startShop(server, secretKey) {
  const recur = new Recur(secretKey, { baseUrl: server });

  async function portal(request, response) {
    const { customerId, returnUrl } = JSON.parse(await text(request));
    let status = 200;
    let answer;
    try {
      answer = await recur.portal.sessions.create({ customer: customerId, returnUrl });
    } catch (error) {
      if (!(error instanceof RecurAPIError)) throw error;
      status = error.statusCode;
      answer = { error: { code: error.code, message: error.message } };
    }
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer));
  }

  function file(path, response) {
    const [, folder, ...rest] = normalize(path).split("/");
    const missing = () => response.writeHead(404).end();
    if (!Object.hasOwn(FOLDERS, folder)) return missing();
    const stream = createReadStream(join(root, FOLDERS[folder], ...rest));
    stream.on("error", missing);
    stream.on("open", () => response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "text/plain" }));
    stream.pipe(response);
  }

  const site = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    if (request.method === "POST" && pathname === "/api/portal") {
      portal(request, response).catch((error) => response.writeHead(500).end(String(error)));
    } else {
      file(pathname, response);
    }
  });
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  return {
    url: `http://localhost:${site.address().port}`,
    async stop() {
      site.closeAllConnections();
      site.close();
      await once(site, "close");
    },
  };
}

async function text(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}
