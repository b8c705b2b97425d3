import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, durationMs, loadConfig } from './config.ts';

const least = { REDIS_ENDPOINT: 'redis://127.0.0.1:6379', CODY_GATEWAY_DIAGNOSTICS_SECRET: 's' };

test('two variables are enough to start, the rest has defaults', () => {
  const config = loadConfig(least);
  assert.equal(config.anthropicAccessToken, null);
  assert.equal(config.anthropicMaxTokensToSample, null);
  assert.equal(config.burstIntervalMs, 10_000);
  assert.equal(config.openaiAllowedModels, null);
});

test('every fault is reported at once, and no secret stands in the report', () => {
  const env = {
    REDIS_ENDPOINT: '',
    CODY_GATEWAY_OPENAI_BASE_URL: 'ftp://x',
    CODY_GATEWAY_BODY_BYTES_MAX: '12kB',
    CODY_GATEWAY_ACTOR_CONCURRENCY_LIMIT_INTERVAL: '10',
  };
  assert.throws(
    () => loadConfig(env),
    (thrown) => {
      assert.ok(thrown instanceof ConfigError);
      assert.equal(thrown.faults.length, 5);
      for (const name of ['REDIS_ENDPOINT', 'DIAGNOSTICS_SECRET', 'OPENAI_BASE_URL', '"12kB"', 'LIMIT_INTERVAL'])
        assert.match(thrown.message, new RegExp(name));
      return true;
    },
  );
});

test('an empty variable counts as absent, the project of the events falls back to the project', () => {
  const config = loadConfig({ ...least, CODY_GATEWAY_OPENAI_ACCESS_TOKEN: '', GOOGLE_CLOUD_PROJECT: 'p' });
  assert.equal(config.openaiAccessToken, null);
  assert.equal(config.bigqueryProjectId, 'p');
});

test('a text that is one of a few is one of them', () => {
  const name = 'CODY_GATEWAY_TOKEN_INTROSPECTION_METHOD';
  assert.equal(loadConfig(least).introspectionMethod, 'auto');
  assert.equal(loadConfig({ ...least, [name]: 'bearer' }).introspectionMethod, 'bearer');
  assert.throws(
    () => loadConfig({ ...least, [name]: 'Bearer' }),
    /METHOD: "Bearer" is none of auto, connect, bearer, basic/,
  );
});

test('a start waits for Redis less long than Cloud Run waits for the port', () => {
  assert.equal(loadConfig(least).redisStartMs, 60_000);
  assert.equal(loadConfig({ ...least, CODY_GATEWAY_REDIS_START: '230s' }).redisStartMs, 230_000);
  for (const text of ['231s', '4m', '0s'])
    assert.throws(
      () => loadConfig({ ...least, CODY_GATEWAY_REDIS_START: text }),
      /CODY_GATEWAY_REDIS_START: "\w+" is not/,
    );
});

test('Go durations', () => {
  for (const [text, ms] of [
    ['300s', 300_000],
    ['1h30m', 5_400_000],
    ['50ms', 50],
    ['1.5s', 1500],
    ['10', null],
    ['', null],
    ['5d', null],
  ] as const) {
    assert.equal(durationMs(text), ms, text);
  }
});

test('keys of homes are read by the names that the catalogue gives them; set but empty is not there', () => {
  const { secretNamed } = loadConfig({ ...least, MISTRAL_API_KEY: 'k', GROQ_API_KEY: '' });
  assert.deepEqual(['MISTRAL_API_KEY', 'GROQ_API_KEY', 'XAI_API_KEY', 'constructor', '__proto__'].map(secretNamed), [
    'k',
    null,
    null,
    null,
    null,
  ]);
  const config = loadConfig({ ...least, MISTRAL_API_KEY: 'SECRET' });
  assert.ok(!JSON.stringify(config).includes('SECRET'), 'and stand in no dump of the settings');
});

test('variables that look like ours and are none, and those of the original gateway that mean nothing here', () => {
  const { unread } = loadConfig({
    ...least,
    SAMS_URL: 'https://accounts.example',
    CODY_GATEWAY_OPENAI_ALOWED_MODELS: 'x',
    CODY_GATEWAY_SOURCES_SYNC_INTERVAL: '2m',
    SRC_HTTP_CLI_EXTERNAL_TIMEOUT: '5m',
    PATH: '/bin',
    GOOGLE_APPLICATION_CREDENTIALS: 'x',
    constructor: 'x',
  });
  assert.deepEqual(unread, [
    { name: 'CODY_GATEWAY_OPENAI_ALOWED_MODELS', instead: null },
    { name: 'CODY_GATEWAY_SOURCES_SYNC_INTERVAL', instead: 'the schedule of the function sync-subscriptions' },
    { name: 'SRC_HTTP_CLI_EXTERNAL_TIMEOUT', instead: 'CODY_GATEWAY_UPSTREAM_TOTAL_TIMEOUT' },
  ]);
});
