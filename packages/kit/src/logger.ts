import { type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';

/** Structured log, one JSON line each to stdout: `log.info({ slice, split: 25 }, 'split set')`. Constant words, facts in fields. */
export type Logger = PinoLogger;

/** A logger for one process. Secrets by their usual names never reach a line. Level from LOG_LEVEL, default `info`. */
export function createLogger(name: string, level = process.env['LOG_LEVEL'] ?? 'info'): Logger {
  return pino({
    name,
    level,
    timestamp: stdTimeFunctions.isoTime,
    base: { name, pid: process.pid },
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: ['password', 'token', 'authorization', '*.password', '*.token', '*.authorization', 'headers'], censor: '[secret]' },
  });
}
