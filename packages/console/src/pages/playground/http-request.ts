// Writes the request as it goes over the wire, with a name in place of each token and secret.
import {
  formEncoded,
  formOf,
  type SnippetRequest,
  tokenEndpoint,
  usesCertificate,
} from '../../shared/snippets/form.ts';

export function writeHttp(request: SnippetRequest): string {
  const { auth, client, needsDpop } = request;
  const { host, pathname } = new URL(tokenEndpoint(request));
  const pairs = formOf(request).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? formEncoded(value) : `{${value.from}}`}`,
  );
  return [
    `POST ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    'Content-Type: application/x-www-form-urlencoded',
    ...(auth === 'client_secret_basic'
      ? [`Authorization: Basic {base64 of ${formEncoded(client)}:CLIENT_SECRET}`]
      : []),
    ...(needsDpop ? ['DPoP: {DPOP_PROOF}'] : []),
    ...(usesCertificate(request) ? ['(over TLS with the certificate of the client)'] : []),
    '',
    pairs.join('\n&'),
  ].join('\n');
}
