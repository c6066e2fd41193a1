// Renders the chart with helm, and checks what comes out: schemas, pod security, and the way from the version before.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { type Configuration, changed, yamlOf } from '../support/configuration.ts';
import { faultsOf, type Manifest, manifestsIn } from '../support/kubernetes.ts';
import { repository, temporaryFolder } from '../support/program.ts';

const chart = join(repository, 'deploy/helm');
const defaults: Configuration = parse(readFileSync(join(chart, 'values.yaml'), 'utf8'));
const isValid = new Ajv2020({ strict: false }).compile(
  JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8')),
);

const helm = (...args: string[]) => spawnSync('helm', args, { encoding: 'utf8' });
const missing = helm('version').error !== undefined && 'helm is not on this machine';

function template(t: TestContext, values: Configuration) {
  const file = join(temporaryFolder(t), 'values.yaml');
  writeFileSync(file, yamlOf(values));
  return helm('template', 'cambio', chart, '--values', file);
}

function render(t: TestContext, values: Configuration): readonly Manifest[] {
  const { status, stdout, stderr } = template(t, values);
  assert.equal(status, 0, stderr);
  return manifestsIn(stdout);
}

const SQLITE: Configuration = {
  database: 'sqlite',
  replicas: 1,
  config: { store: 'sqlite:/data/cambio.db' },
};

const EVERYTHING: Configuration = {
  image: { repository: 'registry.example.com/cambio', digest: `sha256:${'0'.repeat(64)}`, pullPolicy: 'Always' },
  imagePullSecrets: [{ name: 'registry' }],
  databaseWaitSeconds: 300,
  autoscaling: { enabled: true },
  extraSecrets: ['partners'],
  env: [
    { name: 'TZ', value: 'UTC' },
    { name: 'EXTRA', valueFrom: { secretKeyRef: { name: 'extra', key: 'value' } } },
  ],
  volumes: [{ name: 'tls', secret: { secretName: 'cambio-tls' } }],
  volumeMounts: [{ name: 'tls', mountPath: '/etc/tls', readOnly: true }],
  service: { annotations: { 'example.com/note': 'one' } },
  ingress: { enabled: true, className: 'nginx', tlsSecret: 'login-tls', annotations: { 'example.com/note': 'two' } },
  gateway: { enabled: true, parentRefs: [{ name: 'public', namespace: 'gateways' }], host: 'sts.example.com' },
  networkPolicy: { egress: [{ to: [{ ipBlock: { cidr: '10.1.2.3/32' } }], ports: [{ port: 5432 }] }] },
  serviceAccount: { name: 'exchange', annotations: { 'example.com/role': 'three' } },
  podAnnotations: { 'example.com/note': 'four' },
  podLabels: { team: 'identity' },
  topologySpread: { hostname: 'DoNotSchedule', zone: 'none' },
  nodeSelector: { 'kubernetes.io/arch': 'amd64' },
  tolerations: [{ key: 'dedicated', operator: 'Exists' }],
  affinity: { nodeAffinity: {} },
  priorityClassName: 'system-cluster-critical',
  serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
};

const ALWAYS = ['ConfigMap', 'Deployment', 'NetworkPolicy', 'PodDisruptionBudget', 'Service', 'ServiceAccount'];
const MORE = ['HTTPRoute', 'HorizontalPodAutoscaler', 'Ingress', 'ServiceMonitor'];
const VARIANTS: readonly (readonly [name: string, values: Configuration, kinds: readonly string[]])[] = [
  ['default', {}, ALWAYS],
  ['SQLite', SQLITE, [...ALWAYS, 'PersistentVolumeClaim']],
  ['SQLite on a volume of its own', changed(SQLITE, { persistence: { existingClaim: 'mine' } }), ALWAYS],
  ['everything', EVERYTHING, [...ALWAYS, ...MORE]],
  [
    'least',
    {
      networkPolicy: { enabled: false },
      serviceAccount: { create: false },
      topologySpread: { hostname: 'none', zone: 'none' },
    },
    ALWAYS.filter((kind) => kind !== 'NetworkPolicy' && kind !== 'ServiceAccount'),
  ],
];

test('helm renders manifests that the schemas of Kubernetes accept, under pod security "restricted"', {
  skip: missing,
}, async (t) => {
  assert.equal(helm('lint', '--strict', chart).status, 0);
  for (const [name, values, kinds] of VARIANTS) {
    const manifests = render(t, values);
    assert.deepEqual(manifests.map(({ kind }) => kind).toSorted(), kinds.toSorted(), name);
    for (const manifest of manifests) assert.deepEqual(await faultsOf(manifest), [], name);
    const { template: pod, ...spec } = find(manifests, 'Deployment').spec;
    assertRestricted(pod.spec);
    const [container] = pod.spec.containers;
    const waits = Number(/^(\d+)s$/.exec(container.args.at(-1))?.[1]);
    assert.ok(container.startupProbe.failureThreshold * container.startupProbe.periodSeconds > waits, name);
    const mounted = container.volumeMounts.map((mount: { name: string }) => mount.name);
    assert.deepEqual(
      mounted,
      pod.spec.volumes.map((volume: { name: string }) => volume.name),
      name,
    );
    assert.equal(spec.replicas === undefined, kinds.includes('HorizontalPodAutoscaler'), name);
    // Two processes of different machines must not open one SQLite file.
    assert.equal(spec.strategy.type, mounted.includes('data') ? 'Recreate' : 'RollingUpdate', name);
  }
});

const find = (manifests: readonly Manifest[], wanted: string): Manifest =>
  manifests.find(({ kind }) => kind === wanted) ?? assert.fail(wanted);

/** https://kubernetes.io/docs/concepts/security/pod-security-standards */
// biome-ignore lint/suspicious/noExplicitAny: the schema has checked its form
function assertRestricted({ containers, securityContext, hostNetwork, hostPID, hostIPC, volumes }: any): void {
  assert.deepEqual([hostNetwork, hostPID, hostIPC], [undefined, undefined, undefined]);
  assert.deepEqual([securityContext.runAsNonRoot, securityContext.seccompProfile.type], [true, 'RuntimeDefault']);
  for (const volume of volumes) assert.equal('hostPath' in volume, false);
  for (const { securityContext: own, ports } of containers) {
    assert.deepEqual(own.capabilities, { drop: ['ALL'] });
    assert.deepEqual(
      [own.allowPrivilegeEscalation, own.privileged, own.readOnlyRootFilesystem],
      [false, undefined, true],
    );
    for (const port of ports) assert.equal(port.hostPort, undefined);
  }
}

test('the probes ask a server that has TLS itself by HTTPS', { skip: missing }, (t) => {
  const schemes = (values: Configuration) => {
    const [container] = find(render(t, values), 'Deployment').spec.template.spec.containers;
    return ['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) => container[probe].httpGet.scheme);
  };
  const tls = { cert: '/etc/tls/tls.crt', key: '/etc/tls/tls.key' };
  assert.deepEqual(schemes({ config: { server: { tls } } }), ['HTTPS', 'HTTPS', 'HTTPS']);
  assert.deepEqual(schemes({}), ['HTTP', 'HTTP', 'HTTP']);
});

test('the check finds an unknown field, a wrong type and a missing field', { skip: missing }, async (t) => {
  const deployment = find(render(t, {}), 'Deployment');
  const broken = structuredClone(deployment);
  broken.spec.template.spec.containers[0].imagePulPolicy = 'Always';
  broken.spec.replicas = 'two';
  delete broken.spec.selector;
  assert.deepEqual(await faultsOf(deployment), []);
  assert.deepEqual((await faultsOf(broken)).toSorted(), [
    'Deployment/spec/replicas: type',
    'Deployment/spec/template/spec/containers/0/imagePulPolicy: unknown',
    'Deployment/spec: required',
  ]);
});

test('an upgrade from the version before replaces no object and changes no field that cannot change', {
  skip: missing,
}, (t) => {
  const before = manifestsIn(readFileSync(join(import.meta.dirname, 'chart-0.1.0.yaml'), 'utf8'));
  assert.equal(before.length, 5);
  // Values of the version before are still good.
  const after = render(t, parse(readFileSync(join(import.meta.dirname, 'chart-0.1.0-values.yaml'), 'utf8')));
  for (const old of before) {
    const now = after.find(
      ({ apiVersion, kind, metadata }) =>
        apiVersion === old.apiVersion && kind === old.kind && metadata.name === old.metadata.name,
    );
    assert.ok(now !== undefined, `${old.kind} is gone`);
    if (old.kind === 'Deployment') assert.deepEqual(now.spec.selector, old.spec.selector);
    if (old.kind === 'Service') {
      assert.deepEqual(now.spec.ports, old.spec.ports);
      // The pods of both versions answer while one replaces the other.
      assert.deepEqual(now.spec.selector, old.spec.selector);
    }
  }
  const labelsOf = (manifests: readonly Manifest[]) => find(manifests, 'Deployment').spec.template.metadata.labels;
  assert.deepEqual(labelsOf(after), labelsOf(before));
});

const REFUSED: readonly (readonly [values: Configuration, place: string])[] = [
  [{ replica: 3 }, 'replica'],
  [{ image: { tagg: 'x' } }, 'tagg'],
  [{ config: { isuer: 'https://login.example.com' } }, 'isuer'],
  [{ config: { server: { announceStpo: '5s' } } }, 'config'],
  // The ports and probes of the pod, its service and its network policy.
  [{ config: { server: { port: 9000 } } }, 'port'],
  [{ config: { server: { host: '127.0.0.1' } } }, 'host'],
  [{ config: { server: { metrics: { port: 9000 } } } }, 'port'],
  [{ networkPolicy: { ingress: [] } }, 'ingress'],
  [{ image: { digest: 'latest' } }, 'digest'],
  [{ replicas: 0 }, 'replicas'],
  // A label that the selector has: the pods would not be those of the Deployment.
  [{ podLabels: { 'app.kubernetes.io/name': 'other' } }, 'podLabels'],
  [{ topologySpread: { zone: 'Always' } }, 'zone'],
  [{ gateway: { enabled: true } }, 'parentRefs'],
  [changed(SQLITE, { replicas: 2 }), 'replicas'],
  [changed(SQLITE, { autoscaling: { enabled: true } }), 'enabled'],
  [changed(SQLITE, { config: { store: 'sqlite:cambio.db' } }), 'store'],
  [changed(SQLITE, { config: { store: 'postgres://cambio@db/cambio' } }), 'store'],
  [{ config: { store: 'sqlite:/data/cambio.db' }, autoscaling: { enabled: true } }, 'store'],
];

test('the schema of the values refuses misspelled keys, and SQLite with more than one pod', () => {
  const page = readFileSync(join(repository, 'docs/guides/operate.md'), 'utf8');
  const [, sample = ''] = /```yaml values\n([\s\S]*?)```/.exec(page) ?? [];
  assert.ok(isValid(changed(defaults, parse(sample))), JSON.stringify(isValid.errors));
  for (const [, values] of VARIANTS) assert.ok(isValid(changed(defaults, values)), JSON.stringify(isValid.errors));
  for (const [values] of REFUSED) assert.equal(isValid(changed(defaults, values)), false, JSON.stringify(values));
});

test('helm refuses the same values, and names the place', { skip: missing }, (t) => {
  for (const [values, place] of REFUSED) {
    const { status, stderr } = template(t, values);
    assert.notEqual(status, 0, JSON.stringify(values));
    assert.match(stderr, new RegExp(place), JSON.stringify(values));
  }
  assert.match(
    template(t, { autoscaling: { enabled: true, minReplicas: 9 } }).stderr,
    /autoscaling\.minReplicas: 9 is more than maxReplicas, 6/,
  );
  const stopping = (announceStop: string, terminationGracePeriodSeconds: number) =>
    template(t, { config: { server: { announceStop } }, terminationGracePeriodSeconds });
  assert.match(stopping('15s', 30).stderr, /terminationGracePeriodSeconds: 30 is not more than .* 15 s, 30/);
  assert.match(stopping('2m', 130).stderr, /terminationGracePeriodSeconds/);
  assert.deepEqual([stopping('15s', 31).status, stopping('2m', 136).status], [0, 0]);
  const hidden = changed(EVERYTHING, { config: { issuer: `\${CAMBIO_ISSUER}` } });
  assert.match(
    template(t, hidden).stderr,
    /ingress\.host: name the host, because config\.issuer comes from a variable/,
  );
});
