// A: can a caller change something through the admin API without permission, learn a secret, or leave no audit row?

import { group } from '../../group.ts';
import { bodies } from './bodies.ts';
import { changes } from './changes.ts';
import { consoleCases } from './console.ts';
import { drafts } from './drafts.ts';
import { operators } from './operators.ts';
import { proof } from './proof.ts';
import { openAdminWorld } from './world.ts';

export const administration = group('A', 'admin', openAdminWorld, {
  A02: { because: 'there are no tenants: one process serves one issuer' },
  A07: { because: 'the admin API makes no issuers: they stand in the file, and X03 and X23 try them there' },
  ...bodies,
  ...changes,
  ...consoleCases,
  ...drafts,
  ...operators,
  ...proof,
});
