// The languages: what each needs on the machine, how its packages are installed, and which programs try them.
import { join } from 'node:path';

export interface Command {
  readonly run: readonly string[];
  /** Below the folder of the language. */
  readonly cwd?: string;
}

/** A program of docs/start/with-your-library.md. */
interface PageProgram {
  /** The file that the block is written to. */
  readonly file: string;
  readonly run: readonly string[];
}

/** The two programs of the page for a language. */
export interface PagePrograms {
  /** The info string of the blocks of the page. */
  readonly fence: string;
  readonly caller: PageProgram;
  readonly api: PageProgram;
}

/** A language, or a partner: a server of others, or a client that needs two of ours. */
export interface Language {
  readonly name: string;
  /** Below `interop/`: the manifest and the programs. */
  readonly folder: string;
  /** Whether CI runs it. */
  readonly fast: boolean;
  /** Prints the version of the toolchain. If it cannot be run, the language is not tried. */
  readonly toolchain: readonly string[];
  readonly manifests: readonly string[];
  /** Names of libraries on the page, and in the manifest, where they differ. */
  readonly inManifest?: Readonly<Record<string, string>>;
  readonly install: readonly Command[];
  /** Has the variables of the programs. */
  readonly build: readonly Command[];
  /** Programs that print the outcome of each trial. */
  readonly trials: readonly Command[];
  /** A partner has none. */
  readonly page?: PagePrograms;
}

/** A program of others, as far as it can run without trials. */
export type Program = Pick<Language, 'folder' | 'toolchain' | 'install' | 'build'>;

const PYTHON = join('venv', process.platform === 'win32' ? 'Scripts' : 'bin', 'python');
const node = (file: string): readonly string[] => [process.execPath, file];

const TYPESCRIPT: Language = {
  name: 'TypeScript',
  folder: 'typescript',
  fast: true,
  toolchain: [process.execPath, '--print', '"Node " + process.version'],
  manifests: ['package.json'],
  install: [{ run: ['npm', 'install', '--no-audit', '--no-fund', '--no-package-lock'] }],
  build: [],
  trials: [{ run: node('clients.ts') }, { run: node('people.ts') }, { run: node('verifiers.ts') }],
  page: {
    fence: 'ts',
    caller: { file: 'caller.ts', run: node('caller.ts') },
    api: { file: 'api.ts', run: node('api.ts') },
  },
};

const PYTHON_LANGUAGE: Language = {
  name: 'Python',
  folder: 'python',
  fast: true,
  toolchain: ['python3', '-c', 'import ensurepip, platform, venv; print("Python", platform.python_version())'],
  manifests: ['requirements.txt'],
  install: [
    { run: ['python3', '-m', 'venv', 'venv'] },
    { run: [PYTHON, '-m', 'pip', 'install', '--quiet', '--requirement', 'requirements.txt'] },
    // The first generation of the MCP SDK cannot be installed beside the second.
    { run: ['python3', '-m', 'venv', 'first/venv'] },
    { run: [join('first', PYTHON), '-m', 'pip', 'install', '--quiet', '--requirement', 'requirements-first.txt'] },
  ],
  build: [],
  trials: [
    { run: [PYTHON, 'clients.py'] },
    { run: [PYTHON, 'people.py'] },
    { run: [PYTHON, 'verifiers.py'] },
    { run: [join('first', PYTHON), 'mcp_first.py'] },
  ],
  page: {
    fence: 'python',
    caller: { file: 'caller.py', run: [PYTHON, 'caller.py'] },
    api: { file: 'api.py', run: [PYTHON, 'api.py'] },
  },
};

const GO: Language = {
  name: 'Go',
  folder: 'go',
  fast: false,
  toolchain: ['go', 'version'],
  manifests: ['go.mod', 'oauth2-proxy/go.mod'],
  inManifest: {
    'x/oauth2': 'golang.org/x/oauth2',
    'go-oidc': 'github.com/coreos/go-oidc/v3',
    'zitadel/oidc': 'github.com/zitadel/oidc/v3',
    'grpc-go': 'google.golang.org/grpc',
    'golang-jwt': 'github.com/golang-jwt/jwt/v5',
    'oauth2-proxy': 'github.com/oauth2-proxy/oauth2-proxy/v7',
    jwx: 'github.com/lestrrat-go/jwx/v3',
  },
  install: [{ run: ['go', 'mod', 'tidy'] }, { run: ['go', 'mod', 'tidy'], cwd: 'oauth2-proxy' }],
  build: [
    { run: ['go', 'build', '-o', 'bin/', './clients', './people', './verifiers', './proxy', './caller', './api'] },
    { run: ['go', 'build', '-o', '../bin/', 'github.com/oauth2-proxy/oauth2-proxy/v7'], cwd: 'oauth2-proxy' },
  ],
  trials: [{ run: ['bin/clients'] }, { run: ['bin/people'] }, { run: ['bin/verifiers'] }, { run: ['bin/proxy'] }],
  page: {
    fence: 'go',
    caller: { file: 'caller/main.go', run: ['bin/caller'] },
    api: { file: 'api/main.go', run: ['bin/api'] },
  },
};

/** The authority that signed the certificate of the server. */
const IMPORT =
  '-importcert -noprompt -alias interop -file "$FILES/ca.pem" -storetype PKCS12 -keystore trust.p12 -storepass changeit';
const TRUST = ['-Djavax.net.ssl.trustStore=trust.p12', '-Djavax.net.ssl.trustStorePassword=changeit'];

/** The classpath that Maven wrote is an argument file of `java` and `javac`. */
const java = (main: string): readonly string[] => ['java', ...TRUST, '@classpath', main];

const JAVA: Language = {
  name: 'Java',
  folder: 'java',
  fast: false,
  toolchain: ['sh', '-c', 'command -v mvn > /dev/null && java -version 2>&1'],
  manifests: ['pom.xml'],
  inManifest: {
    'Iceberg iceberg-core': 'iceberg-core',
    'Nimbus oauth2-oidc-sdk': 'oauth2-oidc-sdk',
    'Spring Boot': 'spring-boot-starter-parent',
    'google-auth-library-java': 'google-auth-library-oauth2-http',
  },
  install: [
    { run: ['mvn', '--quiet', '--batch-mode', 'dependency:build-classpath', '-Dmdep.outputFile=classpath.txt'] },
  ],
  build: [
    { run: ['sh', '-c', 'printf -- "-cp classes:%s" "$(cat classpath.txt)" > classpath'] },
    { run: ['sh', '-c', `rm -f trust.p12 && keytool ${IMPORT}`] },
    { run: ['sh', '-c', 'javac @classpath -d classes -parameters -proc:none src/interop/*.java src/example/*.java'] },
  ],
  trials: [{ run: java('interop.Clients') }, { run: java('interop.Spring') }, { run: java('interop.Iceberg') }],
  page: {
    fence: 'java',
    caller: { file: 'src/example/Caller.java', run: java('example.Caller') },
    api: { file: 'src/example/Api.java', run: java('example.Api') },
  },
};

const RUST: Language = {
  name: 'Rust',
  folder: 'rust',
  fast: false,
  toolchain: ['cargo', '--version'],
  manifests: ['Cargo.toml'],
  install: [{ run: ['cargo', 'fetch', '--quiet'] }],
  build: [{ run: ['cargo', 'build', '--quiet', '--offline', '--target-dir', 'target'] }],
  trials: [{ run: ['target/debug/clients'] }, { run: ['target/debug/verifiers'] }],
  page: {
    fence: 'rust',
    caller: { file: 'src/bin/caller.rs', run: ['target/debug/caller'] },
    api: { file: 'src/bin/api.rs', run: ['target/debug/api'] },
  },
};

/** A program of this repository. It runs in the folder that the packages are installed in. */
const partner = (file: string): Command => ({
  run: [process.execPath, join(import.meta.dirname, 'partners', file)],
});

const MCP: Language = {
  name: 'Across domains: MCP',
  folder: 'partners/mcp',
  fast: true,
  toolchain: TYPESCRIPT.toolchain,
  manifests: ['package.json'],
  install: TYPESCRIPT.install,
  build: [],
  trials: [partner('mcp.ts')],
};

const MCP_CONFORMANCE: Language = {
  name: 'The conformance tests of MCP',
  folder: 'partners/mcp-conformance',
  fast: true,
  toolchain: TYPESCRIPT.toolchain,
  manifests: ['package.json'],
  install: TYPESCRIPT.install,
  build: [],
  trials: [partner('mcp-conformance.ts')],
};

const AUTHGENT: Language = {
  name: 'Across domains: authgent-server',
  folder: 'partners/authgent',
  fast: true,
  toolchain: PYTHON_LANGUAGE.toolchain,
  manifests: ['requirements.txt'],
  install: PYTHON_LANGUAGE.install.slice(0, 2),
  build: [],
  trials: [partner('authgent.ts')],
};

/** Packs our client library, and installs it with what it needs. */
const BUILD_LIBRARY = join(import.meta.dirname, '../scripts/build-library.ts');
const OWN_CLIENT: readonly Command[] = [
  { run: [process.execPath, BUILD_LIBRARY, 'client', 'built'] },
  { run: ['npm', 'pack', './built', '--pack-destination', '.'] },
  { run: ['sh', '-c', 'npm install --no-audit --no-fund --no-package-lock ./cambio-client-*.tgz'] },
];
const CLIENT_MANIFEST = '../../../packages/client/package.json';

const RUNTIMES: Language = {
  name: 'The client library: runtimes, MCP, undici',
  folder: 'partners/runtimes',
  fast: false,
  toolchain: TYPESCRIPT.toolchain,
  manifests: ['package.json'],
  install: [...TYPESCRIPT.install, ...OWN_CLIENT],
  build: [],
  trials: [partner('runtimes.ts')],
};

const DEPENDENCY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';
/** To redeem grants of identity chaining, and ID-JAGs. The latter is experimental there. */
const KEYCLOAK_FEATURES = 'jwt-authorization-grant,identity-assertion-jwt';
/** Its distribution. The benchmark runs it too. */
export const KEYCLOAK_PROGRAM: Program = {
  folder: 'partners/keycloak',
  toolchain: JAVA.toolchain,
  install: [{ run: ['mvn', '--quiet', '--batch-mode', `${DEPENDENCY}:unpack-dependencies`, '-DoutputDirectory=.'] }],
  build: [
    { run: ['sh', '-c', 'rm -rf keycloak && mv keycloak-[0-9]* keycloak && chmod +x keycloak/bin/kc.sh'] },
    {
      run: ['keycloak/bin/kc.sh', 'build', '--db=dev-file', '--cache=local', `--features=${KEYCLOAK_FEATURES}`],
    },
  ],
};
const KEYCLOAK: Language = {
  ...KEYCLOAK_PROGRAM,
  name: 'Across domains: Keycloak',
  fast: false,
  manifests: ['pom.xml', CLIENT_MANIFEST],
  install: [...KEYCLOAK_PROGRAM.install, ...OWN_CLIENT],
  trials: [partner('keycloak.ts')],
};

/** A server on Spring Authorization Server. The benchmark runs it too. */
export const SPRING_PROGRAM: Program = {
  folder: 'partners/spring',
  toolchain: JAVA.toolchain,
  install: JAVA.install,
  build: [
    { run: ['sh', '-c', 'printf -- "-cp classes:%s" "$(cat classpath.txt)" > classpath'] },
    { run: ['javac', '@classpath', '-d', 'classes', '-parameters', '-proc:none', 'Server.java'] },
  ],
};
const SPRING: Language = {
  ...SPRING_PROGRAM,
  name: 'The client library: Spring Authorization Server',
  fast: false,
  manifests: [CLIENT_MANIFEST],
  install: [...SPRING_PROGRAM.install, ...OWN_CLIENT],
  trials: [partner('spring.ts')],
};

/** The proxy of Go knows the version and does not serve it, so no program was written yet. */
const GO_OAUTH2: Language = {
  name: 'Across domains: go-oauth2',
  folder: 'partners/go-oauth2',
  fast: false,
  toolchain: GO.toolchain,
  manifests: ['go.mod'],
  install: [{ run: ['go', 'mod', 'download', 'github.com/go-oauth2/oauth2/v4@v4.6.0'] }],
  build: [],
  trials: [],
};

export const languages: readonly Language[] = [
  ...[TYPESCRIPT, PYTHON_LANGUAGE, GO, JAVA, RUST],
  ...[MCP, MCP_CONFORMANCE, AUTHGENT, KEYCLOAK, GO_OAUTH2, RUNTIMES, SPRING],
];
