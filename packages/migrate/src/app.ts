import { errorText } from '@atlas/kit/errors';
import { failpointRoutes } from '@atlas/kit/failpoints';
import express, { type Express } from 'express';
import { answerErrors, controlRoutes } from './api/routes.ts';
import { createControlApi, type PlanePorts } from './control-plane.ts';
import { createMetrics } from './metrics.ts';

/** The server's HTTP surface; does not listen. Failpoints exist in development only. */
export function createApp(
  ports: PlanePorts,
  options: { isDevelopment: boolean; log: { error(facts: object, message: string): void } },
): Express {
  const app = express();
  const metrics = createMetrics(ports.ledger);
  app.disable('x-powered-by');
  app.get('/livez', (_req, res) => void res.json({ live: true }));
  app.get('/readyz', async (_req, res) => {
    try {
      await ports.ledger.readFleet();
      res.json({ ready: true });
    } catch (error) {
      res.status(503).json({ ready: false, reason: errorText(error) });
    }
  });
  app.get('/metrics', async (_req, res) => void res.type(metrics.contentType).send(await metrics.metrics()));
  if (options.isDevelopment) app.use(failpointRoutes());
  app.use(controlRoutes(createControlApi(ports)));
  app.use(answerErrors(options.log));
  return app;
}
