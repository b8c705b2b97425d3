// By a variable Gemini's dialect takes a key in the URL, as Google's REST examples write it; it stays out of what the
// gateway itself writes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../local/test-gateway.ts';

test('the key counts where no header has one, and reaches neither provider nor log', async () => {
  const gateway = await startGateway({
    functions: ['generate-content', 'deliver-events', 'diagnostics'],
    env: { CODY_GATEWAY_GOOGLE_KEY_IN_URL: 'true' },
  });
  try {
    const path = '/v1beta/models/gemini-2.5-pro:generateContent';
    const body = { contents: [{ parts: [{ text: 'Hi' }] }] };
    const served = await gateway.call(`${path}?key=${gateway.token}`, { token: null, body });
    assert.equal(served.status, 200);
    assert.equal((await gateway.call(`${path}?key=nobody`, { body })).status, 200, 'a header wins');
    assert.equal((await gateway.call(`${path}?key=${'x'.repeat(20)}`, { token: null, body })).status, 401);
    const written = JSON.stringify([gateway.lines, gateway.google?.requests, await gateway.events()]);
    assert.ok(!written.includes(gateway.token));
  } finally {
    await gateway.stop();
  }
});
