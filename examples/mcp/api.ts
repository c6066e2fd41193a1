// The API behind the MCP server: it keeps records, and says for whom it was called and who acts.
import { actors } from '@cambio/resource-server';
import { createGuard, type ExpressRequest } from '@cambio/resource-server/express';
import express, { type Express } from 'express';

export const AUDIENCE = 'https://records.example';

export function createApi(issuer: string): Express {
  const guard = createGuard({ issuer, audience: AUDIENCE });
  const records: string[] = [];
  const describe = (request: ExpressRequest) => {
    const token = guard.token(request);
    return { person: token.subject, actors: actors(token).map(({ sub }) => sub), scope: [...token.scope], records };
  };
  const api = express();
  api.get('/records', guard.require({ scope: 'records:read' }), (request, response) => {
    response.json(describe(request));
  });
  api.post('/records', guard.require({ scope: 'records:write' }), express.text(), (request, response) => {
    records.push(String(request.body));
    response.json(describe(request));
  });
  return api;
}
