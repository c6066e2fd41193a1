// Writes a token request in Go, with its standard library alone.
import { type FormValue, formEncoded, formOf, type SnippetRequest, tokenEndpoint, usesCertificate } from './form.ts';
import { literal } from './literal.ts';

const FAIL = ['\tif err != nil {', '\t\tlog.Fatal(err)', '\t}'];

export function go(request: SnippetRequest): string {
  const { client, auth, needsDpop } = request;
  const isBasic = auth === 'client_secret_basic';
  const hasCertificate = usesCertificate(request);
  const packages = [
    ...(hasCertificate ? ['crypto/tls'] : []),
    ...['fmt', 'io', 'log', 'net/http', 'net/url', 'os', 'strings'],
  ];
  return [
    'package main',
    '',
    'import (',
    ...packages.map((name) => `\t"${name}"`),
    ')',
    '',
    'func main() {',
    '\tform := url.Values{}',
    ...formOf(request).map(([name, value]) => `\tform.Add("${name}", ${expressionOf(value)})`),
    `\trequest, err := http.NewRequest("POST", ${literal(tokenEndpoint(request))}, strings.NewReader(form.Encode()))`,
    ...FAIL,
    '\trequest.Header.Set("Content-Type", "application/x-www-form-urlencoded")',
    ...(isBasic
      ? [`\trequest.SetBasicAuth(${literal(formEncoded(client))}, url.QueryEscape(os.Getenv("CLIENT_SECRET")))`]
      : []),
    ...(needsDpop ? ['\trequest.Header.Set("DPoP", os.Getenv("DPOP_PROOF"))'] : []),
    ...(hasCertificate
      ? [
          '\tcertificate, err := tls.LoadX509KeyPair("client.pem", "client-key.pem")',
          ...FAIL,
          '\tclient := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{certificate}}}}',
          '\tresponse, err := client.Do(request)',
        ]
      : ['\tresponse, err := http.DefaultClient.Do(request)']),
    ...FAIL,
    '\tdefer response.Body.Close()',
    '\ttext, err := io.ReadAll(response.Body)',
    ...FAIL,
    '\tfmt.Println(response.StatusCode, string(text))',
    '}',
    '',
  ].join('\n');
}

const expressionOf = (value: FormValue): string =>
  typeof value === 'string' ? literal(value) : `os.Getenv("${value.from}")`;
