// The type of a resolved configuration: all names refer to entries, so that no other module looks a name up in the file.

import type { KeptFile } from '../audit/configuration.ts';
import type { AuditRetentionSettings } from '../audit-retention/retain.ts';
import type { RequestLimits } from '../client-auth/request-limit.ts';
import type { CertificateSource } from '../http/client-certificate.ts';
import type { SigningAlgorithm } from '../keys/algorithms.ts';
import type { KeySchedule } from '../keys/key-sets.ts';
import type { SealingKeySource } from '../keys/sealing-key.ts';
import type { MetricsAddress } from '../metrics/listener.ts';
import type { Clients } from '../model/client.ts';
import type { ClientDocumentSettings, RegistrationSettings } from '../model/client-document.ts';
import type { Resource } from '../model/resource.ts';
import type { ActorEntry } from '../narrowing/leashes.ts';
import type { ServerTargets } from '../narrowing/targets.ts';
import type { Policy } from '../policy/policy.ts';
import type { ReportForm } from '../primitives/log.ts';
import type { TokenErrorCode } from '../primitives/refusal.ts';
import type { RegionSettings } from '../regions/settings.ts';
import type { Account } from '../sign-in/accounts.ts';
import type { OperatorEntry } from '../sign-in/operators.ts';
import type { Branding } from '../sign-in/pages/branding.ts';
import type { UpstreamEntry } from '../sign-in/upstream.ts';
import type { StoreLocation } from '../store/store.ts';
import type { IssuerEntry } from '../trust/issuer.ts';
import type { SamlIssuerEntry } from '../trust/saml-issuer.ts';
import type { DraftBase } from './draft-base.ts';
import type { Fault, Path } from './fault.ts';
import type { ConfigurationText } from './origin.ts';
import type { Entries } from './redacted.ts';
import type { Registering } from './registered.ts';
import type { RuleTestOutcome } from './rule-test-outcome.ts';

/** With `first` it is the usual way to sign in, and its button is above the form for passwords. */
export type ConfiguredUpstream = UpstreamEntry & { readonly first: boolean };

/** The resolved content of a file. */
export interface ResolvedConfiguration extends Registering {
  readonly issuer: string;
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
    readonly clientCertificates: CertificateSource & {
      /** Does the server request a certificate on TLS connections? */
      readonly asked: boolean;
    };
    /** Addresses and networks, in the form of `parseNetwork`. */
    readonly trustProxy: readonly string[];
    readonly metrics: MetricsAddress | undefined;
    readonly limits: RequestLimits & {
      /** Bytes of a request body. */
      readonly body: number;
      /** Of one process. */
      readonly connections: number;
      readonly waiting: number;
    };
    /** Must DPoP proofs have a nonce of this server? */
    readonly dpopNonces: boolean;
    /** Milliseconds. */
    readonly announceStop: number;
  };
  readonly log: ReportForm;
  readonly store: StoreLocation;
  readonly audit: AuditRetentionSettings;
  /** Name, logo and colour of the pages. */
  readonly branding: Branding;
  readonly tokenErrorCode: TokenErrorCode;
  readonly developerErrors: boolean;
  readonly resources: readonly Resource[];
  /** Other authorization servers, with their targets. */
  readonly authorizationServers: readonly ServerTargets[];
  readonly clients: Clients;
  /** Undefined if no client may describe itself. */
  readonly clientDocuments: ClientDocumentSettings | undefined;
  /** Undefined if no client may register itself. */
  readonly registration: RegistrationSettings | undefined;
  readonly accounts: readonly Account[];
  /** Another provider at which people sign in. */
  readonly upstream: ConfiguredUpstream | undefined;
  /** Who may use the console. Undefined if there is none. */
  readonly console: readonly OperatorEntry[] | undefined;
  /** Undefined if the server has one region. */
  readonly regions: RegionSettings | undefined;
  /** The limits of actors. */
  readonly actors: readonly ActorEntry[];
  readonly issuers: readonly IssuerEntry[];
  readonly saml: readonly SamlIssuerEntry[];
  readonly policy: Policy;
  readonly keys: KeySchedule & { readonly algorithms: readonly [SigningAlgorithm, ...SigningAlgorithm[]] };
  readonly sealingKey: SealingKeySource;
}

/** An entry whose file has unusable content. The content before it stays in force. */
export interface BrokenRenewal {
  /** `clients[gateway].secret` */
  readonly entry: string;
  /** Names files, and never shows their content. */
  readonly message: string;
}

export interface Renewals {
  /** The entries whose files have new content. */
  readonly renewed: readonly string[];
  readonly broken: readonly BrokenRenewal[];
}

/** A resolved file with its entries, its warnings, its places and its checks. */
export interface Configuration extends ResolvedConfiguration, Renewals {
  /** The entries of the file, without secrets. */
  readonly entries: Entries;
  /** The main file, and then the included files, in the order of their entries. */
  readonly files: readonly ConfigurationText[];
  /** The files as the audit keeps them: without secrets and people. */
  readonly kept: readonly KeptFile[];
  readonly warnings: readonly Fault[];
  /** The faulty included files that were left out, as faults name them. A server has none. */
  readonly leftOut: readonly string[];
  /** @returns the file and the line of the value at the path, such as `cambio.yaml:12` */
  readonly placeOf: (path: Path) => string;
  /** May the file of the entry at the path name the audience? Files of teams have limits. */
  readonly mayName: (path: Path, audience: string) => boolean;
  /** The issuer changes only at a start, because all tokens name it. @throws ConfigurationError if the file has another one */
  readonly requireIssuer: (started: string) => void;
  /**
   * Runs the tests of rules, and checks whether certificates have expired, which a start does not.
   * @returns the number of tests @throws ConfigurationError with all faults
   */
  readonly examine: () => number;
  /** Runs the tests of rules, as a server does before it puts rules in force. @throws ConfigurationError with all faults */
  readonly testRules: () => void;
  /** Runs the tests of rules, and says how each ended. */
  readonly judgeTests: () => readonly RuleTestOutcome[];
  /** What a draft of another configuration begins with. */
  readonly draftBase: () => DraftBase;
}
