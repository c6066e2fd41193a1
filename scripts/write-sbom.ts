// Writes a CycloneDX document of every package that the server, the libraries and the quickstart need, with version, hash and
// licence. npm run sbom [-- FILE]
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { ROOT } from './manifests.ts';
import { wholeDocument } from './sbom.ts';

const file = resolve(process.argv[2] ?? resolve(ROOT, 'dist/cambio.cdx.json'));
const document = wholeDocument();
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
console.log(`${relative(process.cwd(), file)}: ${document.components.length} packages`);
