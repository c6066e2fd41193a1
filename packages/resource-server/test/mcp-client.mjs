// Calls a tool with the client of the official SDK, and prints the result. A process of its own: a dependency of the client exports
// TypeScript under the condition `source`, which Node does not run.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const [url = '', token = '', name = ''] = process.argv.slice(2);
const client = new Client({ name: 'agent', version: '1.0.0' });
const authProvider = { token: async () => token };
await client.connect(new StreamableHTTPClientTransport(new URL(url), { authProvider }));
console.log(JSON.stringify(await client.callTool({ name, arguments: {} })));
await client.close();
