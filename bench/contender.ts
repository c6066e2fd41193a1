// A contender: a server to measure, and how to start it.
import type { Claims, Issuers } from './issuers.ts';
import type { EndpointName, Form } from './request.ts';
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

/** A contender that is not a program of Node. */
export interface Program {
  readonly run: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A path that answers 200 once the program is ready. */
  readonly ready: string;
  readonly version: string;
}

export type Command = readonly string[] | Program;

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
  /** The claims that its subject tokens need. */
  readonly claims?: (port: number) => Claims;
  /** The form by which it gets the same work as by a form of the workloads. */
  readonly translate?: (form: Form) => Form;
  /** The arguments of Node, whose program prints a line with ` serves ` when it is ready; or another program. */
  readonly command: (place: Place) => Command | Promise<Command>;
}
