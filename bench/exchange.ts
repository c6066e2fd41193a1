// What does an exchange cost? The server in this process, a client in another; CPU of this process for each exchange, beside
// a bare node:http server that only verifies and signs. Prints microseconds and their ratio; both from one run.
import { spawn } from 'node:child_process';
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfiguration, startServer } from '@cambio/server';

const COUNT = Number(process.argv[2] ?? 3000);
const CONNECTIONS = 16;
const port = 9871;
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const CLIENT = { client_id: 'gateway', client_secret: 'gateway-secret-gateway-secret' };

const configuration = `
issuer: http://127.0.0.1:${port}
server: { port: ${port} }
store: sqlite:bench.db
resources:
  - { audience: https://api.example, scopes: [read, write] }
clients:
  - { id: gateway, auth: client_secret_post, secret: { plain: ${CLIENT.client_secret} }, grants: [client_credentials, token_exchange], audiences: [https://api.example], scopes: [read, write] }
rules:
  - { client: gateway, subject: { issuer: self, types: [access_token] }, grant: { audiences: [https://api.example], scopes: [read, write] } }
`;

if (process.argv[3] === 'client') await load(process.argv[4] ?? '', Number(process.argv[5]));
else await main();

/** Sends the request in the environment, over and over, on a few connections at once. */
async function load(path: string, to: number): Promise<void> {
  const body = process.env.BODY ?? '';
  const request = `POST ${path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  let left = COUNT;
  const one = async (): Promise<void> => {
    const socket = createConnection(to, '127.0.0.1');
    await once(socket, 'connect');
    while (left-- > 0) {
      socket.write(request);
      const [answer] = await once(socket, 'data');
      if (!String(answer).startsWith('HTTP/1.1 200')) throw new Error(String(answer));
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, one));
}

/** @returns microseconds of this process's CPU for each request */
async function measure(path: string, to: number, body: string): Promise<number> {
  const run = async (): Promise<number> => {
    const before = process.cpuUsage();
    const child = spawn(
      process.execPath,
      ['--conditions=source', import.meta.filename, String(COUNT), 'client', path, String(to)],
      {
        env: { ...process.env, BODY: body },
        stdio: 'inherit',
      },
    );
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error('the client failed');
    const { user, system } = process.cpuUsage(before);
    return (user + system) / COUNT;
  };
  await run();
  return run();
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cambio-bench-'));
  writeFileSync(join(folder, 'cambio.yaml'), configuration);
  const server = await startServer(await loadConfiguration(join(folder, 'cambio.yaml'), {}));
  const bare = startBare();
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', ...CLIENT }),
    });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    const body = new URLSearchParams({
      grant_type: EXCHANGE,
      ...CLIENT,
      subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    }).toString();
    const [yardstick, exchange] = [await measure('/', port + 1, body), await measure('/oauth/token', port, body)];
    console.log(`bare node:http, one verification and one signature: ${yardstick.toFixed(0)} µs of CPU`);
    console.log(`exchange with a durable audit row:                  ${exchange.toFixed(0)} µs of CPU`);
    console.log(`ratio ${(exchange / yardstick).toFixed(2)} (${COUNT} requests on ${CONNECTIONS} connections)`);
  } finally {
    bare.close();
    bare.closeAllConnections();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function startBare() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const input = Buffer.alloc(400, 'a');
  const signature = sign('sha256', input, privateKey);
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      verify('sha256', input, publicKey, signature);
      const body = JSON.stringify({ access_token: sign('sha256', input, privateKey).toString('base64url') });
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length }).end(body);
    });
  });
  return server.listen(port + 1, '127.0.0.1');
}
