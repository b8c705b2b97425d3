// Where a release lies, and which one a function's tag stands for.

import { runOrNull } from './program.ts';
import type { Root } from './root-file.ts';

/** Its address in the bucket. @param kind zip, cdx.json (what is in it) or sigstore.json (who made it of what) */
export const object = (target: Root, name: string, tag: string, kind = 'zip'): string =>
  `gs://${target.project}-releases/${name}/${tag}.${kind}`;

/** The release that a function's tag stands for; of insiders its object knows. Null while nothing was released. */
export function release(target: Root, name: string): string | null {
  const tag = target.functionTags[name] ?? target.imageTag;
  if (tag !== 'insiders') return tag;
  const text = runOrNull('gcloud', [
    'storage',
    'objects',
    'describe',
    object(target, name, tag),
    '--format=json(custom_fields)',
  ]);
  if (text === null) return null;
  return (JSON.parse(text) as { custom_fields?: { tag?: string } }).custom_fields?.tag ?? tag;
}
