// Door of the HTTP room: what came in, what is said no with, and the bytes of an event stream.

export { Refusal, asRefusal, type Dialect, type RefusalKind, type RefusalOptions } from './refusal.ts';
export { SseEvent, SseSplitter } from './sse.ts';
export { receive, type Received } from './received.ts';
export { parseInOrder, parseJson } from './json.ts';
export { unmarked } from './member-order.ts';
export { parseInTurns } from './json-in-turns.ts';
export { readJson, readWhole } from './json-members.ts';
export { Pieces } from './text.ts';
export { answer, refuse, errorEvent } from './reply.ts';
export { warningHeader } from './warning.ts';
export { listenFirst } from './request-listener.ts';
export { drainOnTerm } from './drain.ts';
export { post, type Destination, type Sent } from './post.ts';
export { decoded } from './decoded.ts';
export { fetchJson, FetchFailed, type JsonAnswer } from './fetch-json.ts';
export { accessTokens, type AccessTokens } from './access-token.ts';
export { lazyClient, type LazyClient } from './lazy-client.ts';
export { flattenHeader } from './flatten-header.ts';
export type { GzipFrames } from './gzip-frames.ts';
/** Streams as gzip: loaded only by those who compress. */
export const loadCompression = () => import('./stream-compression.ts');
