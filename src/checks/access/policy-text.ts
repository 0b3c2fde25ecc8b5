/** A policy as people hand it over: as Terraform, and as a diff with the name of what it is on. */
import { comment, type Expression, hcl } from '../terraform.ts';

/** JSON is an expression of HCL; what looks like an interpolation is a policy variable. */
export function hclPolicy(text: string): Expression {
  return { expression: `jsonencode(${text.replaceAll('\n', '\n  ').replace(/([$%])\{/g, '$1$1{')})` };
}

/** A diff with its two names, as `patch` and people expect it. */
export function namedDiff(diff: string, name: string): string {
  return `--- ${name}\n+++ ${name}\n${diff}`;
}

export function hclWithUndo(block: string): string {
  return hcl(
    block,
    comment(
      'Undo: put the former document there again, as the command that takes it back has it. Without this resource there would be no policy, or one that allows everything.',
    ),
  );
}
