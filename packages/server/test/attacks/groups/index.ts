// The groups of attacks, in the order of rows.tsv. A group is one file here and one line in this list.
import type { Group } from '../group.ts';
import { administration } from './admin.ts';
import { binding } from './binding.ts';
import { clientAuthentication } from './client-authentication.ts';
import { delegation } from './delegation.ts';
import { exhaustion } from './exhaustion.ts';
import { issuers } from './issuers.ts';
import { pages } from './pages.ts';
import { policy } from './policy.ts';
import { publishedFlaws } from './published.ts';
import { refreshing } from './refresh.ts';
import { saml } from './saml.ts';
import { tokenEndpoint } from './token-endpoint.ts';
import { tokens } from './tokens.ts';

export const groups: readonly Group[] = [
  tokenEndpoint,
  clientAuthentication,
  tokens,
  issuers,
  saml,
  delegation,
  policy,
  refreshing,
  binding,
  administration,
  pages,
  exhaustion,
  publishedFlaws,
];
