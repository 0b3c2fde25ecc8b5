import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderHtml } from '../../src/report/html.ts';
import { html } from '../../src/report/markup.ts';
import { FIXTURES } from './fixtures.ts';
import { scrambled } from './scramble.ts';

const TAGS = new Set(
  'a article body br caption code dd details div dl dt footer h1 h2 h3 head header html li main meta ol p pre section span strong style summary table tbody td th thead title tr ul'.split(
    ' ',
  ),
);
const VOID = new Set(['meta', 'br']);
const ATTRIBUTES = /^(?:class|id|aria-label|aria-labelledby|scope|lang|charset|name|content|http-equiv|href)$/;

/** Tags and attributes of a page that closes what it opens; throws where it does not. */
function read(page: string): { tag: string; attributes: Map<string, string> }[] {
  const found: { tag: string; attributes: Map<string, string> }[] = [];
  const open: string[] = [];
  const body = page.replace(/^<!doctype html>\n/, '').replace(/<style>[^<]*<\/style>/, '<style></style>');
  for (const [whole, end, tag = '', rest = ''] of body.matchAll(
    /<(\/?)([a-z0-9]*)((?:\s+[a-z-]+="[^"<>]*")*)\s*>|</g,
  )) {
    if (whole === '<') throw new Error('a "<" that begins no tag');
    if (end === '/') {
      const last = open.pop();
      if (last !== tag) throw new Error(`</${tag}> closes <${last}>`);
      continue;
    }
    const attributes = new Map(
      [...rest.matchAll(/([a-z-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
    );
    found.push({ tag, attributes });
    if (!VOID.has(tag)) open.push(tag);
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join(' ')}`);
  return found;
}

describe('golden files', () => {
  test.each(Object.entries(FIXTURES))('%s', async (name, report) => {
    await expect(renderHtml(report)).toMatchFileSnapshot(`./golden/${name}.html`);
  });
});

describe('the page', () => {
  const pages = Object.values(FIXTURES).map((report) => renderHtml(report));

  test('loads nothing and runs nothing', () => {
    for (const page of pages) {
      expect(page).toContain("default-src 'none'");
      expect(page).not.toMatch(/<(?:script|link|img|iframe|object|form)|\bsrc=|@import|url\(/i);
    }
  });

  test('has one h1, one main, and names for its sections', () => {
    for (const page of pages) {
      const elements = read(page);
      for (const tag of ['h1', 'main', 'header', 'footer']) {
        expect(elements.filter((element) => element.tag === tag)).toHaveLength(1);
      }
      for (const { tag, attributes } of elements) {
        if (tag !== 'section' && tag !== 'article') continue;
        expect(attributes.has('aria-label') || attributes.has('aria-labelledby')).toBe(true);
      }
    }
  });

  test('ids are unique, and every link and label leads to one', () => {
    for (const page of pages) {
      const elements = read(page);
      const ids = elements.flatMap(({ attributes }) => attributes.get('id') ?? []);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { attributes } of elements) {
        const href = attributes.get('href');
        if (href !== undefined) expect(ids).toContain(href.slice(1));
        const label = attributes.get('aria-labelledby');
        if (label !== undefined) expect(ids).toContain(label);
      }
    }
  });
});

test('whatever the strings, the page holds our tags and attributes only', () => {
  fc.assert(
    fc.property(scrambled(Object.values(FIXTURES)), (report) => {
      const page = renderHtml(report);
      for (const { tag, attributes } of read(page)) {
        expect(TAGS).toContain(tag);
        for (const key of attributes.keys()) expect(key).toMatch(ATTRIBUTES);
        const href = attributes.get('href');
        if (href !== undefined) expect(href).toMatch(/^#cause-\d+$/);
      }
      expect(page).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
  );
});

test('markup escapes what is put into it, and only that', () => {
  const inner = html`<b>${'<i>'}</b>`;
  expect(html`<p title="${'"\'&'}">${[inner, inner]}${7}</p>`.markup).toBe(
    '<p title="&quot;&#39;&amp;"><b>&lt;i&gt;</b><b>&lt;i&gt;</b>7</p>',
  );
});

/** WCAG 2.1, 1.4.3: text needs a contrast of 4.5 to 1 against what it stands on. */
describe('contrast', () => {
  const page = renderHtml(FIXTURES.healthy);
  const palettes = [...page.matchAll(/:root \{([^}]*)\}/g)].map(([, body = '']) =>
    Object.fromEntries([...body.matchAll(/--([a-z-]+): (#[0-9a-f]{3,6})/g)].map(([, key, value]) => [key, value])),
  );
  const luminance = (hex: string): number => {
    const digits =
      hex.length === 4 ? [...hex.slice(1)].map((digit) => digit + digit) : (hex.slice(1).match(/../g) ?? []);
    const [r = 0, g = 0, b = 0] = digits.map((pair) => {
      const value = Number.parseInt(pair, 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: string, b: string): number => {
    const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  const pairs = [
    ...['ink', 'quiet', 'red', 'yellow', 'green'].flatMap((ink) => [
      [ink, 'page'],
      [ink, 'card'],
    ]),
    ['ink', 'code'],
    ['red', 'red-soft'],
    ['yellow', 'yellow-soft'],
    ['green', 'green-soft'],
    ['ink', 'red-soft'],
    ['ink', 'yellow-soft'],
    ['ink', 'green-soft'],
    ['quiet', 'code'],
  ];

  test('light, dark and print are three palettes', () => {
    expect(palettes).toHaveLength(3);
  });

  test.each(pairs)('%s on %s', (ink = '', ground = '') => {
    for (const palette of palettes)
      expect(contrast(palette[ink] ?? '', palette[ground] ?? '')).toBeGreaterThanOrEqual(4.5);
  });
});
