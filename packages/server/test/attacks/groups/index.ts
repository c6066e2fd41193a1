// Lists the groups of attacks in the order of rows.tsv. A group is a folder here and a line in this list: `group.ts` names its
// cases, `world.ts` starts its servers, and the other files have the cases.
import type { Group } from '../group.ts';
import { administration } from './admin/group.ts';
import { binding } from './binding/group.ts';
import { clientAuthentication } from './client-authentication/group.ts';
import { delegation } from './delegation/group.ts';
import { described } from './described/group.ts';
import { exhaustion } from './exhaustion/group.ts';
import { issuers } from './issuers/group.ts';
import { otherServers } from './other-servers/group.ts';
import { pages } from './pages/group.ts';
import { policy } from './policy/group.ts';
import { publishedFlaws } from './published/group.ts';
import { redeeming } from './redeeming/group.ts';
import { refreshing } from './refresh/group.ts';
import { betweenRegions } from './regions/group.ts';
import { saml } from './saml/group.ts';
import { tokenEndpoint } from './token-endpoint/group.ts';
import { tokens } from './tokens/group.ts';

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
  redeeming,
  otherServers,
  described,
  betweenRegions,
];
