/** Writes docs/report.schema.json, the published form of a report, from the schema in src/report. */
import { writeFileSync } from 'node:fs';
import { reportSchemaFile } from '../src/report/schema.ts';

const file = new URL('../docs/report.schema.json', import.meta.url);
writeFileSync(file, reportSchemaFile());
