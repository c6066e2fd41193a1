// Reads the rules and the clients, and makes a sample exchange of them.
import { api, read } from '../api/client.ts';
import { sampleFrom } from './sample-exchange.ts';

const LIMIT = 200;

export async function readSample(signal: AbortSignal) {
  const options = { params: { query: { limit: LIMIT } }, signal };
  const [rules, clients] = await Promise.all([read(api.GET('/rules', options)), read(api.GET('/clients', options))]);
  return { sample: sampleFrom(rules.items, clients.items), clients: clients.items };
}
