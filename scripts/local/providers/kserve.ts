// A stand-in for Sourcegraph's embedding server: KServe's v2 protocol behind a secret header. Each text's vector
// begins with its length.

import {
  readRequest,
  startProvider,
  type Canned,
  type LocalProvider,
  type Pace,
  type Recorded,
} from './provider-server.ts';

const dimensions = 768;

interface Request {
  readonly id?: unknown;
  readonly inputs?: { name?: unknown; shape?: number[]; datatype?: unknown; data?: unknown[] }[];
}

/** @param apiKey what `sourcegraph-smega-inference-auth` must be */
export function startKServe({ apiKey, ...options }: Pace & { port?: number; apiKey: string }): Promise<LocalProvider> {
  return startProvider((request) => respond(request, apiKey), options);
}

function respond({ method, headers, body }: Recorded, apiKey: string): Canned {
  if (headers['sourcegraph-smega-inference-auth'] !== apiKey) return failure(403, 'forbidden');
  const request: Request | null = readRequest(body);
  const [input] = request?.inputs ?? [];
  if (method !== 'POST' || input?.name !== 'TEXT' || input.datatype !== 'BYTES' || !Array.isArray(input.data))
    return failure(400, 'expected one input of TEXT');
  if (input.shape?.[0] !== input.data.length) return failure(400, 'shape and data differ');
  const data = input.data.flatMap((text) => [
    String(text).length,
    ...Array.from({ length: dimensions - 1 }, () => 0.5),
  ]);
  const outputs = [{ name: 'EMBEDDING', shape: [input.data.length, dimensions], datatype: 'FP32', data }];
  return json(200, { model_name: 'ensemble_model', model_version: '1', id: request?.id, outputs });
}

function failure(status: number, error: string): Canned {
  return json(status, { error });
}

function json(status: number, value: unknown): Canned {
  return { status, headers: { 'content-type': 'application/json' }, pieces: [Buffer.from(JSON.stringify(value))] };
}
