// Servers of one issuer in regions with a database each, and a proxy on each way between them.
import assert from 'node:assert/strict';
import { configuration as base } from './basics.ts';
import { type Configuration, changed } from './configuration.ts';
import { freePort, start, type TestServer } from './harness.ts';
import { served } from './node.ts';
import { startProxy, type Proxy as Way } from './proxy.ts';

/** One issuer, whichever region answers. */
export const ISSUER = 'http://127.0.0.1:9';
export const SECRET = 'a secret of all regions, 32 characters';

/**
 * Both servers repeat what is answered 503, as clients are told to: on a busy machine a region may not have read the other one in time. `once`
 * sends a request once.
 */
export interface World {
  readonly eu: TestServer;
  readonly us: TestServer;
  /** The way on which eu reads us. */
  readonly toUs: Way;
  readonly toEu: Way;
  readonly secret: string;
  /** Starts a region again that was closed, with the database in its folder. */
  readonly reopen: Readonly<Record<'eu' | 'us', () => Promise<TestServer>>>;
}

type Test = Parameters<typeof start>[0];

export interface WorldOptions {
  readonly configuration?: Configuration;
  readonly stores?: { readonly eu: string; readonly us: string };
  /** Both have a third region, which cannot be reached. */
  readonly third?: string;
  /** Members of `regions`, of one region. */
  readonly regions?: { readonly eu?: Configuration; readonly us?: Configuration };
}

export async function startWorld(
  t: Test,
  {
    configuration = base,
    stores = { eu: 'sqlite:cambio.db', us: 'sqlite:cambio.db' },
    third,
    regions = {},
  }: WorldOptions = {},
): Promise<World> {
  const ports = { eu: await freePort(), us: await freePort() };
  const [toUs, toEu] = [await startProxy(t, ports.us), await startProxy(t, ports.eu)];
  const of = (name: 'eu' | 'us', peer: 'eu' | 'us', proxy: Way): Configuration =>
    changed(configuration, {
      issuer: ISSUER,
      store: stores[name],
      regions: {
        name,
        secret: { plain: SECRET },
        peers: [
          { name: peer, url: `http://127.0.0.1:${proxy.port}` },
          ...(third === undefined ? [] : [{ name: third, url: 'http://127.0.0.1:9' }]),
        ],
        staleAfter: '3s',
        singleUse: 'eu',
        allowPrivateNetwork: true,
        ...regions[name],
      },
    });
  const files = { eu: of('eu', 'us', toUs), us: of('us', 'eu', toEu) };
  const open = async (name: 'eu' | 'us', folder?: string): Promise<TestServer> =>
    patient(await start(t, files[name], { port: ports[name], ...(folder !== undefined && { folder }) }));
  const [eu, us] = [await open('eu'), await open('us')];
  return {
    eu,
    us,
    toUs,
    toEu,
    secret: SECRET,
    reopen: { eu: () => open('eu', eu.folder), us: () => open('us', us.folder) },
  };
}

/** Regions that all read each other. @returns their servers, by name, and the ways on which the first of two names reads the second */
export async function startRegions<Name extends string>(
  t: Test,
  names: readonly [Name, ...Name[]],
  configuration: Configuration,
): Promise<{ readonly at: Readonly<Record<Name, TestServer>>; readonly way: (from: Name, to: Name) => Way }> {
  const ports = new Map<Name, number>();
  for (const name of names) ports.set(name, await freePort());
  const ways = new Map<string, Way>();
  const portOf = (name: Name): number => ports.get(name) ?? assert.fail();
  for (const from of names)
    for (const to of names.filter((name) => name !== from)) ways.set(`${from} ${to}`, await startProxy(t, portOf(to)));
  const way = (from: Name, to: Name): Way => ways.get(`${from} ${to}`) ?? assert.fail();
  const started = new Map<Name, TestServer>();
  for (const name of names) {
    const peers = names
      .filter((other) => other !== name)
      .map((other) => ({ name: other, url: `http://127.0.0.1:${way(name, other).port}` }));
    const file = changed(configuration, {
      issuer: ISSUER,
      regions: {
        ...{ name, secret: { plain: SECRET }, peers, staleAfter: '3s' },
        ...{ singleUse: names[0], allowPrivateNetwork: true },
      },
    });
    started.set(name, await start(t, file, { port: portOf(name) }));
  }
  return { at: Object.fromEntries(started) as Record<Name, TestServer>, way };
}

const patient = (server: TestServer): TestServer => ({
  ...server,
  post: (...request) => served(() => server.once.post(...request)),
  token: (...request) => served(() => server.once.token(...request)),
});
