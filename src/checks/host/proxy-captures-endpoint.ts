import { missing } from '../../model/state.ts';
import type { Vantage } from '../../model/vantage.ts';
import { PROXY_CLIENTS } from '../../network/no-proxy.ts';
import { proxyFor } from '../../network/proxy-choice.ts';
import { absent, defineCheck, type Finding, found, NOT_APPLICABLE, unknown } from '../check.ts';
import type { ProxyEvidence } from '../evidence.ts';
import { notTerraforms } from '../terraform.ts';
import { clientWords, extentOf, hasOwnWay, proxyResult, resultWords } from './proxy.ts';

type Facts = { readonly names: readonly string[]; readonly noProxy: string; readonly metadata: boolean };

export const proxyCapturesEndpoint = defineCheck({
  code: 'proxy-captures-endpoint',
  title: 'A proxy setting takes the traffic away from the endpoint',
  layer: 'host',
  needs: ['vpcEndpoints'],
  documentation: {
    meaning:
      'HTTPS_PROXY applies to the service’s host, and NO_PROXY does not exempt it, so programs that heed these variables send the request to the proxy instead of the endpoint. The proxy refuses it, or carries it another way: policies that demand aws:SourceVpce then fail. Programs read NO_PROXY by different rules, so that some go one way and some the other.',
    confirm:
      'curl -v https://<host>/ with and without --noproxy "*": one says CONNECT to the proxy, the other shows the endpoint’s address.',
    remedy:
      'Add the host’s exact name to NO_PROXY (and no_proxy): every program understands that. 169.254.169.254 and 169.254.170.2 belong there too.',
    notWhen:
      'Where the service has no endpoint and no way of its own, the proxy is the way that is meant. A proxy that itself uses the endpoint loses only what depends on the client’s address; then this is only mentioned.',
    sources: [
      'https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-proxy.html',
      'https://docs.aws.amazon.com/AmazonECS/latest/developerguide/http_proxy_config.html',
      'https://everything.curl.dev/usingcurl/proxies/env.html',
    ],
  },
  evaluate: (context) => {
    const { state, vantage, target, evidence } = context;
    const metadata = metadataFinding(vantage);
    const others = metadata === undefined ? [] : [metadata];
    const { proxy } = evidence;
    if (proxy === undefined || proxy.variable === 'HTTP_PROXY')
      return others.length > 0 ? found(others) : NOT_APPLICABLE;
    const host = target.host ?? target.address ?? '';
    if (proxy.through.length === 0) return others.length > 0 ? found(others) : absent(`NO_PROXY exempts ${host}`);
    const own = hasOwnWay(context);
    // A proxy that does not work is a cause of its own, and exempting the host is among its remedies.
    if (proxyResult(proxy) === 'broken' || own === false) return others.length > 0 ? found(others) : NOT_APPLICABLE;
    if (own === undefined)
      return unknown([missing(state, 'vpcEndpoints', `whether ${host} has an endpoint of its own`)], false);
    return found([captureFinding(proxy, host, vantage), ...others]);
  },
  // Without the list of endpoints: the proxy's refusal stands in the way of whoever goes by it.
  suspect: ({ vantage, target, evidence }) => {
    const { proxy } = evidence;
    if (proxy === undefined || !HARMS.has(proxyResult(proxy))) return undefined;
    return captureFinding(proxy, target.host ?? target.address ?? '', vantage);
  },
  fix: ({ names, noProxy, metadata }) => {
    const added = [...names, ...(metadata ? METADATA : [])].filter((name) => !noProxy.split(/[,\s]+/).includes(name));
    const before = noProxy.replace(/['\r\n]/g, '');
    const after = [...before.split(/[,\s]+/), ...added].filter((name) => name !== '').join(',');
    return {
      summary: `Add ${added.join(', ')} to NO_PROXY, in both spellings: the exact name is what every program understands.`,
      commands: [`export NO_PROXY='${after}' no_proxy='${after}'`],
      undo: [before === '' ? 'unset NO_PROXY no_proxy' : `export NO_PROXY='${before}' no_proxy='${before}'`],
      terraform: notTerraforms('the environment of a program is a setting of whatever starts it.'),
      owner: 'host owner',
      caution:
        'Set it where the service gets its environment: a unit’s drop-in file, the agent’s or the Docker daemon’s configuration, the task definition. A suffix such as .amazonaws.com would also exempt services without an endpoint.',
      unprovable:
        'which proxy an application uses is no part of the model; run vpce-doctor again with the new environment',
    };
  },
  demonstration: {
    inject: (world) => {
      world.client.env['HTTPS_PROXY'] = 'http://10.0.0.99:3128';
      world.client.env['NO_PROXY'] = '169.254.169.254,169.254.170.2';
      world.proxies = { '10.0.0.99': { port: 3128, behaviour: 'denies' } };
    },
  },
});

const HARMS: ReadonlySet<string> = new Set(['denies', 'spoils']);

function captureFinding(proxy: ProxyEvidence, host: string, vantage: Vantage): Finding<Facts> {
  const result = proxyResult(proxy);
  const harms = HARMS.has(result);
  const differ = proxy.past.length > 0 && proxy.through.length < PROXY_CLIENTS.length;
  const words = harms
    ? resultWords(proxy)
    : `whether ${proxy.place?.host ?? proxy.url} then uses the endpoint depends on where it stands`;
  return {
    key: `${proxy.variable} ${proxy.url} ${result} ${proxy.through.join()}`,
    resources: [proxy.variable],
    extent: harms ? extentOf(proxy) : 'none',
    summary: `${proxy.variable} sends ${clientWords(proxy.through)} to the proxy ${proxy.url} for ${host}: ${words}.${differ ? ` ${clientWords(proxy.past)} read NO_PROXY otherwise and go straight.` : ''}`,
    because: [
      { source: 'host', text: `${proxy.variable} is ${proxy.url}`, ref: proxy.variable },
      { source: 'host', text: `NO_PROXY is ${vantage.proxy.noProxy ?? 'not set'}`, ref: 'NO_PROXY' },
    ],
    predicts: (one) => (one.rung === 'proxy' && proxy.attempts.includes(one) ? 'agrees' : undefined),
    facts: { names: [host], noProxy: vantage.proxy.noProxy ?? '', metadata: vantage.kind !== 'host' },
  };
}

/** The instance metadata service and the task's credentials (https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-proxy.html). */
const METADATA = ['169.254.169.254', '169.254.170.2'];

/** Where this machine gets credentials over plain HTTP. */
function metadataAddresses(vantage: Vantage): readonly string[] {
  const container = vantage.sdk.credentialSources?.includes('container') === true;
  return [
    ...(vantage.metadata?.outcome === 'answered' ? ['169.254.169.254'] : []),
    ...(container && vantage.kind.startsWith('ecs') ? ['169.254.170.2'] : []),
    ...(container && vantage.kind === 'eks-pod' ? ['169.254.170.23'] : []),
  ];
}

/** Metadata requests are plain HTTP: HTTP_PROXY takes them away, and a proxy has another machine's credentials or none. */
function metadataFinding(vantage: Vantage): Finding<Facts> | undefined {
  const taken = metadataAddresses(vantage).flatMap((address) => {
    const choice = proxyFor(vantage, 'http', address, 80);
    return choice?.variable === 'HTTP_PROXY' && choice.through.length > 0 ? [{ address, choice }] : [];
  });
  const [first] = taken;
  if (first === undefined) return undefined;
  const { choice } = first;
  const names = taken.map(({ address }) => address);
  return {
    key: `metadata ${choice.url}`,
    resources: ['NO_PROXY'],
    extent: 'none',
    summary: `HTTP_PROXY applies to ${names.join(' and ')} too: ${clientWords(choice.through)} ask the proxy ${choice.url} for this machine’s credentials.`,
    because: [
      { source: 'host', text: `HTTP_PROXY is ${choice.url}`, ref: 'HTTP_PROXY' },
      { source: 'host', text: `NO_PROXY is ${vantage.proxy.noProxy ?? 'not set'}`, ref: 'NO_PROXY' },
    ],
    predicts: () => undefined,
    facts: { names, noProxy: vantage.proxy.noProxy ?? '', metadata: false },
  };
}
