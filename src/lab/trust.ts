/** What the lab's client trusts: the roots that the run uses, and the files that applications would take theirs from. */
import { type Authority, createAuthority } from './certificates.ts';
import type { WorldListener } from './servers.ts';
import type { World } from './world.ts';

/** On Debian, and on the lab's client. */
const BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

export type ClientTrust = {
  /** PEM, for the run's own wire */
  readonly authorities: readonly string[];
  readonly files: Readonly<Record<string, string>>;
};

/**
 * The roots of the world's client. A run in the lab trusts what the client's bundle holds, as an application there would.
 * @param authority the lab's own, which plays Amazon's
 */
export function clientTrust(world: World, authority: Authority, listeners: readonly WorldListener[]): ClientTrust {
  const { trustStore = 'complete' } = world.client;
  const other = createAuthority('Example Corp Root CA', 'Example Corp').certificate;
  const installed =
    world.tlsInspection?.rootInstalled === true
      ? [...new Set(listeners.flatMap(({ signer }) => signer?.certificate ?? []))]
      : [];
  const roots = [...(trustStore === 'complete' ? [authority.certificate] : []), ...installed];
  return {
    authorities: roots,
    files: trustStore === 'no-file' ? {} : { [BUNDLE]: [...roots, other].join('') },
  };
}
