// Whatever text stands in a template, only our own markup comes out: no tag, no attribute, nothing that can't be seen,
// nothing that looks like a secret.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../scripts/test/draws.ts';
import { Html, html, shown } from './html.ts';

test('texts are escaped in content and attributes; markup of ours is not; nothing stands for nothing', () => {
  const evil = `<script>alert(1)</script>"'&`;
  assert.equal(
    html`<a title="${evil}">${evil}</a>`.text,
    '<a title="&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;">&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;</a>',
  );
  const items = ['a<', 'b'].map((item) => html`<li>${item}</li>`);
  assert.equal(html`${items}${null}${false}${undefined}${0}${new Html('<br>')}`.text, '<li>a&lt;</li><li>b</li>0<br>');
});

test('whatever the text, no character of markup and none that is invisible is left', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { text: made } = html`${text}`;
      assert.doesNotMatch(made, /[<>"']|&(?!(amp|lt|gt|quot|#39);)/);
      assert.doesNotMatch(made, /(?![\t\n])[\p{Cc}\u202A-\u202E\u2066-\u2069\u2028\u2029]/u);
    }),
  );
});

test('what turns the direction of its neighbours is shown as a mark; letters of every script are left alone', () => {
  assert.equal(shown('a\u202Egnp.exe\u0007'), 'a\uFFFDgnp.exe\uFFFD');
  assert.equal(shown('الشركة العالمية 株式会社 👩‍💻'), 'الشركة العالمية 株式会社 👩‍💻');
  assert.equal(shown('a\uD800'), 'a\uFFFD');
});

test('what looks like a token or a key is taken out, wherever it came from', () => {
  for (const secret of [
    'sgd_0123456789abcdef0123',
    'slk_0123456789abcdef',
    'sk-ant-api03-abcdefghijkl',
    `AIza${'x'.repeat(35)}`,
  ])
    assert.ok(!html`name ${secret}`.text.includes(secret.slice(6)), secret);
});
