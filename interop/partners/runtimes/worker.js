// For workerd.
import { exchange } from './exchange.js';

export default {
  fetch: async (request) => Response.json(await exchange(await request.json())),
};
