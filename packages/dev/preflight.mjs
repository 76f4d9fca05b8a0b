/** What the machine must have before anything is downloaded. Plain JavaScript: it runs on any Node there is. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const nodeMajorMin = 20;
const javaMajorMin = 17;

/** What is on this machine: versions as the programs print them, undefined when a program is not there. */
export function readMachine() {
  return {
    platform: process.platform,
    node: process.versions.node,
    npm: versionOf('npm', ['--version'], /(\S+)/),
    java: versionOf('java', ['-version'], /version "([^"]+)"/),
    maven: versionOf('mvn', ['-q', '-B', '--version'], /Apache Maven (\S+)|^(\d\S*)/m),
    chromium: findChromium(),
    installer: ['apt-get', 'dnf', 'brew'].find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0),
  };
}

/** What is missing, each with what was found and the command that gets it. Empty: ready to go. Pure. */
export function missingOn(machine, { needsMaven = true, needsChromium = false } = {}) {
  const get = commands[machine.installer] ?? commands.none;
  const missing = [];
  if (machine.platform === 'win32') missing.push({ what: 'Linux or macOS', found: 'Windows', get: 'use WSL: wsl --install' });
  if (major(machine.node) < nodeMajorMin) missing.push({ what: `Node ≥ ${nodeMajorMin}`, found: machine.node, get: get.node });
  if (machine.npm === undefined) missing.push({ what: 'npm', found: undefined, get: get.npm });
  if (machine.java === undefined || major(machine.java) < javaMajorMin)
    missing.push({ what: `Java ≥ ${javaMajorMin}`, found: machine.java, get: get.java });
  if (needsMaven && machine.maven === undefined) missing.push({ what: 'Maven', found: undefined, get: get.maven });
  if (needsChromium && machine.chromium === undefined) missing.push({ what: 'Chromium', found: undefined, get: get.chromium });
  return missing;
}

/** The browser that drives pages in tests: ATLAS_CHROMIUM, or the first one on PATH; undefined when there is none. */
export function findChromium(env = process.env) {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const folders = [...(env.PATH ?? '').split(delimiter), '/usr/bin'].filter((folder) => folder !== '');
  const places = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  const macOs = ['/Applications/Chromium.app/Contents/MacOS/Chromium', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];
  return env.ATLAS_CHROMIUM || [...places, ...macOs].find(isExecutable);
}

/** The words for a person. */
export function preflightText(missing) {
  const lines = missing.map(
    ({ what, found, get }) => `  ${what.padEnd(16)} ${found === undefined ? 'not found' : `found ${found}`}\n      get it:  ${get}`,
  );
  return [
    'Atlas cannot start yet. Missing on this machine:',
    ...lines,
    'Nothing was downloaded or changed. Run the same command again afterwards.',
  ].join('\n');
}

const commands = {
  'apt-get': {
    node: 'sudo apt-get install -y nodejs npm   (or https://nodejs.org)',
    npm: 'sudo apt-get install -y npm',
    java: 'sudo apt-get install -y openjdk-17-jre-headless',
    maven: 'sudo apt-get install -y maven',
    chromium: 'sudo apt-get update && sudo apt-get install -y chromium',
  },
  dnf: {
    node: 'sudo dnf install -y nodejs npm',
    npm: 'sudo dnf install -y npm',
    java: 'sudo dnf install -y java-17-openjdk-headless',
    maven: 'sudo dnf install -y maven',
    chromium: 'sudo dnf install -y chromium',
  },
  brew: {
    node: 'brew install node',
    npm: 'brew install node',
    java: 'brew install openjdk',
    maven: 'brew install maven',
    chromium: 'brew install --cask chromium',
  },
  none: {
    node: 'https://nodejs.org',
    npm: 'it comes with Node: https://nodejs.org',
    java: 'any JRE of version 17 or newer, e.g. https://adoptium.net',
    maven: 'https://maven.apache.org/download.cgi',
    chromium: 'https://www.chromium.org/getting-involved/download-chromium, then set ATLAS_CHROMIUM to its path',
  },
};

/** `1.8.0_292` is Java 8; `17.0.15` is 17. */
function major(version) {
  const [first, second] = version.split(/[._+-]/).map(Number);
  return first === 1 ? second : first;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function versionOf(command, args, pattern) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) return undefined;
  const match = `${stdout}\n${stderr}`.match(pattern);
  return match?.[1] ?? match?.[2] ?? 'unknown';
}
