/** What the lab's client trusts: the roots that the run uses, and the files that applications would take theirs from. */
import { type Authority, createAuthority, type Signer } from './certificates.ts';
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
 * @param signers the lab's authorities; its own plays Amazon's
 */
export function clientTrust(world: World, signers: (signer: Signer | undefined) => Authority): ClientTrust {
  const { trustStore = 'complete' } = world.client;
  const other = createAuthority('Example Corp Root CA', 'Example Corp').certificate;
  const installed = world.tlsInspection?.rootInstalled === true ? [signers(world.tlsInspection).certificate] : [];
  const roots = [...(trustStore === 'complete' ? [signers(undefined).certificate] : []), ...installed];
  return {
    authorities: roots,
    files: trustStore === 'no-file' ? {} : { [BUNDLE]: [...roots, other].join('') },
  };
}
