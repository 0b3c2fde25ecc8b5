/** One unseen case, and the files and the command line with which a user would put it to the tool. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Evidence, evidenceFile } from './evidence.ts';
import { documents, type Network } from './network.ts';
import { id } from './rules.ts';

export type Unseen = {
  /** the public report, or the page of the documentation with the rule */
  readonly source: string;
  /** why the case is here, and what is the point of it */
  readonly about: string;
  readonly network?: Network;
  /** without it the documents alone decide */
  readonly evidence?: Evidence;
  readonly targets: readonly string[];
  readonly args?: readonly string[];
  readonly verdict: 'healthy' | 'degraded' | 'blocked' | 'inconclusive';
  /** of the first cause; none may be reported where absent */
  readonly first?: string;
  readonly standing?: string;
  readonly severity?: string;
  /** reported besides the first */
  readonly also?: readonly string[];
  /** a mistake wherever it stands */
  readonly never?: readonly string[];
  /** no other cause than the first and these */
  readonly only?: boolean;
  /** in the text report */
  readonly says?: readonly RegExp[];
};

/** Writes the files of a case into a folder and gives the command line that reads them. */
export function commandLine({ network, evidence, targets, args = [] }: Unseen, folder: string): string[] {
  const line = ['diagnose'];
  if (network !== undefined) {
    const state = join(folder, 'state.json');
    documents(network).forEach((document, index) => {
      const path = index === 0 ? state : join(folder, `state-${index}.json`);
      writeFileSync(path, JSON.stringify(document));
      line.push('--state', path);
    });
  }
  if (evidence !== undefined) {
    const path = join(folder, 'evidence.json');
    writeFileSync(path, JSON.stringify(evidenceFile(network ?? {}, evidence)));
    line.push('--evidence', path);
  } else line.push('--from', id('eni', 'client'));
  return [...line, ...args, ...targets];
}
