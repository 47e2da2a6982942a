import { readConfiguration } from '@rampart/gateway';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { packages, read } from './files.js';

/** What the tests read of a Kubernetes object; Kubernetes itself isn't at hand here. */
interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Manifest {
  readonly kind: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly template: { readonly spec: { readonly terminationGracePeriodSeconds?: number; containers: [Container] } };
  };
}

const cli = packages.find(({ folder }) => folder === 'cli')?.manifest as unknown as {
  readonly bin: { readonly rampart: string };
  readonly version: string;
};
const dockerfile = read('examples/deploy/Dockerfile');
const manifests = (file: string): readonly Manifest[] =>
  parseAllDocuments(read(`examples/deploy/kubernetes/${file}`)).map((document) => document.toJS() as Manifest);
const podOf = (all: readonly Manifest[], kind: string) => {
  const pod = all.find((one) => one.kind === kind)?.spec?.template.spec;
  if (pod === undefined) throw new Error(`there is no ${kind}`);
  return pod;
};

describe('the image', () => {
  it('installs the version of this repository and starts its command', () => {
    expect(dockerfile).toContain(`@rampart/cli@${cli.version}`);
    expect(dockerfile).toContain(`"node_modules/@rampart/cli/${cli.bin.rampart.replace('./', '')}"`);
  });
});

describe.each([
  ['gateway.yaml', 'Deployment'],
  ['migrate.yaml', 'Job'],
])('%s', (file, kind) => {
  const [container] = podOf(manifests(file), kind).containers;

  it('sets documented variables only', () => {
    const documented = read('docs/options.md');
    const unknown = container.env.filter(({ name }) => name !== 'TMPDIR' && !documented.includes(`\`${name}\``));
    expect(unknown).toEqual([]);
  });

  it('runs the image of this version without privileges on a read-only root', () => {
    expect(container.image.endsWith(`:${cli.version}`)).toBe(true);
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });
});

describe('the gateway on Kubernetes', () => {
  const all = manifests('gateway.yaml');
  const pod = podOf(all, 'Deployment');
  const [container] = pod.containers;
  const file = all.find(({ kind }) => kind === 'ConfigMap')?.data?.['gateway.yaml'] ?? '';
  const unleash = { url: 'https://unleash.example.com/api', token: 'default:production.x' };
  const { port, drainDelay, stopTimeout } = readConfiguration({
    ...(parse(file) as object),
    unleash,
    secret: 'a secret of at least thirty-two characters',
  });

  it('probes routes that exist, on the port that the gateway listens on', () => {
    const { paths } = JSON.parse(read('docs/openapi.json')) as { paths: Record<string, unknown> };
    const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe];
    expect(probes.map(({ httpGet }) => httpGet.path)).toEqual(['/healthz', '/healthz', '/readyz']);
    for (const { httpGet } of probes) {
      expect(paths).toHaveProperty(httpGet.path);
      expect(container.ports?.find(({ name }) => name === httpGet.port)?.containerPort).toBe(port);
    }
  });

  it('gives the gateway time to drain and stop before Kubernetes kills it', () => {
    expect((pod.terminationGracePeriodSeconds ?? 30) * 1_000).toBeGreaterThan(drainDelay + stopTimeout);
  });

  it('mounts the file that it names, and a writable folder for the backup of the flags', () => {
    const mounted = container.volumeMounts?.map(({ mountPath }) => mountPath);
    expect(container.args).toEqual(['serve', '--config', '/etc/rampart/gateway.yaml']);
    expect(mounted).toEqual(['/etc/rampart', '/tmp']);
  });
});
