/** Asks the machine's firmware whether this is EC2 and which instance: what is told without any packet. */
import type { Host } from '../model/host.ts';

export type Machine = { readonly ec2: boolean; readonly instanceId?: string | undefined };

const DMI = '/sys/devices/virtual/dmi/id';

/**
 * Nitro machines name their maker and carry the instance id as the board's asset tag; Xen ones have a hypervisor UUID that
 * begins with ec2. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/identify_ec2_instances.html
 */
export async function readMachine(host: Host): Promise<Machine> {
  const [vendor, tag, uuid] = await Promise.all([
    host.readFile(`${DMI}/sys_vendor`),
    host.readFile(`${DMI}/board_asset_tag`),
    host.readFile('/sys/hypervisor/uuid'),
  ]);
  const nitro = vendor?.trim() === 'Amazon EC2';
  const instanceId = nitro ? /^i-[0-9a-f]{8,17}$/.exec(tag?.trim() ?? '')?.[0] : undefined;
  return { ec2: nitro || /^ec2/i.test(uuid ?? ''), instanceId };
}
