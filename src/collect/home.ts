/** A home for the SDK, which looks for its profiles there and fails every call when the process has none. */
import { homedir } from 'node:os';

/**
 * Sets HOME to / where neither it nor the user database names a folder: a container that runs under a number which its
 * image does not know (`runAsUser`, OpenShift), or an image without /etc/passwd. Docker does the same when it starts one.
 */
export function ensureHome(): void {
  try {
    homedir();
  } catch {
    process.env['HOME'] = '/';
  }
}
