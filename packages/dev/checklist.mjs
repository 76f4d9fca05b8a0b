/**
 * A list of steps on the terminal: what runs now on one changing line, what is done as a line of its own with its seconds.
 * Not a terminal: only the lines. Plain JavaScript, because it also runs before anything is installed.
 */

const tickMs = 200;
const marks = { done: '✓', skipped: '·', failed: '✗', note: ' ' };

/** @param {{ stream?: NodeJS.WriteStream, now?: () => number }} [options] */
export function createChecklist({ stream = process.stderr, now = () => performance.now() } = {}) {
  const isLive = Boolean(stream.isTTY) && process.env.CI === undefined;
  const running = new Map();
  let timer;

  return {
    start,
    done: end('done'),
    skipped: end('skipped'),
    failed: end('failed'),
    note: (text) => print(`${marks.note} ${text}`),
    close,
  };

  function start(name) {
    running.set(name, now());
    if (isLive && timer === undefined) timer = setInterval(draw, tickMs).unref();
    draw();
  }

  function end(kind) {
    return (name, note = '') => {
      const seconds = running.has(name) ? secondsSince(running.get(name)) : '';
      running.delete(name);
      print(`${marks[kind]} ${name.padEnd(34)} ${seconds.padStart(7)}  ${note}`.trimEnd());
    };
  }

  function print(line) {
    clear();
    stream.write(`${line}\n`);
    draw();
  }

  function draw() {
    if (!isLive || running.size === 0) return;
    clear();
    const names = [...running].map(([name, began]) => `${name} ${secondsSince(began)}`).join(', ');
    stream.write(`… ${names}`.slice(0, (stream.columns ?? 80) - 1));
  }

  function clear() {
    if (isLive) stream.write('\r\x1b[K');
  }

  function close() {
    clearInterval(timer);
    clear();
  }

  function secondsSince(began) {
    return `${((now() - began) / 1000).toFixed(1)} s`;
  }
}
