// Who is measured, and how is it started?
import type { Issuers } from './issuers.ts';
import type { EndpointName } from './request.ts';
import type { workloads } from './workloads.ts';

export type WorkloadName = (typeof workloads)[number]['name'];

export interface Place {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number;
  /** Empty, its own, and gone afterwards. */
  readonly folder: string;
  readonly issuers: Issuers;
  /** Of the measured processes. */
  readonly workers: number;
  /** What ends with the contender, the last thing first. */
  readonly after: (work: () => Promise<void>) => void;
}

export interface Contender {
  readonly name: string;
  /** What it is, to a reader of the results. */
  readonly title: string;
  /** The workloads that it knows; all where nothing is said. */
  readonly offers?: readonly WorkloadName[];
  /** Can it run as several processes behind one port? */
  readonly workers?: true;
  /** Where its endpoints are. The token endpoint is needed by workloads of others too. */
  readonly paths: Readonly<Partial<Record<EndpointName, string>>> & { readonly token: string };
  /** What Node runs; it prints a line with ` serves ` once it answers. */
  readonly command: (place: Place) => readonly string[] | Promise<readonly string[]>;
}
