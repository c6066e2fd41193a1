// Starts the quickstart for a test on free ports with its own folder, and requests tokens.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from '../../../packages/server/test/support/harness.ts';
import { type Program, path, startProgram, temporaryFolder } from '../../../packages/server/test/support/program.ts';

export type Test = Pick<TestContext, 'after'>;
export type Environment = Readonly<Record<'PATH' | 'PORT' | 'API_PORT' | 'CAMBIO_DATA', string>>;

export interface Quickstart extends Program {
  readonly issuer: string;
  /** URL of the sample API. */
  readonly api: string;
  readonly env: Environment;
}

export const BY_NPM = ['npm', 'start'];
/** The command of `npm start`. */
export const BY_NODE = [process.execPath, '--conditions=source', 'examples/quickstart/start.ts'];

export const SUBJECT = { client_id: 'your_client_id', client_secret: 'your_client_secret' };
export const ACTOR = { client_id: 'service', client_secret: 'service_secret' };

export async function surroundings(t: Test): Promise<Environment> {
  const [PORT, API_PORT] = [String(await freePort()), String(await freePort())];
  return { PATH: path, PORT, API_PORT, CAMBIO_DATA: join(temporaryFolder(t), 'data') };
}

/** Resolves when it is ready. */
export async function startQuickstart(t: Test, command: readonly string[], known?: Environment): Promise<Quickstart> {
  const env = known ?? (await surroundings(t));
  const program = startProgram(t, command, { env });
  await program.printed('Ctrl-C stops.');
  return { ...program, issuer: `http://localhost:${env.PORT}`, api: `http://localhost:${env.API_PORT}`, env };
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** @param form sent unchanged */
export async function post(issuer: string, form: string): Promise<Answer> {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const response = await fetch(`${issuer}/oauth/token`, { method: 'POST', headers, body: form });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** A token by client credentials. */
export async function obtain(issuer: string, form: Readonly<Record<string, string>>): Promise<string> {
  const query = new URLSearchParams({ grant_type: 'client_credentials', ...form });
  const { status, body } = await post(issuer, query.toString());
  assert.equal(status, 200, JSON.stringify(body));
  return String(body.access_token);
}

export const exchangeForm = (subjectToken: string): string =>
  `grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=${subjectToken}` +
  '&subject_token_type=urn:ietf:params:oauth:token-type:access_token' +
  '&client_id=your_client_id&client_secret=your_client_secret';

/** Why the scripts cannot run on this machine; empty if they can. */
export function missingTools(...more: readonly string[]): string {
  const missing = ['bash', 'curl', 'jq', ...more].filter((name) => spawnSync(name, ['--version']).status !== 0);
  return missing.length === 0 ? '' : `this machine lacks ${missing.join(' and ')}`;
}
