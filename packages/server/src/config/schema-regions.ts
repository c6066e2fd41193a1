// The form of `regions`: this region, the others, and how they trust each other.
import { z } from 'zod';
import { expecting } from '../primitives/expectation.ts';
import { duration, httpsUrl, oneOrMore, secret } from './schema-values.ts';

const regionName = expecting(
  z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/),
  'the name of a region',
  'lower-case letters, digits and dashes, such as eu or us-east-1',
);

export const regionsSection = z.strictObject({
  name: regionName,
  secret: oneOrMore(secret),
  peers: z.array(z.strictObject({ name: regionName, url: httpsUrl })).min(1),
  staleAfter: duration.default(10),
  singleUse: regionName,
  allowPrivateNetwork: z.boolean().default(false),
});
