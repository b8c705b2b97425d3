// Prometheus' text of all functions as one, as a scraper wants it: each family once, the function as a label of every
// sample.

const fetchTimeoutMs = 3_000;

/** Asks every function that runs; one that keeps no metrics, or does not answer, is told in a comment. */
export async function allMetrics(
  functions: Iterable<{ readonly name: string; readonly url: string }>,
  secret: string,
): Promise<string> {
  const asked = [...functions].map(async ({ name, url }) => {
    try {
      const response = await fetch(`${url}/metrics`, {
        headers: { authorization: `Bearer ${secret}` },
        signal: AbortSignal.timeout(fetchTimeoutMs),
      });
      const text = await response.text();
      return { name, text: response.ok ? text : '', missing: response.ok ? null : `answered ${response.status}` };
    } catch {
      return { name, text: '', missing: 'did not answer' };
    }
  });
  const answers = await Promise.all(asked);
  const comments = answers.flatMap(({ name, missing }) => (missing === null ? [] : [`# ${name} ${missing}`]));
  return [...comments, joinMetrics(answers)].join('\n');
}

/** Texts of several processes as one. */
export function joinMetrics(texts: readonly { readonly name: string; readonly text: string }[]): string {
  const families = new Map<string, { head: string[]; samples: string[] }>();
  for (const { name, text } of texts) {
    let family = { head: [] as string[], samples: [] as string[] };
    for (const line of text.split('\n')) {
      const [, kind, of] = /^# (HELP|TYPE) (\S+)/.exec(line) ?? [];
      if (kind !== undefined && of !== undefined) {
        family = families.get(of) ?? { head: [], samples: [] };
        families.set(of, family);
        if (!family.head.some((known) => known.startsWith(`# ${kind} `))) family.head.push(line);
      } else if (line !== '' && !line.startsWith('#')) family.samples.push(labelled(line, name));
    }
  }
  return [...families.values()].flatMap(({ head, samples }) => [...head, ...samples, '']).join('\n');
}

function labelled(sample: string, name: string): string {
  const [, metric = '', open, rest = ''] = /^([A-Za-z_:][\w:]*)(\{)?(.*)$/.exec(sample) ?? [];
  const label = `gateway_function="${name}"`;
  if (open === undefined) return `${metric}{${label}}${rest}`;
  return `${metric}{${label}${rest.startsWith('}') ? '' : ','}${rest}`;
}
