/** Documents that are made from declarations are committed as they are made, and what the README says is so. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { generatedFiles, withTable } from '../../scripts/docs.ts';
import { CHECKS } from '../../src/checks/index.ts';
import { run, withoutTimes } from '../cli/support/run.ts';
import { PACKAGE, ROOT, read } from './support.ts';

describe('npm run docs', () => {
  test.each([...generatedFiles()].map(([path, text]) => ({ path, text })))('has written $path', ({ path, text }) => {
    expect(read(path)).toBe(text);
  });

  test('names every cause on a page of its own and in the table', () => {
    const [page, readme] = [read('docs/causes.md'), read('README.md')];
    for (const { code, title } of CHECKS) {
      expect(page).toContain(`\n## ${code}\n`);
      expect(readme).toContain(`[${code}](docs/causes.md#${code}) | ${title} |`);
    }
  });

  test('changes nothing but what stands between the markers', () => {
    const text = 'a\n<!-- causes:start -->\nold\n<!-- causes:end -->\nb\n';
    expect(withTable(text, 'new')).toBe('a\n<!-- causes:start -->\nnew\n<!-- causes:end -->\nb\n');
    expect(() => withTable('no markers', 'new')).toThrow(/causes:start/);
    expect(() => withTable('<!-- causes:end --> <!-- causes:start -->', 'new')).toThrow(/causes:start/);
  });
});

describe('the manual page', () => {
  const page = read('docs/vpce-doctor.1');

  test('is one that roff reads without a warning', () => {
    // Where it is not installed, what it would complain of: a line that is no request and begins as one.
    const requests = [...page.matchAll(/^[.'](\S*)/gm)].map(([, name]) => name);
    expect(new Set(requests)).toEqual(new Set(['TH', 'SH', 'SS', 'TP', 'PP', 'B', 'br', 'sp', 'nf', 'fi']));
    expect(page).toMatch(/^[\x20-\x7e\n]+$/);
    const { error, status, stdout, stderr } = spawnSync('groff', ['-man', '-ww', '-Tutf8', '-P-cbou'], {
      input: page,
      encoding: 'utf8',
    });
    if (error !== undefined) return;
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('EXIT STATUS');
  });

  test('describes every command and option of the help', async () => {
    const { stdout: help } = await run(['--help']);
    const plain = page.replaceAll('\\-', '-');
    const commands = [...help.matchAll(/^ {2}([a-z][a-z-]+) /gm)].flatMap(([, name = '']) =>
      name === 'help' ? [] : [name],
    );
    expect(commands.length).toBeGreaterThan(6);
    for (const name of commands) {
      const from = plain.indexOf(`.SS "vpce-doctor ${name} `);
      const section = plain.slice(from, plain.indexOf('\n.S', from + 1));
      const { stdout } = await run(['help', name]);
      for (const [option] of stdout.matchAll(/(?<=^ {2}.*)--[a-z-]+/gm))
        if (option !== '--help') expect(section, name).toContain(option);
    }
  });
});

describe('the README', () => {
  const text = read('README.md');
  const blocks = [...text.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language, body = '']) => ({ language, body }));
  const commands = blocks.filter(({ language }) => language === 'sh').flatMap(({ body }) => body.split('\n'));

  test('shows the report that its first command prints', async () => {
    const { status, stdout } = await run(['demo', 'endpoint-sg-blocks-client']);
    expect(status).toBe(1);
    const shown = blocks.find(({ language }) => language === 'text')?.body ?? '';
    expect(withoutTimes(shown).trimEnd()).toBe(withoutTimes(stdout).trimEnd());
  });

  test('names scripts that there are', () => {
    const scripts = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
    expect(scripts).toContain('demo');
    for (const name of scripts) expect(Object.keys(PACKAGE.scripts)).toContain(name);
  });

  test('links to files that there are', () => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[\w-]*)?\)/g)].map(([, path = '']) => path);
    expect(links.length).toBeGreaterThan(3);
    for (const path of links) expect(existsSync(join(ROOT, path)), path).toBe(true);
  });

  test('gives options and commands that there are', async () => {
    const used = commands
      .map((line) => /vpce-doctor\.mjs (.*?)(?: *#.*)?$/.exec(line)?.[1])
      .filter((args) => args !== undefined);
    expect(used.length).toBeGreaterThan(5);
    const { stdout: help } = await run(['--help']);
    for (const args of used) {
      const [first = ''] = args.split(' ');
      const isCommand = /^[a-z]/.test(first) && new RegExp(`^  ${first} `, 'm').test(help);
      const known = isCommand ? (await run([first, '--help'])).stdout : help;
      for (const [option] of args.matchAll(/(?<![\w-])--?[a-z][a-z-]*/g)) expect(known, args).toContain(option);
    }
  });
});
