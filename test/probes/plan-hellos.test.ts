/** Which handshakes follow from which answers, and what they show together. */
import { describe, expect, it } from 'vitest';
import { evidenceFor } from '../../src/checks/evidence.ts';
import { readHellos, type Shown } from '../../src/checks/tls/hello-evidence.ts';
import { healthyWorld, LAB } from '../../src/lab/world.ts';
import type { Observation } from '../../src/model/observation.ts';
import { emptyVantage } from '../../src/model/vantage.ts';
import { planProbes } from '../../src/probes/plan.ts';
import { resolveTargets } from '../../src/services/resolve-targets.ts';
import { modelCase } from '../diagnose/support.ts';
import { type Answers, observed, play as playPlan } from './support/plan.ts';

const HOST = LAB.secretsHost;
const FIRST = LAB.secretsAddressA;

type Hellos = Readonly<Record<string, string>>;

/** Plays a target of two addresses that both behave like this; the keys are the ends of the questions' ids. */
function play(hellos: Hellos, defaultHello: 'small' | 'large', targets: readonly string[] = [HOST]) {
  const subject = modelCase(healthyWorld(), targets);
  const resolved = resolveTargets(subject.requests, {
    region: 'eu-west-1',
    vpcId: LAB.vpc,
    vpcEndpoints: subject.state.vpcEndpoints,
  });
  const observations: Observation[] = [];
  for (let round = 0; round < 12; round++) {
    const input = {
      targets: resolved.targets,
      vantage: subject.vantage,
      state: subject.state,
      observations,
      repeat: 1,
    };
    const probes = planProbes({ ...input, defaultHello });
    observations.push(
      ...probes.map((probe) => {
        if (probe.rung === 'dns')
          return observed(probe, { outcome: 'answered', addresses: [FIRST, LAB.secretsAddressB] });
        if (probe.rung === 'tcp') return observed(probe, { outcome: 'open' });
        const how =
          probe.rung === 'tls'
            ? (probe.subject.hello ?? 'own')
            : probe.rung === 'https' && probe.subject.padding !== undefined
              ? 'long'
              : 'short';
        return observed(probe, { outcome: hellos[how] ?? 'timeout' });
      }),
    );
    if (probes.length === 0) break;
  }
  const [target] = resolved.targets;
  if (target === undefined) throw new Error('no target');
  const evidence = evidenceFor(observations, true, emptyVantage('ec2'), target, '10.0.0.0/16');
  const experiments = observations.flatMap((one) => {
    if (one.rung === 'tls') return one.subject.hello ?? [];
    if (one.rung !== 'https' || (one.subject.hello === undefined && one.subject.padding === undefined)) return [];
    return one.subject.padding === undefined ? 'short' : 'long';
  });
  return { reading: readHellos(evidence, target, FIRST), experiments };
}

/** In one round, when no hello with the server name was answered; after silence along with the small one. */
const REST = ['without-sni', 'unacceptable', 'plaintext'];
const FINE = { own: 'trusted', short: 'aws-answer' };

describe('experiments with hellos', () => {
  it.each<[string, Hellos, 'small' | 'large', string[], Shown | 'fine' | 'ask']>([
    ['nothing where a large hello succeeds', FINE, 'large', [], 'fine'],
    ['one large hello where a small one succeeds', { ...FINE, large: 'trusted' }, 'small', ['large'], 'fine'],
    [
      'the long request where only the large hello is lost',
      { ...FINE, large: 'timeout', long: 'other-answer' },
      'small',
      ['large', 'long'],
      'split-hello',
    ],
    ['which is lost as well', { ...FINE, large: 'reset', long: 'timeout' }, 'small', ['large', 'long'], 'outward'],
    ['nothing where a certificate is the matter', { own: 'untrusted' }, 'small', [], 'fine'],
    ['nothing where an alert comes', { own: 'alert' }, 'large', [], 'fine'],
    [
      'a small hello that is answered',
      { small: 'trusted', short: 'aws-answer', long: 'closed' },
      'large',
      ['small', ...REST, 'short', 'long'],
      'split-hello',
    ],
    [
      'no request behind a certificate that is not trusted',
      { small: 'untrusted' },
      'large',
      ['small', ...REST],
      'split-hello',
    ],
    [
      'a long request that is lost',
      { small: 'trusted', short: 'aws-answer' },
      'large',
      ['small', ...REST, 'short', 'long'],
      'outward',
    ],
    [
      'a short request that is lost says nothing of long ones',
      { small: 'trusted' },
      'large',
      ['small', ...REST, 'short', 'long'],
      'split-hello',
    ],
    ['nothing where nothing passes', {}, 'large', ['small', ...REST], 'nothing'],
    ['the same from a small hello', {}, 'small', REST, 'nothing'],
    ['the name', { plaintext: 'closed', 'without-sni': 'trusted', own: 'reset' }, 'small', REST, 'server-name'],
    ['the flight of the server', { plaintext: 'reset', unacceptable: 'alert' }, 'large', ['small', ...REST], 'inward'],
    [
      'the flight of a server that ends without an alert, and waits long with plaintext',
      { unacceptable: 'closed' },
      'large',
      ['small', ...REST],
      'inward',
    ],
    ['a few bytes and no hello', { plaintext: 'not-tls' }, 'small', REST, 'every-hello'],
    [
      'a reset for what names the server, silence else',
      { own: 'reset', unacceptable: 'reset' },
      'small',
      REST,
      'every-hello',
    ],
    [
      'a peer that hangs up',
      { own: 'closed', small: 'reset', 'without-sni': 'closed', unacceptable: 'closed', plaintext: 'closed' },
      'large',
      ['small', ...REST],
      'hung-up',
    ],
  ])('%s', (_words, hellos, defaultHello, experiments, shown) => {
    const played = play(hellos, defaultHello);
    expect(played.experiments).toEqual(experiments);
    expect(played.reading.kind === 'shown' ? played.reading.what : played.reading.kind).toBe(shown);
  });

  it('are not made for what speaks no TLS, nor requests for what speaks no HTTPS', () => {
    expect(play({}, 'large', ['10.0.2.14']).experiments).toEqual([]);
    const smtp = play({ small: 'trusted' }, 'large', ['email-smtp.eu-west-1.amazonaws.com:465']);
    expect(smtp.experiments).toEqual(['small', ...REST]);
  });

  it('wait for the small hello where the own one was hung up on: that costs no time', () => {
    const hungUp = play({ own: 'reset', small: 'trusted', short: 'aws-answer', long: 'aws-answer' }, 'large');
    expect(hungUp.experiments).toEqual(['small', 'short', 'long']);
  });

  it('are made for all targets and with the other addresses at once: seconds of silence overlap', () => {
    const hosts = ['ssm', 'kms', 'sts', 'logs', 'sqs', 'sns', 'ec2'].map((id) => `${id}.eu-west-1.amazonaws.com`);
    const stalling: Answers = (_id, { rung }) =>
      rung === 'dns'
        ? { outcome: 'answered', addresses: [FIRST, LAB.secretsAddressB] }
        : rung === 'tcp'
          ? { outcome: 'open' }
          : undefined;
    const { rounds } = playPlan(stalling, { targets: hosts });
    const shaken = rounds.map((ids) => ids.filter((id) => id.startsWith('tls ')).length);
    expect(shaken.filter((count) => count > 0)).toEqual([7, 7 * 5]);
  });

  it('show lost segments by the long request alone', () => {
    const subject = { address: FIRST, port: 443, serverName: HOST };
    const base = { after: [], ms: 1 };
    const tls = { ...base, id: 'tls', rung: 'tls', subject, outcome: 'trusted', detail: { chain: [] } } as const;
    const https = {
      ...base,
      id: 'https',
      rung: 'https',
      subject: { ...subject, method: 'GET', path: '/' },
      outcome: 'aws-answer',
      detail: {},
    } as const;
    const long = (outcome: 'timeout' | 'closed') => ({
      ...https,
      id: 'long',
      subject: { ...https.subject, padding: 16_384 },
      outcome,
    });
    const read = (outcome: 'timeout' | 'closed') =>
      readHellos(
        { tls: () => [tls], https: () => [https], hellos: () => [], requests: () => [long(outcome)] },
        { application: 'https' },
        FIRST,
      );
    expect(read('closed')).toEqual({ kind: 'fine' });
    expect(read('timeout')).toMatchObject({ kind: 'shown', what: 'outward' });
  });
});
