// What the stand-in answers: a scene is named in the prompt (`case=tools`), so that a request needs no arrangement
// before it. Not how a dialect says it.

/** A call of a tool. */
export interface ToolCall {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/**
 * An answer in no dialect; `cut`: the connection breaks in its middle; `held`: nothing follows its first text;
 * `silentMs`: so long nothing comes behind its first event, or before a whole one.
 */
export interface Answer {
  readonly thinking?: string;
  readonly text?: string;
  readonly calls?: readonly ToolCall[];
  /** Where the text is from. */
  readonly cites?: { readonly title: string; readonly url: string };
  /** In place of a text: what the model will not do. */
  readonly refusal?: string;
  readonly cut?: boolean;
  readonly held?: boolean;
  readonly silentMs?: number;
}

/** An answer, or the status that the provider fails with. */
export type Scene = Answer | { readonly status: number };

/** Of an answer's text, what comes first. */
export const firstText = 'Grüezi';
const text = `${firstText} wörld, 你好 🦊.`;
/** Beyond what a proxy with a deadline of five seconds lets pass, and well within a case's own. */
const silentMs = 6_000;
const fileName = 'hello.txt';
const fileText = 'written by the agent';

/** Tools that write files, by the names that agents give them; the first that a request offers is called. */
const fileTools: Readonly<Record<string, (file: string) => Record<string, unknown>>> = {
  Write: (file) => ({ file_path: file, content: fileText }),
  write_file: (file) => ({ file_path: file, content: fileText }),
  write: (file) => ({ filePath: file, content: fileText }),
  exec_command: (file) => ({ cmd: `printf '%s' '${fileText}' > ${file}` }),
  shell_command: (file) => ({ command: `printf '%s' '${fileText}' > ${file}` }),
  apply_patch: (file) => ({ patchText: `*** Begin Patch\n*** Add File: ${file}\n+${fileText}\n*** End Patch` }),
  shell: (file) => ({ command: ['sh', '-c', `printf '%s' '${fileText}' > ${file}`] }),
};

/** @param body the request as it arrived. @param tools names of the tools that it offers */
export function sceneOf(body: string, tools: readonly string[]): Scene {
  const name = [...body.matchAll(/case=([a-z0-9-]+)/g)].at(-1)?.[1] ?? 'text';
  const status = /^status-(\d+)$/.exec(name)?.[1];
  if (status !== undefined) return { status: Number(status) };
  // Every dialect's word for the result of a call.
  const hasResult =
    /"tool_call_id"|"tool_use_id"|"function_call_output"|"functionResponse"|"custom_tool_call_output"/.test(body);
  const weather = (city: string): ToolCall => ({ name: tools[0] ?? 'get_weather', args: { city } });
  switch (name) {
    case 'tools':
      return hasResult ? { text: 'It is 21 degrees.' } : { calls: [weather('Zürich')] };
    case 'parallel-tools':
      return hasResult ? { text: 'It is 21 degrees.' } : { calls: [weather('Zürich'), weather('Genève')] };
    case 'thinking':
      return { thinking: 'Let me think: 6 × 7.', text: '42' };
    case 'image':
      return { text: `An image of ${base64Length(body)} base64 characters.` };
    case 'structured':
      return structured(tools);
    case 'agent':
      return agentAnswer(body, tools, hasResult);
    case 'agent-edit':
      return { text: `${fileName}\n\`\`\`\n${fileText}\n\`\`\`\n` };
    case 'citations':
      return { text, cites: { title: 'A page', url: 'https://page.example/' } };
    case 'refusal':
      return { refusal: 'I can’t help with that.' };
    case 'silent':
      return { text, silentMs };
    case 'held':
      return { text, held: true };
    case 'cut':
      return { text, cut: true };
    default:
      return { text };
  }
}

/** Clients ask for an object by a schema of the answer, or by a tool that takes it. */
function structured(tools: readonly string[]): Answer {
  const args = { city: 'Zürich', celsius: 21 };
  const [name] = tools;
  return name === undefined ? { text: JSON.stringify(args) } : { calls: [{ name, args }] };
}

/** The longest base64 text of the request is the image. */
function base64Length(body: string): number {
  return Math.max(0, ...[...body.matchAll(/iVBOR[A-Za-z0-9+/=]*/g)].map(([image]) => image.length));
}

function agentAnswer(body: string, tools: readonly string[], hasResult: boolean): Answer {
  const name = Object.keys(fileTools).find((tool) => tools.includes(tool));
  if (hasResult || name === undefined) return { text };
  const folder = /folder (\/[\w./-]+\/work)\b/.exec(body)?.[1] ?? '.';
  return { calls: [{ name, args: fileTools[name]?.(`${folder}/${fileName}`) ?? {} }] };
}
