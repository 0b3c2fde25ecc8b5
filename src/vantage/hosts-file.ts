/** Reads the hosts file: which names does this machine pin, and on which line? */
import type { Host } from '../model/host.ts';
import type { HostsEntry } from '../model/vantage.ts';
import { canonicalAddress } from './addresses.ts';

/** The entries of /etc/hosts; none when it cannot be read. */
export async function readHostsFile(host: Host): Promise<readonly HostsEntry[]> {
  return parseHostsFile((await host.readFile('/etc/hosts')) ?? '');
}

/**
 * One entry per line that pins a name. Names are lower-cased, because they are compared without case. A line without a
 * valid address is left out: the C library skips it too, so it pins nothing.
 */
export function parseHostsFile(text: string): HostsEntry[] {
  return text.split('\n').flatMap((content, index) => {
    const [first, ...names] = (content.split('#')[0] ?? '').split(/\s+/).filter((word) => word !== '');
    const address = first === undefined ? undefined : canonicalAddress(first);
    if (address === undefined || names.length === 0) return [];
    return [{ line: index + 1, address, names: names.map((name) => name.toLowerCase()) }];
  });
}
