/** The tool's name and version, as reports and case files carry them, and what this copy of it was built from. */
export const TOOL = { name: 'vpce-doctor', version: '0.1.0' } as const;

/** Put in by scripts/bundle.ts; the sources have none. */
declare const VPCE_DOCTOR_BUILD: { readonly form: 'bundle' | 'binary'; readonly commit: string };

/**
 * What `--version` says. The first word is the version, for scripts; then for people, which build of it:
 * `0.1.0 (commit 1f2e3d4c5b6a, bundle)`, `0.1.0 (commit 1f2e3d4c5b6a, binary for linux-x64)`, `0.1.0 (sources)`.
 * @param system where it runs, like `linux-x64`
 */
export function versionLine(system: string): string {
  if (typeof VPCE_DOCTOR_BUILD === 'undefined') return `${TOOL.version} (sources)`;
  const { form, commit } = VPCE_DOCTOR_BUILD;
  const build = form === 'binary' ? `binary for ${system}` : form;
  return `${TOOL.version} (${commit === 'unknown' ? 'unknown commit' : `commit ${commit}`}, ${build})`;
}
