// Bodies as clients send them: the first value counts, long numbers keep their digits, and no fault quotes the prompt.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../scripts/test/draws.ts';
import { parseInOrder, parseJson } from './json.ts';
import { unmarked } from './member-order.ts';
import { Refusal } from './refusal.ts';

const refusalOf = (text: string): string => {
  try {
    parseJson(text);
  } catch (error) {
    assert.ok(error instanceof Refusal && error.kind === 'bad-request');
    return error.message;
  }
  throw new Error(`accepted: ${text}`);
};

test('any JSON comes out as it went in, whatever follows an object', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), (value, tail) => {
      const text = JSON.stringify(value);
      assert.equal(JSON.stringify(parseJson(text)), text);
      if (typeof value === 'object' && value !== null)
        assert.equal(JSON.stringify(parseJson(text + tail)), text, 'bytes behind the first value are ignored');
    }),
  );
});

test('numbers that a double can’t hold are written again as they came, however deep they are', () => {
  for (const number of ['12345678901234567890', '-9007199254740993', '0.1234567890123456789', '1e400', '1E+30'])
    for (const [before, after] of [
      ['', ''],
      ['{"id":', ',"small":9007199254740991,"f":0.7}'],
      ['{"a":[null,"9",{"b":', '},0.25]}'],
      ['['.repeat(500), ']'.repeat(500)],
    ] as const) {
      const text = before + number + after;
      assert.equal(JSON.stringify(parseJson(text)), text);
    }
});

test('a thousand levels are read, whatever is below; more are refused before they are parsed', () => {
  const deep = (levels: number, value: string): string => '['.repeat(levels) + value + ']'.repeat(levels);
  for (const value of ['1', '9007199254740993', '"]"']) {
    assert.equal(JSON.stringify(parseJson(deep(1_000, value))), deep(1_000, value));
    assert.equal(refusalOf(deep(1_001, value)), 'failed to parse request body: it is nested too deeply');
  }
});

test('numbers of all the digits that a double has are numbers, where those are the digits it is written with', () => {
  assert.deepEqual(
    parseJson('[0.30000000000000004,-1.7976931348623157e+308,0.1,1e5]'),
    [0.30000000000000004, -1.7976931348623157e308, 0.1, 1e5],
  );
});

test('a number that is kept stands where a value may stand and nowhere else', () => {
  for (const text of ['{12345678901234567890:1}', '[012345678901234567890]', '[1e99.5]', '["a"1e99]', '1e99 1'])
    assert.throws(() => parseJson(text), /failed to parse request body: invalid JSON at byte \d+/, text);
  const twice = '{"a":12345678901234567890,"a":1e99,"__proto__":[1e400]}';
  assert.equal(JSON.stringify(parseJson(twice)), '{"a":1e99,"__proto__":[1e400]}');
  const proto = parseJson('{"__proto__":1e400}') as object;
  assert.deepEqual([Object.keys(proto), Object.getPrototypeOf(proto)], [['__proto__'], Object.prototype]);
});

test('what weighs too much is refused by what it weighs, as text of whatever length is not', () => {
  const of = (item: string, count: number): string => `[${Array(count).fill(item).join(',')}]`;
  const refused = (text: string): boolean => {
    try {
      parseJson(text, 1_000);
      return false;
    } catch (error) {
      assert.ok(error instanceof Refusal && error.kind === 'body-too-large');
      assert.match(error.message, /^request body holds too many values: it weighs more than 1000, /);
      return true;
    }
  };
  // The most of each that is taken, and one more.
  for (const [item, most] of [
    ['1', 998],
    ['""', 998],
    ['{}', 332],
    ['[]', 332],
    ['[[]]', 199],
    ['{"a":1}', 110],
    ['12345678901234567890', 31],
    [' '.repeat(159).concat('1'), 99],
    ['0.5'.padEnd(160, '0'), 90],
  ] as const) {
    assert.equal(refused(of(item, most)), false, item);
    assert.equal(refused(of(item, most + 1)), true, item);
  }
  for (const text of [
    'a'.repeat(1e6),
    ',:[{'.repeat(1e5),
    '\\"'.repeat(1e5),
    'a'.repeat(99) + '\\\\',
    '\\"['.repeat(500),
  ])
    assert.equal(refused(`{"a":"${text}"}`), false, 'what stands in a string weighs nothing');
  assert.equal(refused(`{"a":1}${of('1', 5_000)}`), false, 'nor does what is ignored');
});

test('faults name the place in bytes and never the text around it', () => {
  assert.equal(refusalOf(''), 'failed to parse request body: EOF');
  assert.equal(refusalOf(' \n'), 'failed to parse request body: EOF');
  assert.equal(refusalOf('{"prompt":"sécret'), 'failed to parse request body: invalid JSON at byte 18');
  for (const text of ['{"a":secret}', '[secret', 'secret', '{"secret":1,}', '{"a":1 secret', '{"a":"\u0001secret"}'])
    assert.doesNotMatch(refusalOf(text), /secret/, text);
});

test('a byte-order mark in front is passed over', () => {
  assert.deepEqual(parseJson('\ufeff{"a":1}'), { a: 1 });
  assert.deepEqual(parseJson('\ufeff {"a":12345678901234567890}') instanceof Object, true);
  assert.throws(() => parseJson('\ufeff'), /EOF/);
  assert.throws(() => parseJson('{"a":\ufeff1}'), /invalid JSON/);
});

test('members stay in the order in which they came, whatever their names look like', () => {
  const name = fc.oneof(
    fc.string(),
    fc.nat(2 ** 32).map(String),
    fc.constantFrom('__proto__', '0', '01', '-1', '10', '2'),
  );
  const { tree } = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('1', '"10"', '12345678901234567890', 'null'),
      fc.array(tie('tree'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
      fc
        .uniqueArray(fc.tuple(name, tie('tree')), { maxLength: 5, selector: ([one]) => one })
        .map((members) => `{${members.map(([one, value]) => `${JSON.stringify(one)}:${value}`).join(',')}}`),
    ),
  }));
  fc.assert(
    fc.property(tree, (text) => {
      assert.equal(unmarked(JSON.stringify(parseInOrder(text))), text);
    }),
  );
  const escaped = String.raw`{"b":1,"\u0031\u0030":1,"1\u0031" : 2,"a":{"10":1,"2":"5"}}`;
  assert.equal(unmarked(JSON.stringify(parseInOrder(escaped))), '{"b":1,"10":1,"11":2,"a":{"10":1,"2":"5"}}');
  assert.deepEqual(parseInOrder('{"10":1,"10":2,"a":["10"]}') instanceof Object, true);
  assert.equal(unmarked(JSON.stringify(parseInOrder('{"10":1,"2":3,"10":2}'))), '{"10":2,"2":3}');
  for (const text of ['{"10" 1}', '{"10":}', '["10":1]'])
    assert.throws(() => parseInOrder(text), /^Refusal: failed to parse request body: invalid JSON/, text);
  const broken = `{"10":1,"2":12345678901234567890,"p":"${'x'.repeat(60)}",}`;
  assert.throws(() => parseInOrder(broken), new RegExp(`at byte ${broken.length - 1}$`), 'the place in what was sent');
});
