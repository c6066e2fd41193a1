// Lists the resources, authorization servers, issuers and rules of the configuration in force. They belong to the file, and cannot be changed here.
import { z } from 'zod';
import type { Administration } from './administration.ts';
import { type Operation, operation } from './operation.ts';
import { pageFrom, pageOf, pageQuery } from './page.ts';

const lists: readonly { readonly name: keyof Administration['entries']; readonly summary: string }[] = [
  { name: 'resources', summary: 'The resources, in the words of the configuration file' },
  {
    name: 'authorizationServers',
    summary: 'The other authorization servers for which grants are issued',
  },
  { name: 'issuers', summary: 'The issuers that are trusted' },
  { name: 'rules', summary: 'The rules, in the order in which they are evaluated' },
];

const dashed = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export const configuration: readonly Operation[] = lists.map(({ name, summary }) =>
  operation({
    id: `list-${dashed(name)}`,
    method: 'GET',
    at: `/${dashed(name)}`,
    summary,
    scope: 'admin:read',
    query: z.strictObject(pageQuery),
    status: 200,
    answer: pageOf(z.looseObject({})),
    run: async ({ query, services }) => ({ body: pageFrom(services.admin.entries[name], query) }),
  }),
);
