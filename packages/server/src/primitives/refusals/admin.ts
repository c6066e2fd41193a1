// Refusals of the admin API.
import type { RefusalGroup } from './group.ts';

export const adminRefusals = {
  admin_item: {
    answer: [404, 'not_found', 'There is no such item'],
    reasons: {
      admin_item_unknown: 'no such client, key or row',
    },
  },
  admin_body: {
    answer: [400, 'invalid_request', 'The body is not a JSON object'],
    reasons: {
      admin_body:
        'the body of a request to the admin API is not a JSON object, or one with a member twice or a number beyond 2^53',
    },
  },
  admin_in_use: {
    answer: [409, 'conflict', 'The item is in use, belongs to the configuration file, or is there already'],
    reasons: {
      admin_in_use: 'what would be changed belongs to the file, is needed, or is there already',
    },
  },
  admin_changed: {
    answer: [412, 'precondition_failed', 'The item has changed: read it again'],
    reasons: {
      admin_changed: 'what would be changed has changed since its ETag was read',
    },
  },
  admin_unconditional: {
    answer: [428, 'precondition_required', 'If-Match with the ETag of the item is missing'],
    reasons: {
      admin_unconditional: 'a change without If-Match',
    },
  },
  admin_invalid: {
    answer: [422, 'invalid_request', 'Some values cannot be taken'],
    reasons: {
      admin_invalid: 'a parameter or a member is unknown, missing or malformed',
    },
  },
} as const satisfies RefusalGroup;
