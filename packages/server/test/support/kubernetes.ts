// Checks manifests against the schemas of Kubernetes, of the Gateway API and of the Prometheus operator.
import assert from 'node:assert/strict';
import { parseAllDocuments } from 'yaml';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  // biome-ignore lint/suspicious/noExplicitAny: its form is what the schema checks
  readonly spec: any;
}

const CORE = 'kubernetes-models';

/** The package of the compiled schema of each kind, and its name there. */
const SCHEMAS: Readonly<Record<string, readonly [from: string, name: string]>> = {
  'apps/v1 Deployment': [CORE, 'IoK8sApiAppsV1Deployment'],
  'autoscaling/v2 HorizontalPodAutoscaler': [CORE, 'IoK8sApiAutoscalingV2HorizontalPodAutoscaler'],
  'gateway.networking.k8s.io/v1 HTTPRoute': ['@kubernetes-models/gateway-api', 'IoK8sSigsGatewayApiApisV1HTTPRoute'],
  'monitoring.coreos.com/v1 ServiceMonitor': [
    '@kubernetes-models/prometheus-operator',
    'ComGithubPrometheusOperatorPrometheusOperatorPkgApisMonitoringV1ServiceMonitor',
  ],
  'networking.k8s.io/v1 Ingress': [CORE, 'IoK8sApiNetworkingV1Ingress'],
  'networking.k8s.io/v1 NetworkPolicy': [CORE, 'IoK8sApiNetworkingV1NetworkPolicy'],
  'policy/v1 PodDisruptionBudget': [CORE, 'IoK8sApiPolicyV1PodDisruptionBudget'],
  'v1 ConfigMap': [CORE, 'IoK8sApiCoreV1ConfigMap'],
  'v1 PersistentVolumeClaim': [CORE, 'IoK8sApiCoreV1PersistentVolumeClaim'],
  'v1 Service': [CORE, 'IoK8sApiCoreV1Service'],
  'v1 ServiceAccount': [CORE, 'IoK8sApiCoreV1ServiceAccount'],
};

interface Validate {
  (data: unknown): boolean;
  readonly errors?: readonly { readonly instancePath: string; readonly keyword: string }[] | null;
}

export function manifestsIn(rendered: string): readonly Manifest[] {
  return [parseAllDocuments(rendered)].flat().flatMap((document) => {
    assert.deepEqual(document.errors, []);
    return (document.toJS() as Manifest | null) ?? [];
  });
}

/** @returns a line for each value that the schema refuses, and for each field that it does not know */
export async function faultsOf(manifest: Manifest): Promise<readonly string[]> {
  const { apiVersion, kind } = manifest;
  const schema = SCHEMAS[`${apiVersion} ${kind}`];
  if (schema === undefined) return [`${apiVersion} ${kind}: not a kind that is known here`];
  const [from, name] = schema;
  const { href } = new URL(`_schemas/${name}.js`, import.meta.resolve(from));
  const { validate } = (await import(href)) as { validate: Validate };
  const { watched, unread } = watch(manifest);
  const refused = validate(watched) ? [] : (validate.errors ?? []);
  return [
    ...refused.map(({ instancePath, keyword }) => `${kind}${instancePath}: ${keyword}`),
    ...unread().map((path) => `${kind}${path}: unknown`),
  ];
}

/** The schemas allow unknown fields, which the cluster drops. A field that no rule of the schema reads is unknown. */
function watch(data: object) {
  const read = new Set<string>();
  const wrap = (value: unknown, path: string): unknown =>
    typeof value !== 'object' || value === null
      ? value
      : new Proxy(value, {
          get: (target, key) => {
            const at = `${path}/${String(key)}`;
            read.add(at);
            return wrap(Reflect.get(target, key), at);
          },
        });
  const find = (value: unknown, path: string): readonly string[] => {
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([key, member]) => {
      const at = `${path}/${key}`;
      return read.has(at) ? find(member, at) : [at];
    });
  };
  return { watched: wrap(data, ''), unread: () => find(data, '') };
}
