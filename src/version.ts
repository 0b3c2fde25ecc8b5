/** The tool's name and version, as reports and case files carry them. */
export const TOOL = { name: 'vpce-doctor', version: '0.1.0' } as const;
