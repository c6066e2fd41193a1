// Finds faults in options and requirements at start, so that a value missing by mistake never admits everyone.

import type { VerifierOptions } from './options.ts';
import type { ActorPattern, Requirements } from './requirements.ts';

/** @throws TypeError that names the option and says what to write */
export function checkOptions(options: VerifierOptions): void {
  refuseUndefined('options', options);
  refuseUnknown('options', options, OPTIONS);
  const { issuer, audience, algorithms, proofAlgorithms, introspection, senderConstraint, nonceSecret, baseUrl } =
    options;
  if (baseUrl !== undefined && (!/^https?:\/\/[^?#]+$/.test(baseUrl) || !URL.canParse(baseUrl)))
    throw fault('baseUrl', baseUrl, 'an http or https URL without query and fragment');
  if (typeof issuer !== 'string' || !URL.canParse(issuer)) throw fault('issuer', issuer, 'the URL of the server');
  checkText('audience', audience);
  checkOneOf('senderConstraint', senderConstraint, ['required', 'optional']);
  if (nonceSecret !== undefined) checkText('nonceSecret', nonceSecret);
  if (algorithms !== undefined) checkAlgorithms('algorithms', algorithms);
  if (proofAlgorithms !== undefined) checkAlgorithms('proofAlgorithms', proofAlgorithms);
  if (introspection === undefined) return;
  refuseUndefined('introspection', introspection);
  refuseUnknown('introspection', introspection, INTROSPECTION);
  const { clientId, clientSecret, method, tokens, cacheFor } = introspection;
  checkText('introspection.clientId', clientId);
  checkText('introspection.clientSecret', clientSecret);
  checkOneOf('introspection.method', method, ['client_secret_basic', 'client_secret_post']);
  checkOneOf('introspection.tokens', tokens, ['opaque', 'all']);
  if (cacheFor !== undefined) checkSeconds('introspection.cacheFor', cacheFor);
}

const REQUIREMENTS = ['scope', 'actor', 'acr', 'maxAge'];
const ACTOR = ['iss', 'sub', 'subProfile'];
const INTROSPECTION = ['endpoint', 'clientId', 'clientSecret', 'method', 'tokens', 'cacheFor'];
/** The options of a verifier, and the two additional ones of a guard. */
const OPTIONS = [
  ...['issuer', 'audience', 'jwksUri', 'jwks', 'algorithms', 'proofAlgorithms', 'introspection', 'baseUrl'],
  ...['senderConstraint', 'nonceSecret', 'replay', 'metadata', 'clock', 'certificateOf', 'onRefusal'],
];

/** @throws TypeError as `checkOptions` */
export function checkRequirementsForm(requirements: Requirements): void {
  refuseUndefined('requirements', requirements);
  refuseUnknown('requirements', requirements, REQUIREMENTS);
  const { scope, actor, acr, maxAge } = requirements;
  if (scope !== undefined) checkText('requirements.scope', scope);
  if (actor !== undefined) checkActors([actor].flat());
  if (acr !== undefined) {
    if ([acr].flat().length === 0) throw fault('requirements.acr', acr, 'at least one context class');
    for (const one of [acr].flat()) checkText('requirements.acr', one);
  }
  if (maxAge !== undefined) checkSeconds('requirements.maxAge', maxAge);
}

/** `{}` is the only pattern that admits every actor, and it must be written out. @throws TypeError as `checkOptions` */
export function checkActors(patterns: readonly ActorPattern[]): void {
  if (patterns.length === 0) throw fault('actor', patterns, 'at least one pattern');
  for (const pattern of patterns) {
    if (typeof pattern !== 'object' || pattern === null) throw fault('actor', pattern, '{ sub } or { iss, sub }');
    refuseUndefined('actor', pattern);
    for (const [name, value] of Object.entries(pattern)) {
      if (!ACTOR.includes(name)) throw fault(`actor.${name}`, value, `one of ${ACTOR.join(', ')}`);
      checkText(`actor.${name}`, value);
      if (name === 'subProfile' && /\s/.test(String(value)))
        throw fault('actor.subProfile', value, 'one kind, such as ai_agent');
    }
  }
}

/** Refuses members that are present and undefined: usually an environment variable that is not set. */
function refuseUndefined(what: string, members: object): void {
  const name = Object.entries(members).find(([, value]) => value === undefined)?.[0];
  if (name !== undefined) throw new TypeError(`${what}.${name} is undefined: give it a value, or leave it out`);
}

/** Refuses unknown names: a misspelled option would otherwise be ignored. */
function refuseUnknown(what: string, members: object, known: readonly string[]): void {
  const unknown = Object.keys(members).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new TypeError(`${what}.${unknown} is not known: it must be one of ${known.join(', ')}`);
}

function checkText(name: string, value: unknown): void {
  if (typeof value !== 'string' || value.trim() === '') throw fault(name, value, 'a text that is not empty');
}

function checkSeconds(name: string, value: unknown): void {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw fault(name, value, 'seconds, 0 or more');
}

function checkOneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (value !== undefined && !allowed.includes(value as string)) throw fault(name, value, allowed.join(' or '));
}

function checkAlgorithms(name: string, value: readonly unknown[]): void {
  const isAsymmetric = (one: unknown): boolean => typeof one === 'string' && one !== 'none' && !one.startsWith('HS');
  if (!Array.isArray(value) || value.length === 0 || !value.every(isAsymmetric))
    throw fault(name, value, 'names of asymmetric algorithms, such as ES256');
}

const fault = (name: string, value: unknown, wanted: string): TypeError =>
  new TypeError(`${name} is ${JSON.stringify(value) ?? String(value)}: it must be ${wanted}`);
