// Does any answer show a stranger which clients exist?
import assert from 'node:assert/strict';
import { type Answer, type Form, fetchAnswer } from '../../../support/harness.ts';
import { authorizationUrl, configuration, startPeople } from '../../../support/people.ts';
import type { Case } from '../../group.ts';
import type { World } from './world.ts';

/** The answer without the parts that differ in every answer. */
const told = ({ status, headers, text }: Answer): string =>
  `${status} ${text.replaceAll(headers.get('x-request-id') ?? '?', 'ID')}`;

export const existence: Readonly<Record<string, Case<World>>> = {
  C30: async ({ ask }, { attempt, twin }) => {
    const ids = ['nobody', 'gateway', 'batch', 'tls'];
    const forms: Readonly<Record<string, (id: string) => Form>> = {
      'a wrong secret': (client_id) => ({ client_id, client_secret: 'wrong' }),
      'nothing but the id': (client_id) => ({ client_id }),
    };
    for (const [what, form] of Object.entries(forms)) {
      const answers: Answer[] = [];
      for (const id of ids) answers.push(await attempt(`${what} of ${id}`, ask(form(id))));
      assert.equal(new Set(answers.map(told)).size, 1, what);
    }
    await twin(ask({ client_id: 'gateway', client_secret: 'gateway-secret' }));
  },

  C31: async (_world, { attempt, twin, after }) => {
    const server = await startPeople({ after }, configuration);
    const visit = async (form: Form): Promise<Answer> =>
      fetchAnswer(server.issuer + authorizationUrl(form), { redirect: 'manual' });
    const requests: Readonly<Record<string, Form>> = {
      'another redirect URI': { redirect_uri: 'https://evil.example' },
      'no redirect URI': { redirect_uri: undefined },
      'an unknown request URI': { request_uri: 'urn:ietf:params:oauth:request_uri:x' },
    };
    for (const [what, form] of Object.entries(requests)) {
      const answers: Answer[] = [];
      for (const client_id of ['nobody', 'web', 'machine', 'tv'])
        answers.push(await attempt(`${what} of ${client_id}`, visit({ client_id, ...form })));
      assert.equal(new Set(answers.map(told)).size, 1, what);
    }
    await twin(visit({}));
  },
};
