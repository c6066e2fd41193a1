// The form of the section about clients that describe themselves.
import { z } from 'zod';
import { isDomain } from '../model/client-document.ts';
import { expecting } from '../primitives/expectation.ts';
import { duration, name, scopes } from './schema-values.ts';

export const clientDocuments = z.strictObject({
  domains: z
    .array(
      expecting(
        z
          .string()
          .regex(/^(?:[a-z0-9._-]+|\[[0-9a-f:]+\])(?::\d{1,5})?$/, { abort: true })
          .refine(isDomain),
        'a host',
        'a host in lower case, and its port unless that is 443, such as agents.example.com',
      ),
    )
    .min(1),
  audiences: z.array(name).default([]),
  scopes,
  refreshLifetime: duration.default(86_400),
  allowPrivateNetwork: z.boolean().default(false),
});
