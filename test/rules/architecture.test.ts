/** Rules about the code base, kept as tests. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/checks/index.ts';
import { DURATIONS } from '../../src/durations.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const files = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
const text = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const code = (file: string): string =>
  text(file)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '');

/** Specifiers of the imports that exist at run time: types cost nothing and reach nothing. */
function importsOf(file: string): string[] {
  return [...code(file).matchAll(/^(?:import|export) (?!type)(?:[^;'"]*? from )?'([^']+)'/gm)]
    .filter(([statement]) => !/^(?:import|export) \{(?:\s*type \w+(?: as \w+)?,?)+\s*\}/.test(statement))
    .flatMap(([, specifier]) => specifier ?? []);
}

/** `isIP` reads a text; everything else of node:net opens sockets. */
const readsOnly = (file: string): boolean =>
  /import \{(?:\s*(?:isIP|isIPv4|isIPv6),?)+\s*\} from 'node:net'/.test(code(file));

/** Everything that a file loads, directly or not, as files of ours and as packages. */
function reach(file: string, seen = new Set<string>()): Set<string> {
  for (const specifier of importsOf(file)) {
    const target = specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier;
    if (seen.has(target) || (target === 'node:net' && readsOnly(file))) continue;
    seen.add(target);
    if (target.endsWith('.ts')) reach(target, seen);
  }
  return seen;
}

const PURE = ['src/network', 'src/policy', 'src/checks', 'src/diagnose', 'src/report', 'src/fleet', 'src/model'];
/** Packages that compute and nothing else; `node:util` for styleText. */
const HARMLESS = new Set(['zod', 'ipaddr.js', 'node:util']);

describe('pure folders', () => {
  const pure = PURE.flatMap(files);
  it('hold files to speak of', () => expect(pure.length).toBeGreaterThan(60));

  it.each(pure)('%s reaches neither machine nor network', (file) => {
    const reached = [...reach(file)].filter((target) => !target.endsWith('.ts') && !target.endsWith('.json'));
    expect(reached.filter((name) => !HARMLESS.has(name))).toEqual([]);
    for (const folder of ['src/probes/', 'src/collect/', 'src/commands/'])
      expect([...reach(file)].filter((target) => target.startsWith(folder))).toEqual([]);
  });

  it.each(pure)('%s knows neither clock nor chance nor environment', (file) => {
    expect(code(file)).not.toMatch(
      /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.|\bprocess\.|\bfetch\(/,
    );
  });
});

describe('causes', () => {
  it.each(CHECKS.map((check) => [check.code, check.layer] as const))('%s is the file of its name', (name, layer) => {
    const file = `src/checks/${layer}/${name}.ts`;
    expect(existsSync(join(ROOT, file))).toBe(true);
    expect(text(file)).toContain(`code: '${name}'`);
  });

  it('are all on the list', () => {
    const declared = files('src/checks').filter((file) => /^ {2}code: '/m.test(text(file)));
    expect(declared.length).toBe(CHECKS.length);
  });
});

describe('failures', () => {
  it.each([
    ...files('src/probes'),
    ...files('src/collect'),
    ...files('src/vantage'),
    ...files('src/checks'),
    ...files('src/diagnose'),
  ])('%s are told by code, not by words', (file) => {
    expect(code(file)).not.toMatch(
      /\.message\s*\.\s*(includes|match|startsWith|endsWith|search|indexOf)|\.test\(\s*\w*[eE]rr\w*\.message/,
    );
  });
});

describe('the AWS SDK', () => {
  it('is loaded when a call is to be made or signed, and not by starting or probing', () => {
    const loaded = ['src/commands/live.ts', 'src/probes/run.ts', 'src/probes/access.ts', 'src/probes/plan.ts'];
    expect(loaded.flatMap((file) => [...reach(file)]).filter((name) => /^@(?:aws-sdk|smithy)/.test(name))).toEqual([]);
    expect([...reach('src/collect/signer.ts')]).toContain('@aws-sdk/client-sts');
  });
});

describe('the lab', () => {
  it('answers names by rules of its own, so that a misreading is not its own judge', () => {
    expect([...reach('src/lab/resolution.ts')].filter((target) => target.startsWith('src/network/'))).toEqual([]);
  });

  it.each(files('src/lab'))('%s decides about policies without the evaluator that it is there to judge', (file) => {
    expect(text(file)).not.toMatch(/from '[^']*\/policy\/|import\('[^']*\/policy\//);
    // How packets travel is asked of the model, which has nothing to do with policies.
    expect([...reach(file)].filter((target) => target.startsWith('src/policy/'))).toEqual([]);
  });

  it('is no part of what diagnoses', () => {
    const loaded = ['src/diagnose/diagnose.ts', 'src/commands/live.ts'].flatMap((file) => [...reach(file)]);
    // Causes name the fields of a world, or add a described VPC or service to it; they do not run one.
    const described = /^src\/lab\/(?:central-world|world(?:-\w+)?)\.ts$/;
    expect(loaded.filter((target) => target.startsWith('src/lab/') && !described.test(target))).toEqual([]);
  });
});

describe('an evaluator that judges the model', () => {
  it('shares nothing with it', () => {
    expect([...reach('test/network/independent.ts')]).toEqual([]);
    expect([...reach('src/lab/iam/evaluator.ts')]).toEqual([]);
  });
});

describe('durations', () => {
  it('of every chain fit the default deadline', () => {
    const { vantage, dnsQuery, tcpConnect, tlsHandshake, httpsExchange, apiCall, deadline } = DURATIONS;
    // A truncated DNS answer is asked again over TCP; a handshake makes a connection of its own.
    const probes = 2 * dnsQuery + tcpConnect + (tcpConnect + tlsHandshake) + httpsExchange;
    expect(vantage + probes).toBeLessThan(deadline);
    // Endpoints that only the API tells of are probed after it has answered, or has not.
    expect(vantage + apiCall + tcpConnect + (tcpConnect + tlsHandshake) + httpsExchange).toBeLessThanOrEqual(deadline);
  });

  it('stand in one table', () => {
    const strays = files('src')
      .filter((file) => file !== 'src/durations.ts' && !file.startsWith('src/lab/'))
      .filter((file) => /setTimeout\([^)]*,\s*\d{2,}|AbortSignal\.timeout\(\s*\d/.test(code(file)));
    expect(strays).toEqual([]);
  });
});

describe('what is committed', () => {
  const tracked = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' })
    .split('\n')
    .filter((file) => /\.(ts|json|md|yml|mjs|pl)$|run$|Dockerfile$/.test(file) && existsSync(join(ROOT, file)));

  it('names no path of a machine and no package registry', () => {
    const guilty = tracked.filter((file) => {
      // This rule has to spell what it forbids.
      if (file === 'test/rules/architecture.test.ts') return false;
      return /(?<![\w.$}])\/(?:work|root|farm)\/|"resolved": *"http|https?:\/\/(?:registry|deb)\./.test(text(file));
    });
    expect(guilty).toEqual([]);
  });

  it('has no focused and no skipped test', () => {
    const guilty = tracked
      .filter((file) => /^test\/.*\.test\.ts$/.test(file))
      .filter((file) => /\b(?:it|test|describe)\.(?:only|todo)\b/.test(code(file)));
    expect(guilty).toEqual([]);
  });
});
