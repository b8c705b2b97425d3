// What the head of an HTTP message keeps while its body streams. Not the head itself.

import type { OutgoingMessage } from 'node:http';

/**
 * Node joins a head out of some sixty texts, and keeps it as long as the message lives, in V8 as a tree of its parts:
 * several times the room of the text. Whatever needs its characters in a row makes it one text. For what lives on: it
 * is a copy.
 */
export function flattenHeader(message: OutgoingMessage | undefined): void {
  const { _header: header } = (message ?? {}) as { readonly _header?: unknown };
  if (typeof header === 'string') Number(header);
}
