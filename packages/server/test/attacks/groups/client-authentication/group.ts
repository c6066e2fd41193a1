// C: can a caller authenticate as a client that it is not?
import { group } from '../../group.ts';
import { assertions } from './assertions.ts';
import { byCertificate, byHeader } from './certificates.ts';
import { existence } from './existence.ts';
import { byRenewedFile } from './renewed.ts';
import { secrets } from './secrets.ts';
import { open } from './world.ts';

export const clientAuthentication = group('C', 'client-authentication', open, {
  ...secrets,
  ...assertions,
  ...existence,
  C20: byCertificate,
  C25: byHeader,
  C26: byRenewedFile,
});
