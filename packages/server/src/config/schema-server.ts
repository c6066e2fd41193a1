// The form of the file's sections about the server itself: where it listens, and its audit.
import { z } from 'zod';
import { certificateFormats } from '../http/client-certificate.ts';
import { duration, oneOrMore, secret } from './schema-values.ts';

export const server = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(8080),
  tls: z.strictObject({ cert: z.string().min(1), key: z.string().min(1) }).optional(),
  clientCertificates: z
    .strictObject({
      authorities: oneOrMore(z.string().min(1)).default([]),
      header: z
        .strictObject({
          name: z.string().regex(/^[\w-]{1,64}$/, 'must be the name of a header'),
          format: z.enum(certificateFormats),
        })
        .optional(),
    })
    .prefault({}),
  trustProxy: z.array(z.string().min(1)).default([]),
  dpopNonces: z.boolean().default(false),
  metrics: z
    .union([
      z.literal('off'),
      z.strictObject({ host: z.string().min(1).default('127.0.0.1'), port: z.int().min(0).max(65_535).default(9464) }),
    ])
    .prefault({}),
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

const sinkName = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be letters, digits, dots, dashes and underscores');

const remoteSink = <T extends string>(type: T) =>
  z.strictObject({
    type: z.literal(type),
    name: sinkName.optional(),
    url: z.string(),
    headers: z.record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'must be the name of a header'), secret).default({}),
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
