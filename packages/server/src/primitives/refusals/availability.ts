// Refusals for load, and for what the server needs and cannot have.
import type { RefusalGroup } from './group.ts';

export const availabilityRefusals = {
  too_many: {
    answer: [429, 'temporarily_unavailable', 'Too many requests: try again later'],
    reasons: {
      authentication_rate: 'too many failed authentications of this client from this address',
      sign_in_rate: 'too many passwords that were wrong, for this account or from this address',
      upstream_rate: 'too many sign-ins at the upstream provider failed from this address',
      client_rate: 'the client asked more often than requestsPerClient allows',
      address_rate: 'this address asked more often than requestsPerAddress allows',
    },
  },
  dependency: {
    answer: [503, 'temporarily_unavailable', 'The server cannot answer at the moment: try again later'],
    reasons: {
      sign_in_busy: 'too many passwords are being looked at: each takes its time on purpose',
      connections: 'as many connections as the limit allows have a request under way',
      overload: 'as many requests as the limit allows wait to be begun',
      issuer_unavailable: "a trusted issuer's keys or its introspection cannot be had",
      store_unavailable: 'the database did not answer',
    },
  },
  fault: {
    answer: [500, 'server_error', 'The server failed'],
    reasons: {
      server_error: 'a fault of this server',
    },
  },
} as const satisfies RefusalGroup;
