// Reads functions/*/function.json, the only description of an endpoint: what Terraform, the router, the build and
// README's table go by.

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';

const functionsDir = path.resolve(import.meta.dirname, '../../functions');

const routeSchema = v.strictObject({
  /** Exact, or a prefix when it ends in `*`. */
  path: v.pipe(v.string(), v.startsWith('/')),
  methods: v.pipe(v.array(v.picklist(['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS'])), v.minLength(1)),
  /** Only requests with this `X-Sourcegraph-Feature`. */
  feature: v.optional(v.picklist(['chat_completions', 'code_completions'])),
});

const fileSchema = v.strictObject({
  description: v.pipe(v.string(), v.endsWith('.')),
  trigger: v.picklist(['http', 'task', 'schedule']),
  /** Cron, for `schedule`. */
  schedule: v.optional(
    v.pipe(
      v.string(),
      v.regex(
        /^(\*|\*\/[1-9]\d?|[1-5]?\d) \* \* \* \*$/,
        'only "* * * * *", "*/n * * * *" and "n * * * *" are understood',
      ),
    ),
  ),
  /** Queue, for `task`. */
  queue: v.optional(v.string()),
  routes: v.pipe(v.array(routeSchema), v.minLength(1)),
  /** Answers what no route names. Exactly one function. */
  default: v.optional(v.literal(true)),
  memoryMiB: v.pipe(v.number(), v.integer(), v.minValue(128)),
  cpu: v.number(),
  concurrency: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)),
  timeoutSeconds: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(3600)),
  secrets: v.array(v.string()),
  /**
   * What its account may reach besides Redis and its secrets; where absent Terraform gives what is usual for the
   * trigger. `directory-view` and `ledger` are read, `directory` and `warehouse` written, `final-days` both; `vertex`
   * are homes on Vertex AI, where the root has `vertex_ai` on.
   */
  uses: v.optional(
    v.array(v.picklist(['directory', 'directory-view', 'queues', 'warehouse', 'ledger', 'final-days', 'vertex'])),
  ),
  /**
   * Who may call it, for `http`: absent, everybody, who then shows a token; `iap`, whom Identity-Aware Proxy lets in.
   */
  access: v.optional(v.literal('iap')),
});

/** One function's description; its name is its folder's. */
export type FunctionFile = v.InferOutput<typeof fileSchema> & { readonly name: string };

/**
 * Environment by which a process lives within an instance's memory; Terraform's function module says the same. By
 * itself V8 gives an instance of 512 MiB a young generation of 2 MB (seen in a memory cgroup), which most of a call in
 * flight outlives: a call takes a third more processor time. And the C library gives each of Node's threads a heap of
 * its own, some 8 MiB that nobody uses, to spare them a lock that they hardly meet.
 * @param nodeOptions further ones
 */
export function memoryEnv(memoryMiB: number, nodeOptions = ''): { NODE_OPTIONS: string; MALLOC_ARENA_MAX: string } {
  const divided = `--max-semi-space-size=${Math.floor(memoryMiB / 32)} --max-old-space-size=${Math.floor(memoryMiB / 2)}`;
  return { NODE_OPTIONS: `${divided} ${nodeOptions}`.trim(), MALLOC_ARENA_MAX: '1' };
}

/** All of them, by name. @throws Error that names the file and every fault in it */
export async function readFunctionFiles(dir = functionsDir): Promise<FunctionFile[]> {
  const folders = (await readdir(dir, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
    .map(({ name }) => name);
  const files = await Promise.all(folders.sort().map((name) => readOne(dir, name)));
  const defaults = files.filter((file) => file.default === true);
  if (defaults.length !== 1)
    throw new Error(`exactly one function.json must say "default": true, ${defaults.length} do`);
  return files;
}

async function readOne(dir: string, name: string): Promise<FunctionFile> {
  const file = path.join(dir, name, 'function.json');
  const result = v.safeParse(fileSchema, await readJson(file));
  if (!result.success)
    throw new Error(
      `${file}:\n${result.issues.map((issue) => `  - ${v.getDotPath(issue) ?? ''}: ${issue.message}`).join('\n')}`,
    );
  const { trigger, schedule, queue } = result.output;
  if ((trigger === 'schedule') !== (schedule !== undefined))
    throw new Error(`${file}: "schedule" goes with the trigger "schedule", and with no other`);
  if ((trigger === 'task') !== (queue !== undefined))
    throw new Error(`${file}: "queue" goes with the trigger "task", and with no other`);
  return { ...result.output, name };
}

async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
