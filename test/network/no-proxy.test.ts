/** NO_PROXY as five clients read it: each row's answers come from the clients' own documentation and sources (facts in no-proxy.ts). */
import { describe, expect, it } from 'vitest';
import { exemptedClients, PROXY_CLIENTS, type ProxyClient } from '../../src/network/no-proxy.ts';

const HOST = 'secretsmanager.eu-west-1.amazonaws.com';
const ALL: readonly ProxyClient[] = PROXY_CLIENTS;
const but = (...left: ProxyClient[]) => ALL.filter((client) => !left.includes(client));

describe('NO_PROXY', () => {
  it.each<[value: string | undefined, host: string, exempt: readonly ProxyClient[]]>([
    [undefined, HOST, []],
    ['', HOST, []],
    ['localhost,10.0.0.0/8', HOST, []],
    // The exact name is what everybody understands.
    [HOST, HOST, ALL],
    [`example.com, ${HOST.toUpperCase()}`, HOST, ALL],
    ['*', HOST, ALL],
    // A star among others.
    ['localhost,*', HOST, ['go', 'java', 'node']],
    // A parent domain: the Java SDK wants a star, the others a suffix.
    ['amazonaws.com', HOST, but('java')],
    ['eu-west-1.amazonaws.com', HOST, but('java')],
    ['.amazonaws.com', HOST, but('java')],
    ['*.amazonaws.com', HOST, ['go', 'java', 'node']],
    // A suffix counts from a dot only.
    ['manager.eu-west-1.amazonaws.com', HOST, []],
    ['anager.eu-west-1.amazonaws.com', HOST, []],
    // The apex itself behind a leading dot or star.
    ['.s3.eu-west-1.amazonaws.com', 's3.eu-west-1.amazonaws.com', ['python', 'node', 'curl']],
    ['*.s3.eu-west-1.amazonaws.com', 's3.eu-west-1.amazonaws.com', []],
    // C170: the global S3 domain is no suffix of the regional host.
    ['s3.amazonaws.com', 'bucket.s3.eu-west-1.amazonaws.com', []],
    // Ports: two of them compare, the others take the entry for another name.
    [`${HOST}:443`, HOST, ['go', 'node']],
    [`${HOST}:8443`, HOST, []],
    // White space instead of commas.
    [`localhost ${HOST}`, HOST, ['node', 'curl']],
    [`localhost|${HOST}`, HOST, ['java']],
    // Addresses, exact and as a block.
    ['169.254.169.254', '169.254.169.254', ALL],
    ['169.254.0.0/16', '169.254.169.254', ['go', 'curl']],
    ['10.0.0.0/16', '10.0.2.14', ['go', 'curl']],
    ['10.0.2.14:443', '10.0.2.14', ['go', 'node']],
    ['10.0.2.*', '10.0.2.14', ['java']],
    // A block never exempts a name, whatever it resolves to.
    ['10.0.0.0/8', HOST, []],
    ['fd00::/8', 'fd00::14', ['go', 'curl']],
    // A trailing dot of the host says nothing new.
    [HOST, `${HOST}.`, ALL],
    [',, ,', HOST, []],
  ])('%j for %s', (value, host, exempt) => {
    expect(exemptedClients(value, host, 443)).toEqual(ALL.filter((client) => exempt.includes(client)));
  });

  it('treats no sign of an entry as a pattern but the star', () => {
    expect(exemptedClients('secretsmanager.eu-west-1.amazonaws.co(m|x)', HOST, 443)).toEqual([]);
    expect(exemptedClients('secretsmanager_eu-west-1.amazonaws.com', HOST, 443)).toEqual([]);
  });
});
