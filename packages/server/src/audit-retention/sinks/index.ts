// The list of all kinds of sink.
import { otlp } from './otlp.ts';
import type { SinkKind } from './sink.ts';
import { stdout } from './stdout.ts';
import { webhook } from './webhook.ts';

export const sinkKinds = [stdout, webhook, otlp] as const satisfies readonly SinkKind[];
