// Makes and tries everything that a release has: tarballs, bills of materials, checksums and notes. It publishes nothing: the workflow
// of GitHub does that for a tag. npm run release -- --dry-run [--version X.Y.Z] [--out FOLDER]
import { checkReady, ReleaseFault, readWish } from './release/ready.ts';

try {
  const wish = readWish(process.argv.slice(2));
  const notes = checkReady(wish);
  // Loaded late: a refusal needs no installed packages.
  const { makeRelease } = await import('./release/make.ts');
  process.exitCode = (await makeRelease(wish, notes)) ? 0 : 1;
} catch (error) {
  if (!(error instanceof ReleaseFault)) throw error;
  console.error(`release: ${error.message}`);
  process.exitCode = error.code;
}
