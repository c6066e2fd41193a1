// npm start: runs the server of cambio.yaml and the sample API in one process, and prints commands to try.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigurationError, loadConfiguration, startServer, untilToldToStop } from '@cambio/server';
import { createApi } from './api.ts';
import { addSignIn } from './sign-in.ts';

async function main(): Promise<void> {
  // A folder on the command line is relative to the current folder, not to the file.
  const data = resolve(process.env.CAMBIO_DATA || 'data');
  process.env.CAMBIO_DATA = data;
  try {
    mkdirSync(data, { recursive: true });
  } catch (error) {
    throw new Error(`cannot make the data folder ${data}. Set CAMBIO_DATA to a folder that you may write to`, {
      cause: error,
    });
  }
  buildConsole();
  const metrics = Number(process.env.PORT || 8080) - 8080 + 9464;
  process.env.METRICS_PORT ||= String(metrics > 0 && metrics < 65_536 ? metrics : 0);
  const file = fileURLToPath(new URL('cambio.yaml', import.meta.url));
  const configuration = await loadConfiguration(file, process.env);
  // So that the audit log says which configuration decided.
  const origin = { cause: 'start', file, read: readFileSync(file, 'utf8') } as const;
  const server = await startServer(configuration, { origin });
  const port = Number(process.env.API_PORT || 8081);
  const baseUrl = `http://localhost:${port}`;
  const api = createApi(configuration.issuer, { baseUrl });
  const pages = `http://127.0.0.1:${port}`;
  addSignIn(api, configuration.issuer, pages);
  try {
    await api.listen({ port, host: 'localhost' });
  } catch (error) {
    await server.close();
    throw error;
  }
  const toldToStop = untilToldToStop();
  console.log(greeting(configuration.issuer, baseUrl, pages));
  await toldToStop;
  await api.close();
  await server.close();
}

/** Takes some seconds at the first start, and after a change of its sources. Without it, /console says what to do. */
function buildConsole(): void {
  const script = fileURLToPath(new URL('../../scripts/build-console.ts', import.meta.url));
  try {
    execFileSync(process.execPath, [script, '--if-stale'], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    console.error(
      `cambio: the console is not built: ${String((error as { stderr?: unknown }).stderr ?? error).trim()}`,
    );
  }
}

const greeting = (server: string, api: string, pages: string): string => `
Cambio is ready on ${server}, and the sample API on ${api}. Try, in another terminal:

  # 1. A subject token
  SUBJECT_TOKEN=$(curl -s ${server}/oauth/token -d grant_type=client_credentials \\
    -d client_id=your_client_id -d client_secret=your_client_secret -d scope=openapi | jq -r .access_token)

  # 2. An actor token: the service that will act
  ACTOR_TOKEN=$(curl -s ${server}/oauth/token -d grant_type=client_credentials \\
    -d client_id=service -d client_secret=service_secret | jq -r .access_token)

  # 3. Exchange: the service acts for the subject
  EXCHANGED=$(curl -s ${server}/oauth/token -d grant_type=urn:ietf:params:oauth:grant-type:token-exchange \\
    -d client_id=your_client_id -d client_secret=your_client_secret -d audience=https://api.camall.io \\
    -d subject_token=$SUBJECT_TOKEN -d subject_token_type=urn:ietf:params:oauth:token-type:access_token \\
    -d actor_token=$ACTOR_TOKEN -d actor_token_type=urn:ietf:params:oauth:token-type:access_token | jq -r .access_token)

  # 4. Call the API: it says for whom, and by whom
  curl -s -H "Authorization: Bearer $EXCHANGED" ${api}/v1/resource | jq .

  # 5. In a browser: sign in as ada, password ada, and let the service act for you
  #    ${pages}

  # 6. The console: sign in as ada, password ada. Run the exchange first, so that there is something to see
  #    ${server}/console

  # All of it at once: examples/quickstart/exchange.sh        Ctrl-C stops.
`;

try {
  await main();
} catch (error) {
  const { message, cause = error } = error as Error;
  const { code, port } = cause as { code?: string; port?: number };
  const text = code === 'EADDRINUSE' ? `port ${port} is in use. Set PORT and API_PORT to free ports` : message;
  console.error(error instanceof ConfigurationError ? text : `cambio: ${text}`);
  process.exitCode = 1;
}
