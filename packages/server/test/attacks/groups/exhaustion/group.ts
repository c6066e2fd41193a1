// Q: can a caller block the server, or fill its memory or database?

import { group } from '../../group.ts';
import { requests } from './requests.ts';
import { state } from './state.ts';
import { strangers } from './strangers.ts';
import { openExhaustionWorld } from './world.ts';

export const exhaustion = group('Q', 'exhaustion', openExhaustionWorld, {
  ...requests,
  ...state,
  ...strangers,
  Q18: { because: 'what is counted is counted in memory: there is no store of limits that could be down' },
});
