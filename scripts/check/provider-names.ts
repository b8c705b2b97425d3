// Nothing but the catalogue names a provider: code that does is a rule that the next provider does not have. Words in
// comments are free.

import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { defaultsLayer } from '@cody-gateway/shared/catalogue';

/** Where a provider may be named: a file, or a folder with a slash at its end, and why. */
export const places: readonly (readonly [place: string, why: string])[] = [
  ['shared/src/catalogue/defaults/', 'the catalogue itself'],
  ['shared/src/serve/surfaces.ts', 'paths name providers: instances and SDKs call them so'],
  ['shared/src/config/', 'variables of the original gateway'],
  ['shared/src/catalogue/environment-layer.ts', 'what those variables are about'],
  ['shared/src/upstream/flagging.ts', 'rules that those variables set for each provider'],
  ['shared/src/upstream/length-max.ts', 'a bound that one of those variables sets'],
  ['shared/src/upstream/dialects/', 'dialects, named after who made them'],
  ['shared/src/upstream/usage/', 'what each dialect calls its usage'],
  ['shared/src/upstream/size/', 'where each dialect has its texts, parts and tools'],
  ['shared/src/upstream/dialects.ts', 'the list of dialects'],
  ['shared/src/upstream/home-access.ts', 'the SDKs of two dialects'],
  ['shared/src/upstream/api-dialect.ts', 'the SDKs of two dialects'],
  ['shared/src/upstream/guarded-members.ts', 'a table for each dialect'],
  ['shared/src/upstream/unread-places.ts', 'a table for each dialect'],
  ['shared/src/upstream/second-models.ts', 'a table for each dialect'],
  ['shared/src/serve/call-tags.ts', 'a member of each dialect'],
  ['shared/src/upstream/prompt-text.ts', 'what each dialect calls its members'],
  ['shared/src/upstream/choice.ts', 'a dialect whose names take a prefix, and the rule of virtual models'],
  ['shared/src/upstream/virtual-models.ts', 'the rule of virtual models: what stands for them'],
  ['shared/src/upstream/provider-rules.ts', 'a rule that is about a header of that name'],
  ['shared/src/upstream/response-headers.ts', 'headers that Cody’s clients read'],
  ['shared/src/upstream/embedding/', 'embedding models have a list of their own'],
  ['shared/src/catalogue/provider-row.ts', 'names of dialects and rules'],
  ['shared/src/catalogue/home-row.ts', 'an example in a message, and the kind of home that our own account lets in'],
  ['shared/src/catalogue/row-kind.ts', 'an example in a message'],
  ['shared/src/catalogue/hosts.ts', 'GOOGLE_ACCOUNT is our own account'],
  ['shared/src/upstream/homes/blame.ts', 'what each dialect says of our key and our money'],
  ['shared/src/upstream/homes/first-words.ts', 'what each dialect says before its first word'],
  ['shared/src/serve/unserved.ts', 'the error shape that each dialect’s SDK reads, and what it also knows'],
  ['shared/src/serve/sdk-dialect.ts', 'headers by which each dialect’s SDK is known'],
  ['shared/src/serve/handler.ts', 'whose dialect a path speaks that nobody serves'],
  ['shared/src/http/', 'error shapes are called after the dialects of SDKs'],
  ['shared/src/directory/', 'Sourcegraph.com is a source of accounts, too'],
  ['shared/src/serve/identify.ts', 'a dialect whose key may stand in the URL'],
  ['shared/src/auth/caller.ts', 'where each dialect’s SDK puts its token'],
  ['shared/src/auth/anonymous.ts', 'the original gateway’s list for callers without a token'],
  ['shared/src/events/price-row.ts', 'rows of older functions: whose cache stands beside the input'],
  ['functions/chat-completions/index.ts', 'dialects of paths'],
  ['functions/code-completions/index.ts', 'dialects of paths'],
  ['functions/chat-completions/models.ts', 'the shape that each dialect’s SDK reads'],
  ['functions/responses/', 'the dialect of its paths'],
  ['functions/generate-content/', 'the dialect of its paths'],
  ['functions/diagnostics/openapi.ts', 'documents for the clients of each dialect'],
  ['functions/embeddings/', 'paths and shapes of two dialects'],
];

/**
 * Words that are also something else: a cloud, a company, a word of every day. Only a whole string names the provider.
 */
const ambiguous: ReadonlySet<string> = new Set(['google', 'sourcegraph', 'together', 'openai-compatible']);

/** A file and its text. */
interface Source {
  readonly file: string;
  readonly text: string;
}

/**
 * @param providers ids
 * @param allowed as `places`
 * @returns one line a fault: where, what, and what to do
 */
export function checkProviderNames(
  sources: readonly Source[],
  providers: readonly string[],
  allowed: readonly (readonly [place: string, why: string])[] = places,
): string[] {
  const isAllowed = ({ file }: Source): boolean =>
    allowed.some(([place]) => (place.endsWith('/') ? file.startsWith(place) : file === place));
  const faults = sources
    .filter((source) => !isAllowed(source))
    .flatMap((source) => namesIn(source, providers))
    .map(
      ({ file, line, name }) =>
        `${file}:${line}: names the provider ${name}; make it a member or a rule of its row in the catalogue, or say in scripts/check/provider-names.ts why not`,
    );
  const idle = allowed
    .filter(
      ([place]) =>
        !sources.some(
          (source) => isAllowed(source) && source.file.startsWith(place) && namesIn(source, providers).length > 0,
        ),
    )
    // The rows themselves are JSON.
    .filter(([place]) => place !== 'shared/src/catalogue/defaults/')
    .map(([place]) => `scripts/check/provider-names.ts: ${place} names no provider; take it off the list`);
  return [...faults, ...idle];
}

function namesIn({ file, text }: Source, providers: readonly string[]): { file: string; line: number; name: string }[] {
  const code = text.replace(/\/\*[^]*?\*\/|(?<=^|\s)\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, ' '));
  return code.split('\n').flatMap((line, at) => {
    // Modules are called after dialects, and packages after their makers.
    if (/^(import|export)\b.*\bfrom '|^\} from '|\bimport\('/.test(line)) return [];
    const named = providers.find((name) => namePattern(name).test(line));
    return named === undefined ? [] : [{ file, line: at + 1, name: named }];
  });
}

const patterns = new Map<string, RegExp>();

/**
 * A string that is the name or begins with it and a slash; else, of a name that means nothing else, any word that has
 * it.
 */
function namePattern(name: string): RegExp {
  let pattern = patterns.get(name);
  if (pattern === undefined) {
    const literal = name.replaceAll('.', '\\.');
    const whole = `['"\`]${literal}(/|['"\`])`;
    pattern = new RegExp(ambiguous.has(name) ? whole : `${whole}|${literal}`, 'i');
    patterns.set(name, pattern);
  }
  return pattern;
}

/** Everything that is deployed, but for tests. */
export function deployedSources(root: string): Source[] {
  return globSync(['shared/src/**/*.ts', 'functions/**/*.ts'], {
    cwd: root,
    exclude: (name) => name === 'node_modules',
  })
    .filter((file) => !/\.test[./]/.test(file))
    .toSorted()
    .map((file) => ({ file, text: readFileSync(path.join(root, file), 'utf8') }));
}

/** Ids of the providers that a release knows. */
export function providerIds(): string[] {
  return (defaultsLayer().rows.providers ?? []).map(({ id }) => String(id));
}

if (import.meta.main) {
  const faults = checkProviderNames(deployedSources(path.resolve(import.meta.dirname, '../..')), providerIds());
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
}
