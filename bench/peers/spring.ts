// A server on Spring Authorization Server, which exchanges its own tokens.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SPRING_PROGRAM } from '../../interop/language.ts';
import type { Contender, Place, Program } from '../contender.ts';
import { CLIENT, EXCHANGE, type Form, SCOPE, urn } from '../request.ts';
import { install } from './install.ts';

/** A token of a person. It exchanges tokens of people only. */
const SUBJECT = 'a-token-of-ada';

const spring = (name: string, title: string, store: string): Contender => ({
  name,
  title,
  offers: ['own'],
  paths: { token: '/oauth2/token' },
  translate,
  command: (place) => start(place, store),
});

export const springs = [
  spring('spring', 'Spring Authorization Server, its authorizations in a hash map', 'map'),
  spring('spring-jdbc', 'the same with its JdbcOAuth2AuthorizationService on a file of H2, tokens indexed', 'jdbc'),
];

function translate(form: Form): Form {
  const { grant_type } = form;
  if (grant_type === EXCHANGE) return form;
  return {
    grant_type: EXCHANGE,
    ...CLIENT,
    subject_token: SUBJECT,
    subject_token_type: urn('access_token'),
    scope: SCOPE,
  };
}

async function start({ port, folder }: Place, store: string): Promise<Program> {
  const home = await install(SPRING_PROGRAM);
  const classpath = readFileSync(join(home, 'classpath.txt'), 'utf8');
  const [, version = ''] = /\/spring-security-oauth2-authorization-server-([\d.]+)\.jar/.exec(classpath) ?? [];
  return {
    run: [
      ...['java', '@classpath', 'Server', `--server.port=${port}`, '--server.address=127.0.0.1'],
      // By default it closes a connection after a hundred requests.
      '--server.tomcat.max-keep-alive-requests=-1',
      `--spring.datasource.url=jdbc:h2:file:${join(folder, 'spring')}`,
    ],
    cwd: home,
    env: { SUBJECT, SECRET: CLIENT.client_secret, STORE: store },
    ready: '/.well-known/oauth-authorization-server',
    version,
  };
}
