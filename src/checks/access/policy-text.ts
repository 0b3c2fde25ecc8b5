/** A policy as people hand it over: in a command, as Terraform, as a diff with the name of what it is on. */
import { type Expression, hcl, UNDO_BY_REMOVAL } from '../terraform.ts';

/** JSON text on one line, in single quotes for a shell. */
export function shellPolicy(text: string): string {
  return shellText(oneLine(text));
}

export function shellText(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The same document without line breaks and indentation; a text that is no JSON only loses its line breaks. */
export function oneLine(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text.replace(/\s*[\r\n]+\s*/g, ' ');
  }
}

/** JSON is an expression of HCL; what looks like an interpolation is a policy variable. */
export function hclPolicy(text: string): Expression {
  return { expression: `jsonencode(${text.replaceAll('\n', '\n  ').replace(/([$%])\{/g, '$1$1{')})` };
}

/** A diff with its two names, as `patch` and people expect it. */
export function namedDiff(diff: string, name: string): string {
  return `--- ${name}\n+++ ${name}\n${diff}`;
}

export function hclWithUndo(block: string): string {
  return hcl(block, UNDO_BY_REMOVAL);
}
