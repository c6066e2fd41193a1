// Refuses a grant that a client may not use, and lists the grants that it may use.
import type { Client } from '../model/client.ts';
import { Refusal } from '../primitives/refusal.ts';

/** @param name of the grant, as the configuration has it */
export const refuseGrant = ({ id, grants }: Client, name: string): Refusal =>
  new Refusal('grant_not_allowed', {
    detail: `${name} was asked for, and grants of ${id} has ${[...grants].join(', ') || 'nothing'}`,
  });
