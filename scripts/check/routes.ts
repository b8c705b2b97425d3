// terraform/routes.json: who answers a table of requests, by the local router. `terraform test` holds the load
// balancer's URL map to it; `npm run check` compares, `npm run format` writes.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readFunctionFiles } from '../functions/function-files.ts';
import { chooseTarget } from '../local/router.ts';

const file = path.resolve(import.meta.dirname, '../../terraform/routes.json');
const features = [null, 'chat_completions', 'code_completions', 'embeddings', 'no-such-feature'];
const methods = ['GET', 'POST', 'DELETE', 'OPTIONS'];
const unrouted = ['/', '/v1', '/v1/', '/v1/nothing', '/-', '/v1/completions/nobody', '/v1/limits/', '/V1/limits'];

const targets = (await readFunctionFiles()).map((one) => ({ file: one, url: '' }));
const routed = targets.flatMap((target) =>
  target.file.trigger === 'http' ? target.file.routes.map((route) => route.path.replace(/\*$/, 'x/y')) : [],
);
const paths = [...new Set([...routed, ...routed.map((one) => `${one}x`), ...unrouted])].toSorted();
/** The methods that a path is asked with: one, where all of them go to the same function. */
function methodsOf(url: string): string[] {
  const chosen = new Set(methods.map((method) => chooseTarget(targets, { url, method })));
  return chosen.size === 1 ? methods.slice(0, 1) : methods;
}
const asked = paths.flatMap((url) => methodsOf(url).map((method) => ({ url, method })));
const rows = asked.flatMap(({ url, method }) =>
  features.map((feature) => {
    const name = chooseTarget(targets, { url, method, feature: feature ?? undefined })?.file.name ?? null;
    return `  ${JSON.stringify({ path: url, method, feature, function: name })
      .replaceAll(/[:,](?=")|:(?=null)/g, '$& ')
      .replace('{', '{ ')
      .replace(/\}$/, ' }')}`;
  }),
);
const text = `[\n${rows.join(',\n')}\n]\n`;
if (process.argv.includes('--write')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) {
  console.error(`${file} is not what function.json files say; npm run format writes it`);
  process.exitCode = 1;
}
