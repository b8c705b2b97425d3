// Metrics of several functions are one text: each family once and whole, every sample with its function.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { allMetrics } from './metrics-page.ts';
import { freePort, listen } from './process/port.ts';

const text = (value: number): string =>
  `# HELP calls Calls.\n# TYPE calls counter\ncalls{status="2 }00"} ${value}\n\n# TYPE up gauge\nup ${value}\n`;

test('families are joined, functions told apart; one without metrics and one that is gone are named', async (t) => {
  const server = createServer((request, response) => {
    if (request.headers.authorization !== 'Bearer s' || request.url === '/none/metrics') response.statusCode = 404;
    response.end(text(request.url === '/a/metrics' ? 1 : 2));
  });
  const url = `http://127.0.0.1:${await listen(server)}`;
  t.after(() => server.close());
  const functions = ['a', 'b', 'none'].map((name) => ({ name, url: `${url}/${name}` }));
  const gone = { name: 'gone', url: `http://127.0.0.1:${await freePort()}` };
  assert.equal(
    await allMetrics([...functions, gone], 's'),
    `# none answered 404
# gone did not answer
# HELP calls Calls.
# TYPE calls counter
calls{gateway_function="a",status="2 }00"} 1
calls{gateway_function="b",status="2 }00"} 2

# TYPE up gauge
up{gateway_function="a"} 1
up{gateway_function="b"} 2
`,
  );
});
