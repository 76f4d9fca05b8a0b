import express, { type Router } from 'express';
import type { Registry } from 'prom-client';

/** `/livez`, `/readyz` and `/metrics`. Ready means: not stopping, and the database answers. */
export function healthRoutes(deps: { contentHash: string; isServing(): Promise<boolean>; registry: Registry }): Router {
  const router = express.Router();
  router.get('/livez', (_req, res) => void res.json({ live: true }));
  router.get('/readyz', async (_req, res) => {
    const ready = await deps.isServing();
    res.status(ready ? 200 : 503).json({ ready, content: deps.contentHash });
  });
  router.get('/metrics', async (_req, res) => {
    res.type(deps.registry.contentType).send(await deps.registry.metrics());
  });
  return router;
}
