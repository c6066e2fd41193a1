// Writes a token request for curl.
import { shellQuote } from '../shell.ts';
import { type FormValue, formEncoded, formOf, type SnippetRequest, tokenEndpoint, usesCertificate } from './form.ts';

/** curl sends what it is given, and the parts of HTTP Basic are form-encoded (RFC 6749 section 2.3.1). */
const NOTE = '# Write CLIENT_SECRET form-encoded, if it has more than letters, digits and -._~\n';

export function curl(request: SnippetRequest): string {
  const { client, auth, needsDpop } = request;
  const options = [
    ...(auth === 'client_secret_basic' ? [`-u ${shellQuote(formEncoded(client))}:"$CLIENT_SECRET"`] : []),
    ...(usesCertificate(request) ? ['--cert client.pem --key client-key.pem'] : []),
    ...(needsDpop ? ['-H "DPoP: $DPOP_PROOF"'] : []),
    ...formOf(request).map(([name, value]) => `--data-urlencode ${expressionOf(name, value)}`),
  ];
  const note = auth === 'client_secret_basic' ? NOTE : '';
  return note + [`curl -s ${shellQuote(tokenEndpoint(request))}`, ...options].join(' \\\n  ');
}

const expressionOf = (name: string, value: FormValue): string =>
  typeof value === 'string' ? shellQuote(`${name}=${value}`) : `"${name}=$${value.from}"`;
