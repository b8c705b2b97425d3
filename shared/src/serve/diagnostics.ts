// What every function answers about itself under `/-/`.

import { createHash, timingSafeEqual } from 'node:crypto';
import { callerToken } from '../auth/auth.ts';
import { answer, Refusal, type Received } from '../http/http.ts';
import type { Context } from './context.ts';
import type { Route } from './exchange.ts';

const plain = { 'content-type': 'text/plain; charset=utf-8' } as const;

/**
 * `/-/__version`, polled by every editor without a token, `/-/healthz` behind the diagnostics secret, any method, as
 * in the original gateway; and `/metrics` of this one process for Prometheus, behind the same secret.
 */
export function diagnosticRoutes(context: Context): Route[] {
  const { config, store, telemetry } = context;
  return [
    {
      method: 'GET',
      path: '/metrics',
      dialect: 'cody',
      handle: async ({ received }) => {
        demandSecret(received, config.diagnosticsSecret);
        const text = await telemetry.prometheus();
        if (text === null) throw new Refusal('not-found', '404 page not found');
        answer(received, 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }, text);
      },
    },
    {
      method: '*',
      path: '/-/__version',
      dialect: 'cody',
      handle: async ({ received }) => answer(received, 200, plain, config.version),
    },
    {
      method: '*',
      path: '/-/healthz',
      dialect: 'cody',
      handle: async ({ received, scope }) => {
        demandSecret(received, config.diagnosticsSecret);
        try {
          // Writes to Redis as a request does, within the same time: healthy means that requests can be served.
          await store.probe(context.budget());
          answer(received, 200, plain, 'healthz: ok');
        } catch (error) {
          scope.log('WARNING', 'Redis did not answer a health check (runbook redis-breaker)', {}, error);
          const outage = store.outage();
          const since = outage === null ? '' : ` for ${(outage.openMs / 1000).toFixed(1)} s`;
          const cause = error instanceof Error ? error.message : 'redis is unavailable';
          answer(received, 500, { ...plain, 'retry-after': '5' }, `healthz: ${cause}${since}`);
        }
      },
    },
  ];
}

/**
 * Compares digests in constant time: neither length nor prefix of the secret shows.
 * @throws Refusal malformed-authorization, diagnostics-secret
 */
export function demandSecret({ headers }: Received, secret: string): void {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  if (!timingSafeEqual(digest(callerToken(headers, 'cody')), digest(secret)))
    throw new Refusal('diagnostics-secret', 'wrong diagnostics secret');
}
