/**
 * Fetches Kafka, Connect and Debezium's connector with Maven into `<cache>/kafka` and `<cache>/plugins`, unless they are there already.
 * Plain JavaScript, so that it runs while the packages are still being installed. Usage: node prepare-jars.mjs <cache folder>
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const pom = join(dirname(fileURLToPath(import.meta.url)), 'kafka', 'pom.xml');
// Not a dependency of the pom: its parent names a repository that is not reachable everywhere.
const debezium = 'io.debezium:debezium-connector-postgres:3.7.0.Final:tar.gz:plugin';

const [cache] = process.argv.slice(2);
if (cache === undefined) {
  console.error('usage: node prepare-jars.mjs <cache folder>');
  process.exit(2);
}
mkdirSync(cache, { recursive: true });
await once('kafka', hashOf(readFileSync(pom)), (folder) =>
  maven(['-f', pom, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${folder}`]),
);
await once('plugins', hashOf(debezium), (folder) => maven(['dependency:unpack', `-Dartifact=${debezium}`, `-DoutputDirectory=${folder}`]));

/** Fills a folder of the cache beside its final place, so that an interrupted download is never taken for a whole one. */
async function once(name, hash, fill) {
  const folder = join(cache, name);
  const stamp = join(cache, `${name}.stamp`);
  if (existsSync(folder) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  const unfinished = `${folder}.unfinished`;
  for (const leftover of [unfinished, folder]) rmSync(leftover, { recursive: true, force: true });
  await fill(unfinished);
  renameSync(unfinished, folder);
  writeFileSync(stamp, hash);
}

function maven(args) {
  return new Promise((resolve) => {
    const child = spawn('mvn', ['-q', '-B', ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', (error) => fail(`Maven could not be started: ${error.message}`));
    child.once('exit', (code) => (code === 0 ? resolve() : fail(`mvn ${args.join(' ')} ended with ${code}`)));
  });
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

function hashOf(content) {
  return createHash('sha256').update(content).digest('hex');
}
