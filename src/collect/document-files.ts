/** Reads the files and folders that `--state` names. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from './document-text.ts';
import { type DocumentsState, type StateDocument, stateFromDocuments } from './documents.ts';

/** What is asked of the file system. `list` and `read` reject with the system's error. */
export type DocumentReaders = {
  /** anything that exists and is no folder counts as a file: a pipe is fine */
  readonly kindOf: (path: string) => Promise<'file' | 'folder' | 'missing'>;
  /** the names in a folder */
  readonly list: (folder: string) => Promise<readonly string[]>;
  readonly read: (path: string) => Promise<Uint8Array>;
};

export const FILE_READERS: DocumentReaders = {
  kindOf: async (path) => {
    const found = await stat(path).catch(() => undefined);
    return found === undefined ? 'missing' : found.isDirectory() ? 'folder' : 'file';
  },
  list: (folder) => readdir(folder),
  read: (path) => readFile(path),
};

export type ReadDocuments = ({ readonly ok: true } & DocumentsState) | { readonly ok: false; readonly problem: string };

/**
 * The state that the documents at `paths` describe. A path is a file, or a folder of which every `.json` file is read, in
 * order of name, without its subfolders; other files there are nobody's business. The problem is one line, and names the file.
 */
export async function readStateDocuments(
  paths: readonly string[],
  readers: DocumentReaders = FILE_READERS,
): Promise<ReadDocuments> {
  const documents: StateDocument[] = [];
  const warnings: string[] = [];
  for (const path of paths) {
    const files = await filesAt(path, readers);
    if (typeof files === 'string') return { ok: false, problem: files };
    for (const file of files) {
      const document = await readDocument(file, readers);
      if ('problem' in document) {
        // The call that should have filled it failed, and the shell had made the file already: a folder of such is normal.
        if (!document.empty || file === path) return { ok: false, problem: document.problem };
        warnings.push(`${file} is empty: what it should say stays unknown.`);
        continue;
      }
      documents.push(document);
    }
  }
  const read = stateFromDocuments(documents);
  return { ok: true, ...read, warnings: [...warnings, ...read.warnings] };
}

async function filesAt(path: string, readers: DocumentReaders): Promise<readonly string[] | string> {
  const kind = await readers.kindOf(path);
  if (kind === 'missing') return `${path} does not exist.`;
  if (kind === 'file') return [path];
  const names = await readers.list(path).catch((error: unknown) => `${path} cannot be read (${codeOf(error)}).`);
  if (typeof names === 'string') return names;
  const files: string[] = [];
  for (const name of names.toSorted()) {
    const file = join(path, name);
    if (/\.json$/i.test(name) && (await readers.kindOf(file)) !== 'folder') files.push(file);
  }
  return files.length === 0 ? `${path} holds no .json file.` : files;
}

type Fault = { readonly problem: string; readonly empty: boolean };

async function readDocument(file: string, readers: DocumentReaders): Promise<StateDocument | Fault> {
  let bytes: Uint8Array;
  try {
    bytes = await readers.read(file);
  } catch (error) {
    return { problem: `${file} cannot be read (${codeOf(error)}).`, empty: false };
  }
  const parsed = parseDocument(bytes);
  if (parsed.ok) return { name: file, json: parsed.value };
  const hint = parsed.reason === 'empty' ? '' : ' The AWS CLI writes JSON with --output json.';
  return { problem: `${file} is ${parsed.reason}.${hint}`, empty: parsed.reason === 'empty' };
}

function codeOf(error: unknown): string {
  const { code } = Object(error) as { code?: unknown };
  return typeof code === 'string' ? code : 'unknown error';
}
