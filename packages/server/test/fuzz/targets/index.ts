// The list of fuzz targets.
import type { Target } from '../target.ts';
import { claims } from './claims.ts';
import { condition } from './condition.ts';
import { configuration } from './configuration.ts';
import { delegation } from './delegation.ts';
import { expressions } from './expression.ts';
import { form } from './form.ts';
import { jws } from './jws.ts';
import { proof } from './proof.ts';
import { saml } from './saml.ts';

export const targets = [
  form,
  jws,
  claims,
  delegation,
  proof,
  saml,
  configuration,
  condition,
  expressions,
] as const satisfies readonly Target[];
