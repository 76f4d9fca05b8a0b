import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { port, readSettings, text } from '@atlas/kit/config';
import { AppError } from '@atlas/kit/errors';
import { renderProperties } from '../render-properties.ts';

/** Writes the properties of the broker or of the Connect worker, formats the broker's storage once, and becomes the Java process. */
const [role] = process.argv.slice(2);
const templates = join(import.meta.dirname, '../../kafka');
if (role === 'broker') startBroker();
else if (role === 'connect') startConnect();
else throw new AppError('CONFIG_INVALID', { message: 'usage: kafka.ts broker|connect' });

function startBroker(): void {
  const settings = readSettings(process.env, {
    broker: port('KAFKA_PORT'),
    controller: port('KAFKA_CONTROLLER_PORT'),
    stateDir: text('KAFKA_STATE_DIR'),
    cacheDir: text('KAFKA_CACHE_DIR'),
  });
  const data = join(settings.stateDir, 'data');
  const file = writeProperties('server.properties', settings.stateDir, {
    BROKER_PORT: String(settings.broker),
    CONTROLLER_PORT: String(settings.controller),
    DATA: data,
  });
  if (!existsSync(join(data, 'meta.properties'))) formatStorage(settings.cacheDir, file);
  becomeJava(settings.cacheDir, '384m', 'kafka.Kafka', [file]);
}

function startConnect(): void {
  const settings = readSettings(process.env, {
    broker: port('KAFKA_PORT'),
    connect: port('CONNECT_PORT'),
    stateDir: text('KAFKA_STATE_DIR'),
    cacheDir: text('KAFKA_CACHE_DIR'),
  });
  const file = writeProperties('connect.properties', settings.stateDir, {
    BROKER_PORT: String(settings.broker),
    CONNECT_PORT: String(settings.connect),
    PLUGINS: join(settings.cacheDir, 'plugins'),
  });
  becomeJava(settings.cacheDir, '512m', 'org.apache.kafka.connect.cli.ConnectDistributed', [file]);
}

function formatStorage(cacheDir: string, file: string): void {
  const id = 'YXRsYXMtZGV2LWthZmthMQ';
  execFileSync(java(), [...javaFlags(cacheDir, '128m'), 'kafka.tools.StorageTool', 'format', '-t', id, '-c', file], { stdio: 'inherit' });
}

function becomeJava(cacheDir: string, heap: string, mainClass: string, args: string[]): void {
  const binary = java();
  process.execve?.(binary, [binary, ...javaFlags(cacheDir, heap), mainClass, ...args], process.env);
}

function javaFlags(cacheDir: string, heap: string): string[] {
  const quick = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', `-Xmx${heap}`, '-Xss512k'];
  return [...quick, `-Dlog4j2.configurationFile=${join(templates, 'log4j2.yaml')}`, '-cp', join(cacheDir, 'kafka', '*')];
}

function writeProperties(name: string, stateDir: string, values: Record<string, string>): string {
  mkdirSync(stateDir, { recursive: true });
  const file = join(stateDir, name);
  writeFileSync(file, renderProperties(readFileSync(join(templates, name), 'utf8'), values));
  return file;
}

function java(): string {
  const home = process.env['JAVA_HOME'];
  const folders = [...(home === undefined ? [] : [join(home, 'bin')]), ...(process.env['PATH'] ?? '').split(delimiter)];
  const found = folders.map((folder) => join(folder, 'java')).find((file) => existsSync(file));
  if (found === undefined) throw new AppError('PREFLIGHT_FAILED', { message: 'java is not on PATH' });
  return found;
}
