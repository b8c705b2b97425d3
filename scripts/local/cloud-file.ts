// `.local/cloud.json`: where the other commands find the local cloud that runs. Removed when the cloud ends; one that
// was left behind is not believed.

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import path from 'node:path';
import { isAlive } from '../build/lock.ts';

/** Tests have one of their own. */
export const cloudFile =
  process.env['GATEWAY_CLOUD_FILE'] ?? path.resolve(import.meta.dirname, '../../.local/cloud.json');
/** On loopback: a process that listens takes no longer. */
const probeTimeoutMs = 2_000;

/** Writes it in one step, for this process alone to read and for as long as it lives. */
export function writeCloudFile(facts: Readonly<Record<string, unknown>>): void {
  mkdirSync(path.dirname(cloudFile), { recursive: true });
  const beside = `${cloudFile}.${process.pid}`;
  writeFileSync(beside, `${JSON.stringify({ pid: process.pid, ...facts }, null, 2)}\n`, { mode: 0o600 });
  renameSync(beside, cloudFile);
}

/** Removes it where it is this process's. */
export function removeCloudFile(): void {
  if (owner(readText(cloudFile)).pid === process.pid) rmSync(cloudFile, { force: true });
}

/** Its text while that cloud runs; null where there is none, or one that was left behind, which is removed. */
export async function readCloudFile(file = cloudFile): Promise<string | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  const { pid, url } = owner(text);
  if (pid === undefined || url === undefined) return text;
  if (!isAlive(pid)) {
    rmSync(file, { force: true });
    return null;
  }
  // Its process id may belong to another process since.
  return (await listens(Number(new URL(url).port))) ? text : null;
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** Whoever reads it checks the rest. */
function owner(text: string | null): { pid?: number; url?: string } {
  try {
    return JSON.parse(text ?? '{}') as { pid?: number; url?: string };
  } catch {
    return {};
  }
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(probeTimeoutMs) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
