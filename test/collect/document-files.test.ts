import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FILE_READERS, readStateDocuments } from '../../src/collect/document-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vpce-doctor-'));
});
afterEach(async () => await rm(folder, { recursive: true }));

const at = (name: string) => join(folder, name);
const put = async (files: Record<string, string | Uint8Array>) => {
  for (const [name, content] of Object.entries(files)) await writeFile(at(name), content);
};

const VPCS = '{"Vpcs": [{"VpcId": "vpc-1", "OwnerId": "é"}]}';
const IS_READ = { known: true, value: [{ VpcId: 'vpc-1', OwnerId: 'é' }] };
const swap = (bytes: Buffer) => Buffer.from(bytes).swap16();

describe('encodings', () => {
  it.each([
    ['UTF-8', Buffer.from(VPCS)],
    ['UTF-8 with a mark', Buffer.from(`\uFEFF${VPCS}`)],
    ['UTF-16LE with a mark, as Windows PowerShell writes', Buffer.from(`\uFEFF${VPCS}\r\n`, 'utf16le')],
    ['UTF-16LE without', Buffer.from(VPCS, 'utf16le')],
    ['UTF-16BE with a mark', swap(Buffer.from(`\uFEFF${VPCS}`, 'utf16le'))],
    ['UTF-16BE without', swap(Buffer.from(VPCS, 'utf16le'))],
  ])('%s is read', async (_name, bytes) => {
    await put({ 'vpcs.json': bytes });
    expect(await readStateDocuments([at('vpcs.json')])).toMatchObject({
      ok: true,
      state: { vpcs: IS_READ },
      warnings: [],
    });
  });
});

describe('paths', () => {
  it('a folder is every .json file in it, in order of name, and no other', async () => {
    await put({
      'b.json': '{"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "later"}]}',
      'a.JSON': '{"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "earlier"}, {"VpcId": "vpc-2"}]}',
      'notes.txt': 'not JSON',
      'script.sh': '#!/bin/sh',
    });
    await mkdir(at('folder.json'));
    await mkdir(at('below'));
    await put({ 'below/c.json': '{"Subnets": []}' });
    expect(await readStateDocuments([folder])).toMatchObject({
      ok: true,
      state: {
        vpcs: { known: true, value: [{ VpcId: 'vpc-1', CidrBlock: 'later' }, { VpcId: 'vpc-2' }] },
        subnets: { known: false, why: 'not-given' },
      },
      warnings: [],
    });
  });

  it('files and folders join, later ones winning', async () => {
    await put({ 'a.json': '{"Vpcs": [{"VpcId": "vpc-1"}]}', 'x.txt': '{"Subnets": []}' });
    const read = await readStateDocuments([at('x.txt'), folder]);
    expect(read).toMatchObject({ ok: true, state: { vpcs: { known: true }, subnets: { known: true, value: [] } } });
  });

  it('no path at all is a state of which nothing is known', async () => {
    expect(await readStateDocuments([])).toMatchObject({ ok: true, state: { vpcs: { why: 'not-given' } } });
  });
});

describe('problems name the file', () => {
  const problem = async (...paths: string[]) => {
    const read = await readStateDocuments(paths);
    return read.ok ? read : read.problem;
  };

  it('that is not there', async () => {
    expect(await problem(at('none.json'))).toBe(`${at('none.json')} does not exist.`);
  });

  it('that is not JSON, with the place', async () => {
    await put({ 'a.json': '{"Vpcs": [\n  {"VpcId": vpc-1}\n]}' });
    expect(await problem(folder)).toMatch(`${at('a.json')} is not JSON at line 2, column 13.`);
  });

  it('that is cut off', async () => {
    await put({ 'a.json': '{"Vpcs": [' });
    expect(await problem(at('a.json'))).toMatch(`${at('a.json')} is not complete JSON: it ends at line 1, column 11.`);
  });

  it('that another output format filled', async () => {
    await put({ 'a.json': 'VPCS\t10.0.0.0/16\tdopt-1\n' });
    expect(await problem(at('a.json'))).toContain('--output json');
  });

  it('that is not text', async () => {
    await put({ 'a.json': Buffer.from([0x1f, 0x8b, 0x08, 0x00, 0xff, 0x00]) });
    expect(await problem(at('a.json'))).toContain('is not JSON at line 1, column 1');
  });

  it('that cannot be read', async () => {
    await put({ 'a.json': '{}' });
    const read = () => Promise.reject(Object.assign(new Error('words'), { code: 'EACCES' }));
    expect(await readStateDocuments([folder], { ...FILE_READERS, read })).toEqual({
      ok: false,
      problem: `${at('a.json')} cannot be read (EACCES).`,
    });
    expect(await readStateDocuments([folder], { ...FILE_READERS, list: read })).toEqual({
      ok: false,
      problem: `${folder} cannot be read (EACCES).`,
    });
  });

  it('and a folder without any', async () => {
    await put({ 'a.txt': '{}' });
    expect(await problem(folder)).toBe(`${folder} holds no .json file.`);
  });
});

describe('an empty file', () => {
  it('in a folder is what a denied call leaves behind: unknown, and said', async () => {
    await put({ 'acls.json': '', 'vpcs.json': VPCS });
    const read = await readStateDocuments([folder]);
    expect(read).toMatchObject({
      ok: true,
      state: { vpcs: IS_READ, networkAcls: { known: false, why: 'not-given' } },
      warnings: [`${at('acls.json')} is empty: what it should say stays unknown.`],
    });
  });

  it('that is named is a problem', async () => {
    await put({ 'acls.json': ' \n' });
    expect(await readStateDocuments([at('acls.json')])).toEqual({ ok: false, problem: `${at('acls.json')} is empty.` });
  });
});
