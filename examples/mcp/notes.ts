// The MCP server: its tools call the API for the person, with a token that they exchange.
import { cambio, clientSecret } from '@cambio/client';
import { createGuard } from '@cambio/resource-server/mcp';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer, requireScopes } from '@modelcontextprotocol/server';
import express, { type Express } from 'express';
import { z } from 'zod';
import { AUDIENCE } from './api.ts';

/** @param url of this MCP server @param records URL of the API */
export function createNotes(issuer: string, url: string, records: string): Express {
  const guard = createGuard({ issuer, resource: url, name: 'Notes', scopes: ['notes.read', 'notes.write'] });
  const auth = clientSecret('notes_secret', 'post');
  const client = cambio({ issuer, clientId: 'notes-server', auth });
  const reader = client.onBehalfOf({ audience: AUDIENCE, scope: 'records:read' });
  const writer = client.onBehalfOf({ audience: AUDIENCE, scope: 'records:write' });

  const handler = createMcpHandler(() => {
    const mcp = new McpServer({ name: 'notes', version: '1.0.0' });
    mcp.registerTool('list_notes', { description: 'Lists the notes' }, async ({ http }) => {
      return answer(await reader.fetch(http?.authInfo?.token ?? '', records));
    });
    mcp.registerTool(
      'add_note',
      {
        description: 'Adds a note',
        inputSchema: z.object({ text: z.string().max(1000) }),
        // Without the scope: 403 insufficient_scope, and the client asks the person for more.
        scopeChallenge: requireScopes('notes.write'),
      },
      async ({ text }, { http }) => {
        const request = { method: 'POST', body: text, headers: { 'content-type': 'text/plain' } };
        return answer(await writer.fetch(http?.authInfo?.token ?? '', records, request));
      },
    );
    return mcp;
  });

  const handle = toNodeHandler(handler);
  const app = express();
  app.use(guard.serveMetadata);
  // A token without an actor does not say which agent calls.
  app.post('/mcp', express.json(), guard.require({ scope: 'notes.read', actor: {} }), (request, response) =>
    handle(request, response, request.body),
  );
  return app;
}

async function answer(response: Response) {
  return { content: [{ type: 'text' as const, text: await response.text() }], isError: !response.ok };
}
