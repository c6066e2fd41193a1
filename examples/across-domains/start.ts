// npm run example:across-domains: runs the company's server, the vendor's server and the vendor's API in one process.
import { mkdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfiguration, startServer, untilToldToStop } from '@cambio/server';
import { createApi } from './api.ts';

const data = resolve(process.env.CAMBIO_DATA || 'data');
mkdirSync(data, { recursive: true });
const environment = { ...process.env, CAMBIO_DATA: data };
const startFrom = async (name: string) => {
  const file = fileURLToPath(new URL(name, import.meta.url));
  // So that the audit log says which configuration decided.
  const origin = { cause: 'start', file, read: readFileSync(file, 'utf8') } as const;
  return startServer(await loadConfiguration(file, environment), { origin });
};

const vendor = await startFrom('vendor.yaml');
const company = await startFrom('company.yaml');
const api = createApi(`http://localhost:${process.env.VENDOR_PORT || 8082}`);
await api.listen({ port: Number(process.env.API_PORT || 8081), host: 'localhost' });
console.log(
  'The company, the vendor and its API are ready. docs/guides/across-domains.md says what to try. Ctrl-C stops.',
);
await untilToldToStop();
await api.close();
await company.close();
await vendor.close();
