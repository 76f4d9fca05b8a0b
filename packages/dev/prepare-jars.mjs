/**
 * Fetches Kafka, Connect and Debezium's connector with Maven into `<cache>/kafka` and `<cache>/plugins`, unless they are there already.
 * Plain JavaScript, so that it runs while the packages are still being installed. Usage: node prepare-jars.mjs <cache folder>
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const pom = join(dirname(fileURLToPath(import.meta.url)), 'kafka', 'pom.xml');
// Not a dependency of the pom: its parent names a repository that is not reachable everywhere.
const debezium = 'io.debezium:debezium-connector-postgres:3.7.0.Final:tar.gz:plugin';

const [given] = process.argv.slice(2);
if (given === undefined) {
  console.error('usage: node prepare-jars.mjs <cache folder>');
  process.exit(2);
}
const cache = resolve(given);
mkdirSync(cache, { recursive: true });
await once('kafka', hashOf(readFileSync(pom)), (folder) =>
  maven(['-f', pom, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${folder}`]),
);
await once('plugins', hashOf(debezium), async (folder) => {
  await maven(['dependency:copy', `-Dartifact=${debezium}`, `-DoutputDirectory=${folder}`]);
  const [archive] = readdirSync(folder);
  await run('tar', ['-xzf', archive, 'debezium-connector-postgres'], folder);
  rmSync(join(folder, archive));
});

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
  return run('mvn', ['-q', '-B', ...args], cache);
}

function run(command, args, cwd) {
  return new Promise((done) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', (error) => fail(`${command} could not be started: ${error.message}`));
    child.once('exit', (code) => (code === 0 ? done() : fail(`${command} ${args.join(' ')} ended with ${code}`)));
  });
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

function hashOf(content) {
  return createHash('sha256').update(content).digest('hex');
}
