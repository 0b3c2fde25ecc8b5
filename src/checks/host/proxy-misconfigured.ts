import type { Observation } from '../../model/observation.ts';
import { absent, defineCheck, found, NOT_APPLICABLE } from '../check.ts';
import { goesByProxy, type ProxyEvidence } from '../evidence.ts';
import { notTerraforms } from '../terraform.ts';
import { clientWords, extentOf, hasOwnWay, proxyResult, resultWords } from './proxy.ts';

export const proxyMisconfigured = defineCheck({
  code: 'proxy-misconfigured',
  title: 'The configured proxy does not work',
  layer: 'host',
  needs: ['vpcEndpoints'],
  documentation: {
    meaning:
      'HTTPS_PROXY names a proxy that cannot be used: nothing listens there, its name does not resolve, it is no proxy, it wants credentials, or the URL begins with https:// while the proxy speaks plaintext (“first record does not look like a TLS handshake”). Every program that heeds the variable fails, however well the endpoint works.',
    confirm: 'curl -v -x "$HTTPS_PROXY" https://<host>/ shows what the proxy answers to CONNECT.',
    remedy:
      'Correct the URL: HTTPS_PROXY says for which requests the proxy is, not how the proxy is spoken to, so its value usually begins with http://. Or exempt the hosts that have an endpoint with NO_PROXY.',
    notWhen:
      'A proxy that works and refuses a host that has an endpoint is not broken: then NO_PROXY lacks the host, and that is named instead.',
    sources: [
      'https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-proxy.html',
      'https://github.com/aws/amazon-ssm-agent/issues/226',
    ],
  },
  evaluate: (context) => {
    const { vantage, target, evidence } = context;
    const { proxy } = evidence;
    if (proxy === undefined || proxy.variable === 'HTTP_PROXY' || proxy.through.length === 0) return NOT_APPLICABLE;
    const result = proxyResult(proxy);
    const own = hasOwnWay(context);
    // Without any other way the proxy is the one that is meant, and its refusal is what stands in it.
    const refuses = result === 'denies' && own === false;
    if (result === 'untried') return NOT_APPLICABLE;
    if (result !== 'broken' && !refuses) return absent(`the proxy ${proxy.url} answers`);
    const host = target.host ?? target.address ?? '';
    return found([
      {
        key: `${proxy.variable} ${proxy.url}${refuses ? ` ${host}` : ''}`,
        resources: [proxy.variable],
        extent: extentOf(proxy),
        summary: `${proxy.variable} is ${proxy.url}, and ${clientWords(proxy.through)} cannot use it for ${host}: ${resultWords(proxy)}.`,
        because: [{ source: 'host', text: `${proxy.variable} is ${proxy.url}`, ref: proxy.variable }],
        predicts: (one) => {
          if (isProxys(one, proxy)) return one.outcome === 'established' ? undefined : 'agrees';
          // Where the proxy is the only way that is meant, no packet gets there without it.
          const straight = one.rung === 'tcp' && evidence.addresses.includes(one.subject.address);
          return straight && own === false && goesByProxy(evidence) && FAILED.has(one.outcome) ? 'agrees' : undefined;
        },
        facts: { proxy, host, noProxy: vantage.proxy.noProxy ?? '', refuses, exemptible: own !== false },
      },
    ]);
  },
  fix: ({ proxy, host, noProxy, refuses, exemptible }) => {
    const { variable, url, place } = proxy;
    const wrong = proxy.attempts.find((one) => one.outcome === 'wrong-scheme');
    const plain = (text: string) => text.replace(/['\r\n]/g, '');
    if (wrong !== undefined && place !== undefined) {
      const scheme = place.scheme === 'https' ? 'http' : 'https';
      const authority = place.host.includes(':') ? `[${place.host}]` : place.host;
      const right = `${scheme}://${authority}:${place.port}`;
      return {
        summary: `Let ${variable} begin with ${scheme}://, as this proxy speaks.`,
        commands: [`export ${variable}='${right}' ${variable.toLowerCase()}='${right}'`],
        undo: [`export ${variable}='${plain(url)}' ${variable.toLowerCase()}='${plain(url)}'`],
        terraform: notTerraforms('the environment of a program is a setting of whatever starts it.'),
        owner: 'host owner',
        caution: 'Credentials in the URL are not shown here: keep them when you set it.',
        unprovable: UNPROVABLE,
      };
    }
    const list = [...noProxy.split(/[,\s]+/), host]
      .filter((name) => name !== '')
      .map(plain)
      .join(',');
    return {
      summary: refuses
        ? `Let the proxy ${url} connect to ${host}, or give this machine another way there.`
        : `${repair(proxy)}${exemptible ? '; a host that has an endpoint can be exempted with NO_PROXY' : ''}.`,
      // Past the proxy there has to be a way, or the exemption only trades an error for silence.
      commands: refuses || !exemptible ? [] : [`export NO_PROXY='${list}' no_proxy='${list}'`],
      undo:
        refuses || !exemptible
          ? []
          : [
              noProxy === ''
                ? 'unset NO_PROXY no_proxy'
                : `export NO_PROXY='${plain(noProxy)}' no_proxy='${plain(noProxy)}'`,
            ],
      terraform: notTerraforms('the environment of a program is a setting of whatever starts it.'),
      owner: 'host owner',
      caution:
        'Set it where the service gets its environment: a unit’s drop-in file, the agent’s configuration, the task definition.',
      unprovable: UNPROVABLE,
    };
  },
  demonstration: {
    inject: (world) => {
      world.client.env['HTTPS_PROXY'] = 'https://10.0.0.98:3128';
      world.proxies = { ...world.proxies, '10.0.0.98': { port: 3128, behaviour: 'connects' } };
    },
  },
});

function repair({ variable, url, attempts }: ProxyEvidence): string {
  return attempts.some((one) => one.outcome === 'authentication-required')
    ? `Put the credentials that ${url} demands into ${variable}, as http://user:password@host:port, or let the proxy admit this host without any`
    : `Correct ${variable}, or repair the proxy ${url}`;
}

const FAILED: ReadonlySet<string> = new Set(['timeout', 'refused', 'unreachable', 'reset', 'failed']);

const UNPROVABLE =
  'which proxy an application uses is no part of the model; run vpce-doctor again to see that it gets through';

function isProxys(one: Observation, { attempts, lookups }: ProxyEvidence): boolean {
  return (
    (one.rung === 'proxy' && attempts.includes(one)) ||
    (one.rung === 'dns' && one.outcome !== 'no-data' && lookups.includes(one))
  );
}
