// What a Sigstore bundle says it was signed over. Not whether the signature holds: `gh attestation verify` asks that
// before a release runs (rollout.ts).

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

interface Bundle {
  readonly dsseEnvelope?: { readonly payload?: string };
}
interface Statement {
  readonly subject?: readonly { readonly digest?: { readonly sha256?: string } }[];
}

/**
 * Holds files against the statement that goes beside them, so that none is uploaded with another build's.
 * @param bundleFile one bundle as JSON, or one a line
 * @throws Error where it is no bundle, or was signed over other bytes than one of the files has
 */
export function requireProvenance(bundleFile: string, files: readonly string[]): void {
  const signed = digestsIn(bundleFile);
  if (signed.size === 0)
    throw new Error(
      `${bundleFile} is no Sigstore bundle with digests: --provenance takes what GitHub's attestation wrote`,
    );
  for (const file of files) {
    const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
    if (!signed.has(sha256))
      throw new Error(
        `${file} (sha256 ${sha256}) is not what ${bundleFile} was signed over: it was built of another commit, or on a changed tree. Nothing was uploaded`,
      );
  }
}

function digestsIn(bundleFile: string): ReadonlySet<string> {
  const text = readFileSync(bundleFile, 'utf8').trim();
  const bundles: readonly Bundle[] = [text, ...text.split('\n')].flatMap(parsed);
  const statements: readonly Statement[] = bundles.flatMap(({ dsseEnvelope }) =>
    parsed(Buffer.from(dsseEnvelope?.payload ?? '', 'base64').toString()),
  );
  return new Set(statements.flatMap(({ subject }) => (subject ?? []).flatMap(({ digest }) => digest?.sha256 ?? [])));
}

/** The JSON object that a text is, if it is one. */
function parsed(text: string): object[] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? [value] : [];
  } catch {
    return [];
  }
}
