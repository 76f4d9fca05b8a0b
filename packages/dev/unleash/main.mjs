/**
 * Unleash on its own database, on loopback only: no login for the console, no telemetry, no version check.
 * Settings: UNLEASH_PORT, UNLEASH_DATABASE_URL, UNLEASH_TOKEN (clients), UNLEASH_ADMIN_TOKEN.
 */
import { start } from 'unleash-server';

const settings = Object.fromEntries(
  ['UNLEASH_PORT', 'UNLEASH_DATABASE_URL', 'UNLEASH_TOKEN', 'UNLEASH_ADMIN_TOKEN'].map((name) => [name, required(name)]),
);

// Unleash reads these from the environment only.
process.env.SEND_TELEMETRY = 'false';
process.env.INIT_BACKEND_API_TOKENS = settings.UNLEASH_TOKEN;
process.env.INIT_ADMIN_API_TOKENS = settings.UNLEASH_ADMIN_TOKEN;

await start({
  databaseUrl: settings.UNLEASH_DATABASE_URL,
  db: { ssl: false, pool: { min: 0, max: 6 } },
  server: {
    host: '127.0.0.1',
    port: Number(settings.UNLEASH_PORT),
    unleashUrl: `http://127.0.0.1:${settings.UNLEASH_PORT}`,
    gracefulShutdownTimeout: 500,
  },
  authentication: { type: 'none', enableApiToken: true },
  versionCheck: { enable: false },
  // A client that polls each 250 ms must see a flip at once, not a cached document.
  clientFeatureCaching: { enabled: false, maxAge: 0 },
  secureHeaders: false,
  logLevel: 'warn',
});

function required(name) {
  const value = process.env[name];
  if (value) return value;
  console.error(`${name} is missing`);
  process.exit(1);
}
