// Refusals because of load, or because a dependency is unavailable.
import type { RefusalGroup } from './group.ts';

export const availabilityRefusals = {
  too_many: {
    answer: [429, 'temporarily_unavailable', 'Too many requests: try again later'],
    reasons: {
      authentication_rate: [
        'too many authentications of this client from this address failed',
        'Wait a minute, and correct the credentials of the client: earlier rows of this client say what was wrong.',
      ],
      sign_in_rate: [
        'too many passwords were wrong, for this account or from this address',
        'Wait for as long as Retry-After says. If nobody mistyped, somebody is guessing passwords: search the audit log for the address.',
      ],
      upstream_rate: [
        'too many sign-ins at the upstream provider failed from this address',
        'Wait for as long as Retry-After says. Earlier rows with upstream_failed say what was wrong.',
      ],
      registration_rate: [
        'this address registers clients too often',
        'Wait for as long as Retry-After says. Let the client keep its registration until it expires.',
      ],
      registrations_full: [
        'as many clients as the server keeps have registered themselves',
        'Wait until some expire, or shorten registration.lifetime. If nobody needs that many, require an initial access token.',
      ],
      client_rate: [
        'the client sent more requests than requestsPerClient allows',
        'Let the client keep its tokens until they expire, or raise server.limits.requestsPerClient.',
      ],
      discovery_rate: [
        'the client asked for its targets more than 60 times in a minute',
        'Ask once for each subject token, and keep the answer while the token is valid. An exchange says whether a target is granted, too.',
      ],
      actor_limit_minute: [
        'a client or an actor that takes part sent more requests than its limits.perMinute allows',
        'Wait for as long as Retry-After says. Let the agent keep its tokens until they expire, or raise the limit of the entry that the detail names.',
      ],
      actor_limit_day: [
        'a client or an actor that takes part sent more requests than its limits.perDay allows',
        'Wait for as long as Retry-After says, or raise the limit of the entry that the detail names.',
      ],
      actor_limit_descendants: [
        'a client or an actor that takes part has as many valid tokens as its limits.descendants allows',
        'Wait until one expires, or revoke one. Or raise the limit of the entry that the detail names.',
      ],
      address_rate: [
        'this address sent more requests than requestsPerAddress allows',
        'Ask less often, or raise server.limits.requestsPerAddress. Behind a proxy, list it in server.trustProxy: otherwise all callers count as one.',
      ],
    },
  },
  dependency: {
    answer: [503, 'temporarily_unavailable', 'The server cannot answer at the moment: try again later'],
    reasons: {
      sign_in_busy: [
        'too many passwords are being checked; a check is slow on purpose',
        'Try again in a second. If it happens every day, run more processes or nodes.',
      ],
      connections: [
        'every connection that server.limits.connections allows has a request in progress',
        'Try again in a second. If it happens every day, raise server.limits.connections or add nodes.',
      ],
      overload: [
        'the queue of waiting requests is full (server.limits.waiting)',
        'Try again in a second. If it happens every day, run more processes or nodes.',
      ],
      console_not_built: [
        'the configuration has a console, and its files are not built',
        'Run npm run build:console in the repository. A package that npm run build made contains them.',
      ],
      client_document_unavailable: [
        'the client id is a URL, and the document there cannot be fetched',
        'Check that this server can reach the URL in the detail: name resolution, firewall, certificate. Set clientDocuments.allowPrivateNetwork for a client in a private network.',
      ],
      issuer_unavailable: [
        'the keys or the introspection of a trusted issuer are unavailable',
        'Check that this server can reach the URL in the detail: name resolution, firewall, certificate. Set allowPrivateNetwork for an issuer in a private network.',
      ],
      issuer_keys_recent: [
        'the key set of the issuer does not have the key, and was fetched too recently to be fetched again: the key may be newer',
        'Wait for as long as Retry-After says, and repeat the request. If it is refused then, the issuer does not publish the key.',
      ],
      region_unavailable: [
        'another region may have revoked the token, or used its id, and this region could not ask it for longer than regions.staleAfter',
        'Check that this region can reach the URL of the other one, and that both have the same regions.secret. /readyz and the status of the console name the region and the failure.',
      ],
      store_unavailable: [
        'the database did not answer',
        'Check that the database runs and can be reached from this node. /readyz reports it, too.',
      ],
    },
  },
  elsewhere: {
    answer: [
      421,
      'temporarily_unavailable',
      'Another region of this server must answer this request: send it to the region that issued the token',
    ],
    reasons: {
      wrong_region: [
        'another region issued the refresh token, code or opaque token, and only that region has its record',
        'Let the gateway send a client always to the region that it began with, or repeat a request that was answered 421 in another region.',
      ],
    },
  },
  fault: {
    answer: [500, 'server_error', 'The server failed'],
    reasons: {
      server_error: [
        'this server failed',
        'Find the request id in the log of the server, and report the fault with the lines from there.',
      ],
    },
  },
} as const satisfies RefusalGroup;
