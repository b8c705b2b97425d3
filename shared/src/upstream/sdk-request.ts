// Address and headers of a call as the official SDK of its provider writes them, asked once for all calls alike. Not the sending (http/post.ts).

import { LRUCache } from 'lru-cache';
import { lazyClient, type Destination } from '../http/http.ts';
import type { Call } from './call.ts';
import { destinationOf } from './destination.ts';

/** Callers choose Anthropic's betas, so the kinds of calls are not ours to count. */
const kindsMax = 200;

/** What is asked of an SDK's client. */
interface SdkClient {
  buildRequest(options: {
    method: 'post';
    path: string;
    headers: Call['headers'];
    body: string;
  }): Promise<{ url: string; req: { headers: Headers } }>;
}

/**
 * The SDK knows address, credentials and versions of its API; the body is ours. Nothing that it says is a call's own, and to ask it took a
 * fifth of what a call allocates and a tenth of its CPU.
 * @param open makes its client, with the first call: an SDK is half a megabyte to read, and an instance's first answer needs one of them
 */
export function sdkDestinations(open: () => Promise<SdkClient>): (call: Call) => Promise<Destination> {
  const known = new LRUCache<string, Promise<Destination>>({ max: kindsMax });
  const client = lazyClient(open);
  const build = async ({ path, headers }: Call): Promise<Destination> => {
    const { url, req } = await (await client.open()).buildRequest({ method: 'post', path, headers, body: '' });
    return destinationOf(url, req.headers);
  };
  return (call) => {
    const kind = JSON.stringify([call.path, call.headers]);
    const kept = known.get(kind);
    if (kept !== undefined) return kept;
    const built = build(call);
    known.set(kind, built);
    built.catch(() => known.delete(kind));
    return built;
  };
}
