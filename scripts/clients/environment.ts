// The environment that programs of others run in: nothing of the user's, and nowhere to go but loopback.

import path from 'node:path';

/**
 * No keys, no settings, no proxy of the user's; what can be told to stay quiet is.
 * @param home an own one, and for temporary files
 */
export function quietEnvironment(home: string): NodeJS.ProcessEnv {
  const { PATH = '', LANG = 'C.UTF-8' } = process.env;
  return {
    PATH: `${path.dirname(process.execPath)}${path.delimiter}${PATH}`,
    LANG,
    HOME: home,
    TMPDIR: home,
    NO_COLOR: '1',
    CI: '1',
    DO_NOT_TRACK: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    OPENAI_AGENTS_DISABLE_TRACING: '1',
    LANGSMITH_TRACING: 'false',
    ANONYMIZED_TELEMETRY: 'false',
    // Whatever is not on loopback meets a proxy that is not there.
    HTTP_PROXY: 'http://127.0.0.1:9',
    HTTPS_PROXY: 'http://127.0.0.1:9',
    http_proxy: 'http://127.0.0.1:9',
    https_proxy: 'http://127.0.0.1:9',
    NO_PROXY: '127.0.0.1,localhost',
    no_proxy: '127.0.0.1,localhost',
    NODE_USE_ENV_PROXY: '1',
  };
}
