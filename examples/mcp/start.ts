// npm run example:mcp: runs Cambio, an API and an MCP server in one process, and an agent in another.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfiguration, startServer, untilToldToStop } from '@cambio/server';
import type { Express } from 'express';
import { createApi } from './api.ts';
import { createNotes } from './notes.ts';

const { PORT = 8080, API_PORT = 8081, MCP_PORT = 8082 } = process.env;
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const data = resolve(process.env.CAMBIO_DATA || 'data');
mkdirSync(data, { recursive: true });

const listen = async (app: Express, port: number | string): Promise<Server> => {
  const server = app.listen(Number(port), 'localhost');
  await once(server, 'listening');
  return server;
};

const file = here('cambio.yaml');
// So that the audit log says which configuration decided.
const origin = { cause: 'start', file, read: readFileSync(file, 'utf8') } as const;
const cambio = await startServer(await loadConfiguration(file, { ...process.env, CAMBIO_DATA: data }), { origin });
const issuer = `http://localhost:${PORT}`;
const servers = [
  await listen(createApi(issuer), API_PORT),
  await listen(
    createNotes(issuer, `http://localhost:${MCP_PORT}/mcp`, `http://localhost:${API_PORT}/records`),
    MCP_PORT,
  ),
];
const agent = spawn(process.execPath, [here('agent.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
agent.stdout.pipe(process.stdout);
await Promise.race([
  once(agent.stdout, 'data'),
  once(agent, 'exit').then(() => Promise.reject(new Error('the agent did not start'))),
]);
console.log(
  'Cambio, the API, the MCP server and the agent are ready. docs/guides/mcp.md says what to try. Ctrl-C stops.',
);
await untilToldToStop();
agent.kill();
for (const server of servers) {
  server.closeAllConnections();
  server.close();
}
await cambio.close();
