/** A state file's bytes as a JSON value, however the shell that wrote it encodes its files. */
import { type ParsedJson, parseJson } from '../model/json-text.ts';

/**
 * Reads UTF-8, and UTF-16 in either order, each with or without a byte order mark: Windows PowerShell redirects (`aws … > file`) into
 * UTF-16 (https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_character_encoding).
 */
export function parseDocument(bytes: Uint8Array): ParsedJson {
  return parseJson(new TextDecoder(encodingOf(bytes)).decode(bytes));
}

/** Without a mark, the zero byte beside the first character tells: JSON begins with ASCII (RFC 4627, section 3). */
export function encodingOf(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== undefined && second !== 0)) return 'utf-16be';
  return 'utf-8';
}
