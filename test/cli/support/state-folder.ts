/** A world as a folder of AWS CLI outputs, one file for each call, as somebody would collect it by hand. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from '../../../src/lab/world.ts';
import { SLICE_NAMES, SLICES, type SliceName } from '../../../src/model/state.ts';
import { emptyFolder } from './run.ts';

/** The documents that the AWS CLI prints for a world, by a file name that means nothing. */
export function documentsOf(world: World, without: readonly SliceName[] = []): Map<string, unknown> {
  const documents: unknown[] = SLICE_NAMES.filter((name) => !without.includes(name)).flatMap((name): unknown[] => {
    const elements = world.api[name];
    switch (name) {
      case 'vpcAttributes':
        return world.api.vpcAttributes.flatMap(attributeDocuments);
      case 'prefixListEntries':
        return [...elements];
      case 'instances':
        return [{ Reservations: [{ ReservationId: 'r-1', Instances: elements }] }];
      default:
        return [{ [SLICES[name].documentKey]: elements }];
    }
  });
  return new Map(documents.map((document, index) => [`out-${index}.json`, document]));
}

/** `describe-vpc-attribute` tells one attribute at a time. */
function attributeDocuments({ VpcId, ...attributes }: World['api']['vpcAttributes'][number]): unknown[] {
  return Object.entries(attributes).map(([name, value]) => ({ VpcId, [name]: value }));
}

export function stateFolder(world: World, without: readonly SliceName[] = []): string {
  const folder = emptyFolder();
  for (const [name, document] of documentsOf(world, without))
    writeFileSync(join(folder, name), JSON.stringify(document, null, 4));
  return folder;
}
