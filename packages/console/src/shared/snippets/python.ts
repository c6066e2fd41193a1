// Writes a token request in Python, with its standard library alone.
import { type FormValue, formEncoded, formOf, type SnippetRequest, tokenEndpoint, usesCertificate } from './form.ts';
import { literal } from './literal.ts';

export function python(request: SnippetRequest): string {
  const { client, auth, needsDpop } = request;
  const isBasic = auth === 'client_secret_basic';
  const hasCertificate = usesCertificate(request);
  return [
    ...(isBasic ? ['import base64'] : []),
    'import os',
    ...(hasCertificate ? ['import ssl'] : []),
    'from urllib.error import HTTPError',
    `from urllib.parse import ${isBasic ? 'quote_plus, urlencode' : 'urlencode'}`,
    'from urllib.request import Request, urlopen',
    '',
    'form = [',
    ...formOf(request).map(([name, value]) => `    ("${name}", ${expressionOf(value)}),`),
    ']',
    `request = Request(${literal(tokenEndpoint(request))}, urlencode(form).encode())`,
    ...(isBasic
      ? [
          `credentials = ${literal(`${formEncoded(client)}:`)} + quote_plus(os.environ["CLIENT_SECRET"])`,
          'request.add_header("Authorization", "Basic " + base64.b64encode(credentials.encode()).decode())',
        ]
      : []),
    ...(needsDpop ? ['request.add_header("DPoP", os.environ["DPOP_PROOF"])'] : []),
    ...(hasCertificate
      ? ['context = ssl.create_default_context()', 'context.load_cert_chain("client.pem", "client-key.pem")']
      : []),
    'try:',
    `    with urlopen(request${hasCertificate ? ', context=context' : ''}) as answer:`,
    '        print(answer.status, answer.read().decode())',
    'except HTTPError as error:',
    '    print(error.code, error.read().decode())',
    '',
  ].join('\n');
}

const expressionOf = (value: FormValue): string =>
  typeof value === 'string' ? literal(value) : `os.environ["${value.from}"]`;
