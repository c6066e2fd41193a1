// Warns of rules about another authorization server that never give a grant, or that give grants which differ in their claims.
import { identityClaimNames } from '../issuing/identity-claims.ts';
import type { AuthorizationServer } from '../model/authorization-server.ts';
import type { Rule } from '../policy/rule.ts';
import { isRedeemed } from '../primitives/token-type.ts';
import type { Complain, Path } from './fault.ts';
import type { ConfigurationFile } from './schema.ts';

type Known = Pick<ConfigurationFile, 'issuer' | 'accounts' | 'upstream' | 'issuers'>;

export function warnOfRulesElsewhere(rules: ReadonlyMap<Rule, Path>, known: Known, complain: Complain): void {
  for (const [rule, path] of rules) {
    const servers = new Set(rule.grant.targets.flatMap(({ server }) => server ?? []));
    for (const server of servers)
      for (const { keys, message } of problemsOf(rule, server, known)) complain([...path, ...keys], message, 'warning');
  }
}

interface Problem {
  readonly keys: Path;
  readonly message: string;
}

function problemsOf(rule: Rule, server: AuthorizationServer, known: Known): readonly Problem[] {
  const { types } = rule.grant;
  return [
    ...[...types].flatMap((type) => {
      const kind = type === 'id_jag' ? 'id_jag' : 'chaining_grant';
      if (server.grants.has(kind)) return [];
      const message = `${server.issuer} has no ${kind} in its grants, so no request for ${type} is allowed. Add it there, or remove ${type}.`;
      return [{ keys: ['grant', 'types'], message }];
    }),
    ...rule.grant.claims.flatMap(([claim]) =>
      server.claims.has(claim)
        ? []
        : [
            {
              keys: ['grant', 'claims', claim],
              message: `no grant has ${claim}, because claims of ${server.issuer} does not list it. Add it there, or remove it.`,
            },
          ],
    ),
    ...(types.has('id_jag') ? problemsOfSubject(rule, server, known) : []),
  ];
}

/** The problems of an ID-JAG, whose subject is a token of ours. */
function problemsOfSubject({ subject }: Rule, server: AuthorizationServer, known: Known): readonly Problem[] {
  const { issuers } = subject;
  const isOurs = issuers !== 'any' && issuers.size === 1 && issuers.has(known.issuer);
  if (!isOurs) return [];
  const { own } = subject.types;
  const taken = own === 'accepted' ? ['access_token'] : [...own].filter((type) => !isRedeemed(type));
  const given = taken.filter((type) => server.subjectTokens.has(type));
  const list = [...server.subjectTokens].join(', ');
  if (given.length === 0)
    return [
      {
        keys: ['subject', 'types'],
        message: `no ID-JAG is issued for these tokens: subjectTokens of ${server.issuer} are ${list}. Name one of them, or add the type there.`,
      },
    ];
  const hasNoAcr = server.acr.length > 0 && known.upstream === undefined;
  return [
    ...differencesOf(server, given, known),
    ...(hasNoAcr
      ? [
          {
            keys: ['subject'],
            message: `${server.issuer} needs an acr, and no sign-in with accounts of this file has one. Remove acr there, or let people sign in at upstream.`,
          },
        ]
      : []),
  ];
}

/** ID tokens have the claims that a scope covers, and access and refresh tokens the others. */
function differencesOf(
  { claims, subject }: AuthorizationServer,
  given: readonly string[],
  known: Known,
): readonly Problem[] {
  const others = given.filter((type) => type !== 'id_token');
  if (!given.includes('id_token') || others.length === 0) return [];
  const named = subject === 'email' ? ['email'] : typeof subject === 'object' ? [subject.claim] : [];
  const ofAccounts = new Set(known.accounts.flatMap((account) => Object.keys(account.claims)));
  return [...new Set([...claims, ...named])]
    .filter((claim) => ofAccounts.has(claim))
    .map((claim) => {
      const [has, lacks] = identityClaimNames.includes(claim)
        ? ['id_token', others.join(' and ')]
        : [others.join(' and '), 'id_token'];
      return {
        keys: ['subject', 'types'],
        message: `a grant has ${claim} for ${has} only, and not for ${lacks}. Write a rule for each, or name one type.`,
      };
    });
}
