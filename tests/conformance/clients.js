// SPDX-License-Identifier: Apache-2.0
// clients.js URL REQUESTS: node's own http or https client with kept connections, then fetch (undici). Each request has a body of its own
// size; the answer tells what the member got of it. Prints {"client", "ok", "failed"} for each.
'use strict';

const [base, total] = [process.argv[2], Number(process.argv[3])];
const secure = base.startsWith('https:');
const http = require(secure ? 'https' : 'http');
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });

function bySocket(path, body) {
  return new Promise((resolve, reject) => {
    const options = { agent, method: body ? 'POST' : 'GET', headers: { Host: 'www.example.com' }, servername: secure ? 'www.example.com' : undefined };
    const request = http.request(base + path, options, (response) => {
      let text = '';
      response.on('data', (chunk) => { text += chunk; });
      response.on('end', () => resolve([response.statusCode, text]));
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function byFetch(path, body) {
  const response = await fetch(base + path, { method: body ? 'POST' : 'GET', body });
  return [response.status, await response.text()];
}

async function run(name, ask) {
  let [ok, failed, next] = [0, 0, 0];
  const why = {};
  async function worker() {
    while (next < total) {
      const number = next++;
      const size = number % 3 ? number * 97 : 0;
      try {
        const [status, text] = await ask(`/n/${number}`, size ? 'x'.repeat(size) : undefined);
        const told = JSON.parse(text);
        if (status !== 200 || told.target !== `/n/${number}` || told.body !== size) throw new Error(`${status} ${text.slice(0, 80)}`);
        ok++;
      } catch (error) {
        failed++;
        why[String(error.cause || error)] = number;
      }
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker));
  console.log(JSON.stringify({ client: name, ok, failed, why }));
}

(async () => {
  await run(secure ? 'https' : 'http', bySocket);
  if (!secure) await run('fetch', byFetch);
  process.exit(0);
})();
