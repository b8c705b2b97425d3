// Drives one installed client against the gateway: a library through its driver, an agent by its command line.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { quietEnvironment } from './environment.ts';
import { folderOf, programsOf } from './install.ts';
import type { AgentCall, Client } from './pins.ts';
import { runProgram } from './run-program.ts';

const driverTimeoutMs = 5 * 60_000;
const agentTimeoutMs = 90_000;
const differenceCharsMax = 300;
const casesFile = path.join(import.meta.dirname, 'cases.json');

/** What one case met; `difference`: null where it works. */
export interface Outcome {
  readonly mode: string;
  readonly case: string;
  readonly difference: string | null;
}

/** The gateway that is called. */
export interface Target {
  readonly url: string;
  readonly token: string;
}

/** Runs all modes and cases. A driver that dies is an outcome of its own. */
export async function drive(root: string, client: Client, target: Target): Promise<Outcome[]> {
  const home = mkdtempSync(path.join(tmpdir(), 'gateway-client-'));
  try {
    const outcomes =
      client.agent === undefined
        ? await driveLibrary(root, client, target, home)
        : await driveAgent(root, client, client.agent, target, home);
    return outcomes.map((outcome) => ({ ...outcome, difference: cleaned(outcome.difference, target, [home, root]) }));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function driveLibrary(root: string, client: Client, target: Target, home: string): Promise<Outcome[]> {
  const { driver = '' } = client;
  const dir = folderOf(root, client);
  // A copy beside the packages: imports are resolved from where a file lies.
  for (const file of [driver, `harness${path.extname(driver)}`])
    cpSync(path.join(import.meta.dirname, 'drivers', file), path.join(dir, file));
  const program = client.from === 'npm' ? process.execPath : path.join(programsOf(root, client), 'python');
  const env = {
    ...quietEnvironment(home),
    GATEWAY_URL: target.url,
    GATEWAY_TOKEN: target.token,
    CASES_FILE: casesFile,
  };
  const { code, output } = await runProgram([program, driver], { cwd: dir, env, timeoutMs: driverTimeoutMs });
  const outcomes = output
    .split('\n')
    .filter((line) => line.startsWith('{"mode"'))
    .map((line) => JSON.parse(line) as Outcome);
  if (code === 0 && outcomes.length > 0) return outcomes;
  return [
    ...outcomes,
    { mode: 'driver', case: 'run', difference: `ended with ${code}: ${output.slice(-differenceCharsMax)}` },
  ];
}

async function driveAgent(
  root: string,
  client: Client,
  modes: Readonly<Record<string, AgentCall>>,
  target: Target,
  home: string,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [mode, call] of Object.entries(modes)) {
    const place = path.join(home, mode);
    const work = path.join(place, 'work');
    mkdirSync(work, { recursive: true });
    const prompt =
      call.answers === true
        ? 'Answer please. case=text'
        : `Write the file hello.txt in the folder ${work} please. case=${call.edits === true ? 'agent-edit' : 'agent'}`;
    const known: Readonly<Record<string, string>> = { ...target, prompt, home: place, dir: work };
    const fill = (text: string): string =>
      text.replace(/\{(url|token|prompt|home|dir)\}/g, (_, name: string) => known[name] ?? '');
    for (const [file, text] of Object.entries(call.files ?? {})) {
      mkdirSync(path.dirname(path.join(place, file)), { recursive: true });
      writeFileSync(path.join(place, file), fill(text));
    }
    const more = Object.fromEntries(Object.entries(call.env ?? {}).map(([name, text]) => [name, fill(text)]));
    const [program = '', ...words] = call.command.map(fill);
    const ended = await runProgram([path.join(programsOf(root, client), program), ...words], {
      cwd: work,
      env: { ...quietEnvironment(place), ...more },
      timeoutMs: agentTimeoutMs,
    });
    outcomes.push({
      mode,
      case: call.answers === true ? 'answer' : 'writes a file',
      difference: differenceOf(call, ended, work),
    });
  }
  return outcomes;
}

function differenceOf(
  call: AgentCall,
  { code, output }: { code: number | string; output: string },
  work: string,
): string | null {
  const ended = `ended with ${code}: ${complaintOf(output)}`;
  if (code !== 0) return ended;
  if (call.answers === true) return output.includes('Grüezi wörld, 你好 🦊.') ? null : `no answer, ${ended}`;
  const file = path.join(work, 'hello.txt');
  const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
  if (text === 'written by the agent') return null;
  return `the file ${text === null ? 'is missing' : `has "${text}"`}, ${ended}`;
}

/** From the first line that speaks of an error; agents print stacks and advice around it. */
function complaintOf(output: string): string {
  const lines = output.trim().split('\n');
  const at = lines.findIndex((line) => /error|refused|not found|\b[45]\d\d\b/i.test(line));
  return (at === -1 ? lines : lines.slice(at)).join(' ').slice(0, 2 * differenceCharsMax);
}

/** A difference as it can be committed: without what changes from run to run, and never with the token. */
function cleaned(text: string | null, { url, token }: Target, folders: readonly string[]): string | null {
  if (text === null) return null;
  let clean = text.replaceAll(token, '<token>').replaceAll(url, '<gateway>').replaceAll(new URL(url).host, '<gateway>');
  for (const folder of folders) clean = clean.replaceAll(folder, '<folder>');
  clean = stripVTControlCharacters(clean)
    .replace(/\b[\da-f]{32}\b|\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b/g, '<id>')
    .replace(/\s+/g, ' ')
    .trim();
  return clean.length > differenceCharsMax ? `${clean.slice(0, differenceCharsMax)}…` : clean;
}
