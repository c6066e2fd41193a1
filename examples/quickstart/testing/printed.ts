// The requests of the token exchange flow as its documentation prints them. Only tokens and credentials are filled in.
import { connect } from 'node:net';

/** The fields of each `curl -d ... -d ...`. curl joins them with `&` and does not encode them. */
export const printedForms: Readonly<Record<string, readonly string[]>> = {
  'a subject token, by client credentials': [
    'grant_type=client_credentials',
    'client_id=YOUR_CLIENT_ID',
    'client_secret=YOUR_CLIENT_SECRET',
    'scope=openapi',
  ],
  'token exchange': [
    'grant_type=urn:ietf:params:oauth:grant-type:token-exchange',
    'subject_token=SUBJECT_TOKEN',
    'subject_token_type=urn:ietf:params:oauth:token-type:access_token',
    'client_id=YOUR_CLIENT_ID',
    'client_secret=YOUR_CLIENT_SECRET',
    'scope=openapi',
  ],
  'exchange with an actor token': [
    'grant_type=urn:ietf:params:oauth:grant-type:token-exchange',
    'subject_token=SUBJECT_TOKEN',
    'subject_token_type=urn:ietf:params:oauth:token-type:access_token',
    'actor_token=ACTOR_TOKEN',
    'actor_token_type=urn:ietf:params:oauth:token-type:access_token',
    'client_id=YOUR_CLIENT_ID',
    'client_secret=YOUR_CLIENT_SECRET',
    'audience=https://api.camall.io',
    'scope=openapi',
  ],
  'exchange with a specific audience': [
    'grant_type=urn:ietf:params:oauth:grant-type:token-exchange',
    'subject_token=SUBJECT_TOKEN',
    'subject_token_type=urn:ietf:params:oauth:token-type:access_token',
    'client_id=YOUR_CLIENT_ID',
    'client_secret=YOUR_CLIENT_SECRET',
    'audience=https://api.camall.io',
    'resource=https://api.camall.io/v1/resource',
    'scope=openapi',
  ],
  'the delegation scenario, with neither audience nor scope': [
    'grant_type=urn:ietf:params:oauth:grant-type:token-exchange',
    'subject_token=SUBJECT_TOKEN',
    'subject_token_type=urn:ietf:params:oauth:token-type:access_token',
    'actor_token=ACTOR_TOKEN',
    'actor_token_type=urn:ietf:params:oauth:token-type:access_token',
    'client_id=YOUR_CLIENT_ID',
    'client_secret=YOUR_CLIENT_SECRET',
  ],
  'service-to-service communication': [
    'grant_type=urn:ietf:params:oauth:grant-type:token-exchange',
    'subject_token=SUBJECT_TOKEN',
    'subject_token_type=urn:ietf:params:oauth:token-type:access_token',
    'client_id=YOUR_CLIENT_ID',
    'client_secret=YOUR_CLIENT_SECRET',
    'audience=https://backend-service.camall.io',
    'resource=https://backend-service.camall.io/api',
  ],
};

export const printedHttp = {
  'basic token exchange': `POST /oauth/token HTTP/1.1
Host: login.camall.io
Content-Type: application/x-www-form-urlencoded

grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=SUBJECT_TOKEN&subject_token_type=urn:ietf:params:oauth:token-type:access_token&client_id=YOUR_CLIENT_ID&client_secret=YOUR_CLIENT_SECRET&scope=openapi`,
  'token exchange with audience': `POST /oauth/token HTTP/1.1
Host: login.camall.io
Content-Type: application/x-www-form-urlencoded

grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=SUBJECT_TOKEN&subject_token_type=urn:ietf:params:oauth:token-type:access_token&client_id=YOUR_CLIENT_ID&client_secret=YOUR_CLIENT_SECRET&audience=https://api.camall.io&scope=openapi`,
  'delegation with actor token': `POST /oauth/token HTTP/1.1
Host: login.camall.io
Content-Type: application/x-www-form-urlencoded

grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=SUBJECT_TOKEN&subject_token_type=urn:ietf:params:oauth:token-type:access_token&actor_token=ACTOR_TOKEN&actor_token_type=urn:ietf:params:oauth:token-type:access_token&client_id=YOUR_CLIENT_ID&client_secret=YOUR_CLIENT_SECRET&audience=https://api.camall.io`,
} as const;

export const printedApiCall = `GET /v1/resource HTTP/1.1
Host: api.camall.io
Authorization: Bearer EXCHANGED_ACCESS_TOKEN
Content-Type: application/json
`;

export interface Tokens {
  readonly subject?: string;
  readonly actor?: string;
  readonly exchanged?: string;
}

export const fillIn = (text: string, { subject = '', actor = '', exchanged = '' }: Tokens): string =>
  text
    .replace('EXCHANGED_ACCESS_TOKEN', exchanged)
    .replace('SUBJECT_TOKEN', subject)
    .replace('ACTOR_TOKEN', actor)
    .replace('YOUR_CLIENT_ID', 'your_client_id')
    .replace('YOUR_CLIENT_SECRET', 'your_client_secret');

/** Sends the text as the bytes of one HTTP request. Only `Content-Length` is added. */
export function speak(port: number, text: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const [head = '', body = ''] = text.trimEnd().split('\n\n');
  const lines = [...head.split('\n'), ...(body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`])];
  return new Promise((resolve, reject) => {
    const socket = connect(port, 'localhost', () => socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`));
    let answer = '';
    socket.setEncoding('utf8').on('error', reject);
    socket.on('close', () => reject(new Error(`no whole answer: ${answer}`)));
    socket.on('data', (chunk) => {
      answer += chunk;
      const [head = '', body] = answer.split('\r\n\r\n');
      const length = /\r\ncontent-length: (\d+)$/im.exec(head)?.[1];
      if (body === undefined || Buffer.byteLength(body) < Number(length)) return;
      resolve({ status: Number(head.split(' ')[1]), body: JSON.parse(body) });
      socket.destroy();
    });
  });
}
