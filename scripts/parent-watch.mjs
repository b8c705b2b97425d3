// Loaded before each script by bootstrap.mjs: the script ends when bootstrap.mjs is gone without having ended it,
// killed say. Plain JavaScript, as that is.

import { isMainThread } from 'node:worker_threads';

const watchMs = 300;
/** What an orderly end may take. */
const endTimeoutMs = 15_000;

const parent = Number(process.env['GATEWAY_BOOTSTRAP_PID']);
// Not for what the script itself starts.
delete process.env['GATEWAY_BOOTSTRAP_PID'];

if (isMainThread && parent > 0) {
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), endTimeoutMs).unref();
    process.kill(process.pid, 'SIGTERM');
  }, watchMs).unref();
}
