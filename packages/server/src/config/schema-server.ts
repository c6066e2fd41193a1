// The form of the sections about the server itself: listening, limits and audit.
import { z } from 'zod';
import { certificateFormats } from '../http/client-certificate.ts';
import { expecting } from '../primitives/expectation.ts';
import { duration, file, httpsUrl, oneOrMore, secret } from './schema-values.ts';

const host = expecting(
  z.string().min(1),
  'a host',
  'an address or a host name of this machine, such as 127.0.0.1',
).default('127.0.0.1');
const port = z.int().min(0).max(65_535);

export const server = z.strictObject({
  host,
  port: port.default(8080),
  tls: z.strictObject({ cert: file, key: file }).optional(),
  clientCertificates: z
    .strictObject({
      authorities: oneOrMore(file).default([]),
      header: z
        .strictObject({
          name: expecting(z.string().regex(/^[\w-]{1,64}$/), 'the name of a header', 'one such as Client-Cert'),
          format: z.enum(certificateFormats),
        })
        .optional(),
    })
    .prefault({}),
  trustProxy: z
    .array(expecting(z.string().min(1), 'an address or a network', 'one such as 192.0.2.7 or 10.0.0.0/8'))
    .default([]),
  dpopNonces: z.boolean().default(false),
  metrics: expecting(
    z.union([z.literal('off'), z.strictObject({ host, port: port.default(9464) })]),
    'an address for metrics',
    'off, or { host: 127.0.0.1, port: 9464 }',
  ).prefault({}),
  limits: z
    .strictObject({
      requestsPerClient: z.int().min(1).max(10_000_000).optional(),
      requestsPerAddress: z.int().min(1).max(10_000_000).optional(),
      body: z.int().min(1024).max(16_777_216).default(1_048_576),
      connections: z.int().min(1).max(1_000_000).default(10_000),
      waiting: z.int().min(1).max(100_000).default(500),
    })
    .prefault({}),
  announceStop: duration.default(1),
});

const sinkName = expecting(
  z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
  'the name of a sink',
  'letters, digits, dots, dashes and underscores, such as archive',
);

const remoteSink = <T extends string>(type: T) =>
  z.strictObject({
    type: z.literal(type),
    name: sinkName.optional(),
    url: httpsUrl,
    headers: z
      .record(
        expecting(
          z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
          'the name of a header',
          'the name alone, such as X-Api-Key',
        ),
        secret,
      )
      .default({}),
    allowPrivateNetwork: z.boolean().default(false),
  });

export const audit = z.strictObject({
  retention: duration.optional(),
  checkpointEvery: duration.default(3600),
  stream: z
    .array(
      z.discriminatedUnion('type', [
        z.strictObject({ type: z.literal('stdout'), name: sinkName.optional() }),
        remoteSink('webhook'),
        remoteSink('otlp'),
      ]),
    )
    .default([]),
});
