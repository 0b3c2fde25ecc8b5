/** What a probe script's evidence cannot show, and why: declared here, held by the netlab, printed in docs/probe-script.md. */
import type { CauseCode } from '../model/codes.ts';

const UNSIGNED = 'only a signed request shows it (`--signed`), and a script signs nothing';

/**
 * Causes that a script's evidence cannot confirm as the tool's own probes do. Where one of them is the answer the script may stay
 * silent; it must never blame something else for it.
 */
export const SCRIPT_CANNOT_SEE: Partial<Readonly<Record<CauseCode, string>>> = {
  'dns-intermittent':
    'dig asks a second time by itself: what is lost now and then shows only where both packets, or a slow answer, were met',
  'endpoint-policy-denies': UNSIGNED,
  'endpoint-policy-omits-aws-buckets': UNSIGNED,
  'resource-policy-denies-path': UNSIGNED,
  'identity-policy-denies': UNSIGNED,
  'organization-policy-denies': UNSIGNED,
  'credentials-missing': UNSIGNED,
};

/** What a host costs that lacks a tool: the causes that need it stay unseen there, and the report's coverage says so. */
export const TOOLS = [
  {
    tool: 'dig',
    instead: 'nslookup, then getent',
    lost: 'nslookup tells no authority section, so no zone that hides a name; getent asks the whole list of resolvers and the hosts file, and cannot tell silence from a name that does not exist',
  },
  {
    tool: 'bash',
    instead: 'nc with -z, then curl, then openssl',
    lost: 'whether anything but TLS passes on a connection that stalls (`tls-handshake-dropped` then says less)',
  },
  {
    tool: 'openssl',
    instead: 'curl',
    lost: 'the certificates of a chain that is not trusted, other hellos (`mtu-blackhole` and `tls-handshake-dropped` cannot be told apart), which roots this host trusts (`ca-bundle-missing`)',
  },
  {
    tool: 'curl',
    instead: 'openssl, for a request',
    lost: 'whether it is this machine itself that calls an address unreachable (`host-firewall-blocks`), what the proxy answers (`proxy-misconfigured`, `proxy-captures-endpoint`); with neither nc nor curl, connections from chosen source ports (`client-nacl-blocks-return` and its like on part of the range)',
  },
] as const;
