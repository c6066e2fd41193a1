// The operations of the admin API on clients. Registered clients can be changed, clients of the file only there.
import { z } from 'zod';
import { isClientId } from '../../model/client.ts';
import {
  addSecret,
  createClient,
  deleteClient,
  deleteSecret,
  findClient,
  replaceClient,
  showClient,
  shownClient,
  versionOf,
} from './client-changes.ts';
import { idsOf } from './client-ids.ts';
import { type Operation, operation } from './operation.ts';
import { pageFrom, pageOf, pageQuery } from './page.ts';

const withSecret = shownClient.extend({ secret: z.string().optional().describe('shown only once') });
const path = z.strictObject({ id: z.string() });
const secretPath = path.extend({ secret: z.string() });

/** @param entry the schema of a client's entry in the configuration file, without `id` and secrets */
export const clientOperations = (entry: z.ZodObject): readonly Operation[] => [
  ...readOperations,
  ...changeOperations(entry),
  ...secretOperations,
];

const readOperations: readonly Operation[] = [
  operation({
    id: 'list-clients',
    method: 'GET',
    at: '/clients',
    summary: 'The clients of the file and those registered at run time, by id',
    scope: 'admin:read',
    query: z.strictObject(pageQuery),
    status: 200,
    answer: pageOf(shownClient),
    run: async ({ query, services }) => {
      const { items, ...rest } = pageFrom(idsOf(services), query);
      return { body: { items: items.map((id) => showClient(findClient(id, services))), ...rest } };
    },
  }),
  operation({
    id: 'get-client',
    method: 'GET',
    at: '/clients/{id}',
    summary: 'One client',
    scope: 'admin:read',
    path,
    status: 200,
    answer: shownClient,
    versioned: true,
    run: async ({ path: { id }, services }) => {
      const found = findClient(id, services);
      return { body: showClient(found), version: versionOf(found) };
    },
  }),
];

function changeOperations(entry: z.ZodObject): readonly Operation[] {
  const own = {
    ...entry.shape,
    // As a segment of a path, these two would mean another path.
    id: z
      .string()
      .refine(isClientId, 'must be 1 to 256 printable ASCII characters')
      .refine((id) => !id.includes('*'), 'must not have a *, which stands for any text in a rule')
      .refine((id) => id !== '.' && id !== '..', 'must not be . or ..'),
  };
  return [
    operation({
      id: 'create-client',
      method: 'POST',
      at: '/clients',
      summary: 'Register a client. If it needs a secret, only this answer has it',
      scope: 'admin:write',
      body: z.strictObject(own),
      status: 201,
      answer: withSecret,
      versioned: true,
      run: createClient,
    }),
    operation({
      id: 'replace-client',
      method: 'PUT',
      at: '/clients/{id}',
      summary:
        'Replace the entry of a registered client; its secrets stay. `disabled: true` suspends it: its tokens are refused until it is enabled again',
      scope: 'admin:write',
      path,
      body: entry,
      needsMatch: true,
      status: 200,
      answer: shownClient,
      versioned: true,
      run: replaceClient,
    }),
    operation({
      id: 'delete-client',
      method: 'DELETE',
      at: '/clients/{id}',
      summary: 'Delete a registered client that no rule names; its tokens are revoked for good',
      scope: 'admin:write',
      path,
      needsMatch: true,
      status: 204,
      run: deleteClient,
    }),
  ];
}

const secretOperations: readonly Operation[] = [
  operation({
    id: 'add-client-secret',
    method: 'POST',
    at: '/clients/{id}/secrets',
    summary: 'Add a secret, which is shown only once; the previous one continues to work, an older one does not',
    scope: 'admin:write',
    path,
    body: z.strictObject({}),
    status: 201,
    answer: withSecret,
    versioned: true,
    run: addSecret,
  }),
  operation({
    id: 'delete-client-secret',
    method: 'DELETE',
    at: '/clients/{id}/secrets/{secret}',
    summary: 'Delete one of two secrets',
    scope: 'admin:write',
    path: secretPath,
    status: 204,
    run: deleteSecret,
  }),
];
