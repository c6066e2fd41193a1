// Q: may anybody hold the server up, or fill it?
import { requests } from '../exhaustion/requests.ts';
import { state } from '../exhaustion/state.ts';
import { strangers } from '../exhaustion/strangers.ts';
import { openExhaustionWorld } from '../exhaustion/world.ts';
import { group } from '../group.ts';

export const exhaustion = group('Q', 'exhaustion.ts', openExhaustionWorld, {
  ...requests,
  ...state,
  ...strangers,
  Q18: { because: 'what is counted is counted in memory: there is no store of limits that could be down' },
});
