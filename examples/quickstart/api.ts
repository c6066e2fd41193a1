// The sample API: two resources that accept tokens of the quickstart, and say for whom and by whom they were called.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { AccessRefusal, createVerifier, type Verifier, type VerifierOptions } from '@cambio/resource-server';

type Keys = Pick<VerifierOptions, 'jwks' | 'jwksUri'>;

/** Path → audience that its tokens must be for. */
const resources: Readonly<Record<string, string>> = {
  '/v1/resource': 'https://api.camall.io',
  '/api': 'https://backend-service.camall.io',
};
const SCOPE = 'openapi';

export function createApi(issuer: string, keys: Keys = {}): Server {
  const verifiers = new Map(
    Object.entries(resources).map(([path, audience]) => [path, createVerifier({ issuer, audience, ...keys })]),
  );
  return createServer(async (request, response) => {
    const verifier = verifiers.get(new URL(request.url ?? '/', 'http://api').pathname);
    if (verifier === undefined) return send(response, 404, { error: 'not_found' });
    if (request.method !== 'GET') return send(response, 405, { error: 'method_not_allowed' }, { Allow: 'GET' });
    await answer(verifier, request, response);
  });
}

async function answer(verifier: Verifier, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const token = await verifier.authenticate(request.headers.authorization, { scope: SCOPE });
    send(response, 200, {
      subject: token.subject,
      actors: token.actors,
      client_id: token.clientId,
      scope: [...token.scope].join(' '),
      audience: token.audience,
    });
  } catch (error) {
    if (!(error instanceof AccessRefusal)) return send(response, 503, { error: 'temporarily_unavailable' });
    send(response, error.status, { error: error.code }, { 'WWW-Authenticate': error.challenge });
  }
}

function send(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  const text = `${JSON.stringify(body)}\n`;
  const about = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
  response.writeHead(status, { ...about, 'Cache-Control': 'no-store', ...headers }).end(text);
}
