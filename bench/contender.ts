// A contender: a server to measure, and how to start it.
import type { Issuers } from './issuers.ts';
import type { EndpointName } from './request.ts';
import type { workloads } from './workloads.ts';

export type WorkloadName = (typeof workloads)[number]['name'];

export interface Place {
  /** Its port, on 127.0.0.1. */
  readonly port: number;
  /** An empty folder that is deleted afterwards. */
  readonly folder: string;
  readonly issuers: Issuers;
  /** Environment of the measured processes. */
  readonly workers: number;
  /** Runs at the end of the contender, in reverse order. */
  readonly after: (work: () => Promise<void>) => void;
}

export interface Contender {
  readonly name: string;
  /** Its description in the results. */
  readonly title: string;
  /** The workloads that it supports; undefined: all. */
  readonly offers?: readonly WorkloadName[];
  /** Can it run as several processes on one port? */
  readonly workers?: true;
  /** Its endpoints. Workloads of other endpoints need the token endpoint too. */
  readonly paths: Readonly<Partial<Record<EndpointName, string>>> & { readonly token: string };
  /** The arguments of Node. The program prints a line with ` serves ` when it is ready. */
  readonly command: (place: Place) => readonly string[] | Promise<readonly string[]>;
}
