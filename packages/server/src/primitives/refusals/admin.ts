// Refusals of the admin API.
import type { RefusalGroup } from './group.ts';

export const adminRefusals = {
  admin_item: {
    answer: [404, 'not_found', 'There is no such item'],
    reasons: {
      admin_item_unknown: ['there is no such client, key or row', 'List the items first, and use an id of that list.'],
    },
  },
  admin_body: {
    answer: [400, 'invalid_request', 'The body is not a JSON object'],
    reasons: {
      admin_body: [
        'the body of a request to the admin API is not a JSON object, or has a member twice or a number beyond 2^53',
        'Send one JSON object with Content-Type: application/json.',
      ],
    },
  },
  admin_in_use: {
    answer: [409, 'conflict', 'The item is in use, belongs to the configuration file, or is there already'],
    reasons: {
      admin_in_use: [
        'the item belongs to the configuration file, is needed, or exists already',
        'Change an item of the file in the file. Otherwise read the detail: it names what needs the item.',
      ],
    },
  },
  admin_changed: {
    answer: [412, 'precondition_failed', 'The item has changed: read it again'],
    reasons: {
      admin_changed: [
        'the item has changed since its ETag was read',
        'Read the item again, and send the change with the new ETag in If-Match.',
      ],
    },
  },
  admin_unconditional: {
    answer: [428, 'precondition_required', 'If-Match with the ETag of the item is missing'],
    reasons: {
      admin_unconditional: ['the change has no If-Match header', 'Read the item, and send its ETag in If-Match.'],
    },
  },
  admin_invalid: {
    answer: [422, 'invalid_request', 'Some values cannot be taken'],
    reasons: {
      admin_invalid: [
        'a parameter or a member is unknown, missing or malformed',
        'Correct the values that `errors` lists. The OpenAPI document at /admin/v1/openapi.json says what each may be.',
      ],
    },
  },
} as const satisfies RefusalGroup;
