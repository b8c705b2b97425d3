// What the check of words finds and what it lets pass; and that wrapping brings comments of every language to their
// width, changes nothing else, and has nothing to do a second time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../test/draws.ts';
import { columnsMax } from './comment-lines.ts';
import { checkWords } from './words.ts';
import { wrapComments } from './wrap-comments.ts';

const page = '# Facts\n\n## Quota text\n\n### D5\n';

function faultsOf(files: Readonly<Record<string, string>>): string[] {
  const all = new Map(Object.entries({ 'shared/FACTS.md': page, ...files }));
  return checkWords(all, (file) => all.has(file));
}

test('a citation of papers that are elsewhere is a fault, wherever it stands', () => {
  for (const line of [
    '// as it was (spec completions §1.4)',
    '// of design §5',
    '/** Design D10: left out. */',
    '// by the rule D10',
    '// wart W3',
    '// asked for by issue 27',
    '/** Finding #3 of the review. */',
    '// as the reference does',
    "const source = 'known (spec platform §5)';",
    "test('no token is 401 (D1)', () => {});",
  ])
    assert.match(faultsOf({ 'a.ts': line }).join(), /^a\.ts:1: (cites|names)/, line);
});

test('public standards, words that look alike and pointers that lead somewhere pass', () => {
  for (const line of [
    '// leading blank removed (WHATWG HTML §9.2.6)',
    '// client credentials, RFC 6749 §4.4, §5',
    '// client credentials, RFC 6749\n// §4.4',
    '// W3C trace context: shared/FACTS.md#d5',
    '// why: shared/FACTS.md#quota-text',
    "const id = 'D1';",
    '// an issue of 2026, 27 findings',
    '// https://example.com/page.md#part',
  ])
    assert.deepEqual(faultsOf({ 'a.ts': line }), [], line);
});

test('no text for people says "by now"; comments and tests may', () => {
  const line = "const text = 'no home can be used by now';";
  assert.deepEqual(faultsOf({ 'shared/src/a.ts': line }), [
    'shared/src/a.ts:1: tells people "by now"; write "at present"',
  ]);
  for (const file of ['shared/src/a.test.ts', 'scripts/a.ts']) assert.deepEqual(faultsOf({ [file]: line }), [], file);
  assert.deepEqual(faultsOf({ 'shared/src/a.ts': "// The caller's 'text' is read by now." }), []);
});

test('anchors and links that lead nowhere are told with what they say', () => {
  assert.deepEqual(
    faultsOf({
      'a.lua': '-- shared/FACTS.md#gone\n-- GONE.md#quota-text',
      'functions/b.md': '[x](../shared/FACTS.md) [y](../shared/FACTS.md#no) [z](c.md) [own](#b)\n\n# B\n',
    }),
    [
      'a.lua:1: points to shared/FACTS.md#gone, and shared/FACTS.md has no heading of that name',
      'a.lua:2: points to GONE.md#quota-text, and there is no GONE.md',
      'functions/b.md:1: points to ](../shared/FACTS.md#no), and shared/FACTS.md has no heading of that name',
      'functions/b.md:1: points to ](c.md), and there is no functions/c.md',
    ],
  );
});

const long = `${'word '.repeat(30)}end.`;

test('a comment that is too wide is told, unless nothing could make it shorter', () => {
  assert.match(faultsOf({ 'a.tf': `# ${long}` }).join(), /^a\.tf:1: is a comment of 156 columns/);
  assert.deepEqual(faultsOf({ 'a.ts': `// https://example.com/${'a'.repeat(150)}` }), []);
  assert.deepEqual(faultsOf({ 'a.ts': ` /**\n * | ${long} |\n */\nconst a = '${long}';` }), []);
});

test('each form of comment goes on in its own form', () => {
  const cases: readonly (readonly [file: string, before: string, after: RegExp])[] = [
    ['a.ts', `// ${long}\n// More.`, /^\/\/ word[^\n]*\n\/\/ word[^\n]* end\. More\.$/],
    ['a.ts', `  /** ${long} */\n  a();`, /^ {2}\/\*\*\n {3}\* word[^\n]*\n {3}\* [^\n]*end\.\n {3}\*\/\n {2}a\(\);$/],
    ['a.ts', `/** ${long} @returns it */`, /^\/\*\*\n \* word[^\n]*\n \* [^\n]*end\.\n \* @returns it\n \*\/$/],
    ['a.ts', `/**\n * ${long}\n * @param a it\n */`, /\n \* word[^\n]* end\.\n \* @param a it\n \*\/$/],
    ['a.ts', `/**\n * One.\n * ${long} */`, /^\/\*\*\n \* One\.\n \* word[^\n]*\n \* [^\n]*end\.\n \*\/$/],
    ['a.lua', `-- KEYS[1] ${long}\n-- KEYS[2] b`, /^-- KEYS\[1\][^\n]*\n-- {3}word[^\n]*end\.\n-- KEYS\[2\] b$/],
    ['a.sql', `-- ${long}\nSELECT 1`, /^-- word[^\n]*\n-- [^\n]*end\.\nSELECT 1$/],
    ['a.tf', `  # ${long}\n  a = 1`, /^ {2}# word[^\n]*\n {2}# [^\n]*end\.\n {2}a = 1$/],
    ['a.ts', `// - ${long}`, /^\/\/ - word[^\n]*\n\/\/ {3}word[^\n]*end\.$/],
  ];
  for (const [file, before, after] of cases) {
    const wrapped = wrapComments(file, before);
    assert.match(wrapped, after, before);
    assert.ok(wrapped.split('\n').every((line) => line.length <= columnsMax));
    assert.equal(wrapComments(file, wrapped), wrapped);
  }
});

test('what a tool reads, what is no comment and what fits stay as they are', () => {
  for (const text of [
    `// prettier-ignore ${long}`,
    `const a = '// ${long}';`,
    `// short\n//\n// lines\na(); // ${long}`,
    `a = b\n * ${long.replaceAll(' ', ' * ')};`,
  ])
    assert.equal(wrapComments('a.ts', text), text);
});

test('whatever words there are: none is lost, none is new, and a second time changes nothing', () => {
  const words = fc.array(fc.stringMatching(/^[a-z.,`-]{1,30}$/), { minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(fc.array(words, { minLength: 1, maxLength: 4 }), (lines) => {
      const text = lines.map((line) => `// ${line.join(' ')}`).join('\n');
      const wrapped = wrapComments('a.ts', text);
      const wordsOf = (whole: string): string => whole.replace(/^\/\/ /gm, '').replaceAll('\n', ' ');
      assert.equal(wordsOf(wrapped), wordsOf(text));
      assert.equal(wrapComments('a.ts', wrapped), wrapped);
    }),
  );
});
