/** Reads what `fleet` was given, one document at a time: files, folders with all that is in them, and standard input. */
import { closeSync, constants, createReadStream, type Dirent, openSync, writeSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { createGunzip } from 'node:zlib';
import { encodingOf, parseDocument } from '../collect/document-text.ts';
import { documentReader, type Piece } from '../fleet/documents.ts';

/** One document, or one line about what could not be read. */
export type Found = { readonly source: string } & (
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: string }
);

export type Sources = {
  readonly paths: readonly string[];
  /** ends or throws when the signal is aborted: Ctrl-C must not wait for a pipe that is silent */
  readonly stdin: () => AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
};

/** All documents of all paths, `-` for standard input. Ends early, without an error, when the signal is aborted. */
export async function* readDocuments({ paths, stdin, signal }: Sources): AsyncGenerator<Found> {
  for (const path of paths) {
    if (signal.aborted) return;
    if (path === '-') yield* documentsIn('standard input', stdin(), signal);
    else yield* documentsAt(path, signal);
  }
}

async function* documentsAt(path: string, signal: AbortSignal): AsyncGenerator<Found> {
  try {
    if (!(await stat(path)).isDirectory()) return yield* documentsOf(path, signal);
  } catch (error) {
    return yield { source: path, ok: false, problem: reasonOf(error) };
  }
  let any = false;
  for await (const found of documentsUnder(path, signal)) {
    any = true;
    yield found;
  }
  if (!any && !signal.aborted) yield { source: path, ok: false, problem: 'holds no .json or .ndjson file' };
}

/** `stdout` is how Run Command calls the output that it puts into a bucket. */
const REPORT_FILE = /\.(?:json|ndjson|jsonl)(?:\.gz)?$|^stdout$/i;

/**
 * In order of name; links to folders are not followed, for they may lead round in a circle. A folder that cannot be read costs
 * what is in it and no more: its neighbours' reports are still read.
 */
async function* documentsUnder(folder: string, signal: AbortSignal): AsyncGenerator<Found> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    return yield { source: folder, ok: false, problem: reasonOf(error) };
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (signal.aborted) return;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* documentsUnder(path, signal);
    // A pipe or socket in a folder would be waited for without end, also where a link leads to it.
    else if (REPORT_FILE.test(entry.name) && (entry.isFile() || (entry.isSymbolicLink() && (await leadsToFile(path)))))
      yield* documentsOf(path, signal);
  }
}

/** Whether a link leads to a file, or nowhere: a broken one is named when it is read. */
async function leadsToFile(link: string): Promise<boolean> {
  return stat(link).then(
    (found) => found.isFile(),
    () => true,
  );
}

/** Bytes up to which a file is read at once. */
const SMALL_FILE = 4_000_000;

async function* documentsOf(path: string, signal: AbortSignal): AsyncGenerator<Found> {
  try {
    const found = await stat(path);
    if (found.isFile() && found.size === 0) return yield { source: path, ok: false, problem: 'is empty' };
    if (found.isFIFO()) return yield* documentsOfPipe(path, signal);
    if (!found.isFile() || found.size > SMALL_FILE)
      return yield* documentsIn(path, createReadStream(path, { signal }), signal);
    const bytes = await readFile(path);
    const parsed = isGzip(bytes) ? undefined : parseDocument(bytes);
    if (parsed?.ok === true && !Array.isArray(parsed.value)) yield { source: path, ok: true, value: parsed.value };
    else yield* documentsIn(path, [bytes], signal);
  } catch (error) {
    yield { source: path, ok: false, problem: reasonOf(error) };
  }
}

async function* documentsOfPipe(path: string, signal: AbortSignal): AsyncGenerator<Found> {
  const wake = () => wakeReader(path);
  signal.addEventListener('abort', wake, { once: true });
  try {
    yield* documentsIn(path, createReadStream(path, { signal }), signal);
  } finally {
    signal.removeEventListener('abort', wake);
  }
}

/**
 * Ends our own wait for a pipe to which nobody writes. No signal reaches the thread that waits in `open` or `read`, and the
 * process would wait for that thread: a line break, written by ourselves, does.
 */
function wakeReader(pipe: string): void {
  try {
    const ours = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      writeSync(ours, '\n');
    } finally {
      closeSync(ours);
    }
  } catch {
    // Nobody reads it any more, or we may not write to it.
  }
}

/** Bytes that are decoded at a time: longer strings are not young to the engine, and stay until the heap is full. */
const PORTION = 16_384;

/** Any stream of documents, packed with gzip or not. */
async function* documentsIn(
  source: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Found> {
  const reader = documentReader();
  let decoder: TextDecoder | undefined;
  let any = false;
  try {
    for await (const chunk of await unpacked(chunks)) {
      if (signal.aborted) return;
      decoder ??= new TextDecoder(encodingOf(chunk));
      for (let from = 0; from < chunk.length; from += PORTION) {
        const text = decoder.decode(chunk.subarray(from, from + PORTION), { stream: true });
        for (const piece of reader.push(text)) {
          any = true;
          yield foundIn(source, piece);
        }
      }
    }
  } catch (error) {
    if (signal.aborted) return;
    return yield { source, ok: false, problem: reasonOf(error) };
  }
  if (signal.aborted) return;
  for (const piece of reader.end()) {
    any = true;
    yield foundIn(source, piece);
  }
  if (!any) yield { source, ok: false, problem: decoder === undefined ? 'is empty' : 'holds no report' };
}

function foundIn(source: string, { line, ...piece }: Piece): Found {
  return { source: line === 1 ? source : `${source}, line ${line},`, ...piece };
}

/** Told by the first two bytes (RFC 1952, section 2.3.1), not by a name that a pipe does not have. */
function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

async function unpacked(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const iterator = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : asAsync(chunks);
  const first = await iterator.next();
  const all = (async function* () {
    if (first.done === true) return;
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => iterator };
  })();
  if (first.done === true || !isGzip(first.value)) return all;
  // An error in what is packed ends the iteration over what is unpacked.
  return pipeline(Readable.from(all), createGunzip(), () => {});
}

async function* asAsync(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  Z_DATA_ERROR: 'is damaged: it cannot be unpacked',
  Z_BUF_ERROR: 'is cut off: it cannot be unpacked to its end',
};

function reasonOf(error: unknown): string {
  const { code } = Object(error) as { code?: unknown };
  if (typeof code !== 'string') throw error;
  return REASONS[code] ?? `cannot be read (${code})`;
}
