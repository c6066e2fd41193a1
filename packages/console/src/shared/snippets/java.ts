// Writes a token request in Java, with its standard library alone: a file that `java Exchange.java` runs.
import { type FormValue, formEncoded, formOf, type SnippetRequest, tokenEndpoint, usesCertificate } from './form.ts';
import { literal } from './literal.ts';

const STORE = 'java -Djavax.net.ssl.keyStore=client.p12 -Djavax.net.ssl.keyStorePassword=PASSWORD Exchange.java';

export function java(request: SnippetRequest): string {
  const { client, auth, needsDpop } = request;
  const isBasic = auth === 'client_secret_basic';
  return [
    `// ${usesCertificate(request) ? STORE : 'java Exchange.java'}`,
    'import java.net.URI;',
    'import java.net.URLEncoder;',
    'import java.net.http.HttpClient;',
    'import java.net.http.HttpRequest;',
    'import java.net.http.HttpResponse;',
    'import java.nio.charset.StandardCharsets;',
    ...(isBasic ? ['import java.util.Base64;'] : []),
    'import java.util.List;',
    'import java.util.Map;',
    'import java.util.stream.Collectors;',
    '',
    'public class Exchange {',
    '  public static void main(String[] arguments) throws Exception {',
    '    var form = List.of(',
    `${formOf(request)
      .map(([name, value]) => `        Map.entry("${name}", ${expressionOf(value)})`)
      .join(',\n')});`,
    '    var body = form.stream()',
    '        .map(pair -> encode(pair.getKey()) + "=" + encode(pair.getValue()))',
    '        .collect(Collectors.joining("&"));',
    ...(isBasic
      ? [
          `    var credentials = ${literal(`${formEncoded(client)}:`)} + encode(System.getenv("CLIENT_SECRET"));`,
          '    var basic = Base64.getEncoder().encodeToString(credentials.getBytes(StandardCharsets.UTF_8));',
        ]
      : []),
    `    var request = HttpRequest.newBuilder(URI.create(${literal(tokenEndpoint(request))}))`,
    '        .header("Content-Type", "application/x-www-form-urlencoded")',
    ...(isBasic ? ['        .header("Authorization", "Basic " + basic)'] : []),
    ...(needsDpop ? ['        .header("DPoP", System.getenv("DPOP_PROOF"))'] : []),
    '        .POST(HttpRequest.BodyPublishers.ofString(body))',
    '        .build();',
    '    var response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());',
    '    System.out.println(response.statusCode() + " " + response.body());',
    '  }',
    '',
    '  static String encode(String text) {',
    '    return URLEncoder.encode(text, StandardCharsets.UTF_8);',
    '  }',
    '}',
    '',
  ].join('\n');
}

const expressionOf = (value: FormValue): string =>
  typeof value === 'string' ? literal(value) : `System.getenv("${value.from}")`;
