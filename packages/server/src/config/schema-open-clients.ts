// The form of the sections about clients that describe themselves, or register themselves.
import { z } from 'zod';
import { isDomain } from '../model/client-document.ts';
import { expecting } from '../primitives/expectation.ts';
import { clientSecret, duration, name, oneOrMore, scopes } from './schema-values.ts';

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

export const registration = z.strictObject({
  initialAccessToken: oneOrMore(clientSecret).optional(),
  open: z.boolean().default(false),
  audiences: z.array(name).default([]),
  scopes,
  lifetime: duration.default(2_592_000),
  refreshLifetime: duration.default(86_400),
});
