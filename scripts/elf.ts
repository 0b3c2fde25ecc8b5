/**
 * The pinned Node as a program that starts on every glibc userland: Node's Linux builds are linked with libatomic since
 * version 25 (https://github.com/nodejs/node/issues/60790), which neither Amazon Linux 2023 nor Debian installs by itself, and
 * a host that can download nothing cannot add it. One function of that library is called; it gets a place in the program.
 */

type Segment = { readonly at: number; readonly offset: number; readonly address: number; readonly size: number };

const NEEDED = 1;
const [STRINGS, SYMBOLS] = [5, 6];
const [RELOCATIONS, RELOCATIONS_SIZE, PLT_SIZE, PLT] = [7, 8, 2, 23];
const [VERSIONS, NEEDED_VERSIONS, NEEDED_VERSIONS_COUNT] = [0x6ffffff0, 0x6ffffffe, 0x6fffffff];
const LOADED = 1;
const DYNAMIC = 2;

const LIBRARY = 'libatomic.so.1';
const FUNCTION = '__atomic_compare_exchange';

/**
 * `bool __atomic_compare_exchange(size_t size, void *at, void *expected, void *desired, int, int)` for eight bytes at an
 * address that is a multiple of eight, which is all that V8 asks for; for any other size it stops the process rather than
 * do something else. Both are what compilers make of a sequentially consistent exchange.
 */
const MACHINES: Readonly<
  Record<number, { readonly relative: number; readonly slots: readonly number[]; readonly code: readonly number[] }>
> = {
  // x86-64: endbr64; cmp $8,%rdi; jne 9; mov (%rdx),%rax; mov (%rcx),%rcx; lock cmpxchg %rcx,(%rsi); sete %cl; je 1;
  // mov %rax,(%rdx); 1: movzbl %cl,%eax; ret; 9: ud2
  62: {
    relative: 8,
    slots: [6, 7],
    // biome-ignore format: one instruction after the other
    code: [
      0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x83, 0xff, 0x08, 0x75, 0x17, 0x48, 0x8b, 0x02, 0x48, 0x8b, 0x09, 0xf0, 0x48, 0x0f, 0xb1, 0x0e,
      0x0f, 0x94, 0xc1, 0x74, 0x03, 0x48, 0x89, 0x02, 0x0f, 0xb6, 0xc1, 0xc3, 0x0f, 0x0b,
    ],
  },
  // AArch64: cmp x0,#8; b.ne 9; ldr x4,[x2]; ldr x3,[x3]; 1: ldaxr x5,[x1]; cmp x5,x4; b.ne 2; stlxr w6,x3,[x1];
  // cbnz w6,1; mov w0,#1; ret; 2: clrex; str x5,[x2]; mov w0,#0; ret; 9: udf #0
  183: {
    relative: 1027,
    slots: [1025, 1026],
    // biome-ignore format: one instruction after the other
    code: [
      0xf100201f, 0x540001c1, 0xf9400044, 0xf9400063, 0xc85ffc25, 0xeb0400bf, 0x540000a1, 0xc806fc23,
      0x35ffff86, 0x52800020, 0xd65f03c0, 0xd5033f5f, 0xf9000045, 0x52800000, 0xd65f03c0, 0x00000000,
    ].flatMap((word) => [word, word >>> 8, word >>> 16, word >>> 24]),
  },
};

/**
 * A program that needs no libatomic, and without the symbols for debuggers, a fifth of it. One that does not need the
 * library keeps its code. Throws when it is no such program as Node's builds are, or calls more of the library than we know.
 * @param program an executable for Linux on x64 or arm64, as its file holds it; not changed
 */
export function portable(program: Buffer): Buffer {
  const elf = Buffer.from(program);
  const machine = MACHINES[elf.readUInt16LE(18)];
  if (elf.toString('latin1', 0, 6) !== '\x7fELF\x02\x01' || machine === undefined)
    throw new Error('no 64-bit executable for x86-64 or AArch64');
  const segments = segmentsOf(elf, LOADED);
  const [dynamic] = segmentsOf(elf, DYNAMIC);
  if (dynamic === undefined) throw new Error('an executable without a dynamic section');
  const offsetOf = (address: number): number => {
    const home = segments.find((one) => address >= one.address && address < one.address + one.size);
    if (home === undefined) throw new Error(`no segment holds the address ${address}`);
    return address - home.address + home.offset;
  };
  const entries = dynamicEntries(elf, dynamic);
  const field = (tag: number): number => entries.find((entry) => entry.tag === tag)?.value ?? 0;
  const textAt = (offset: number): string => {
    const from = offsetOf(field(STRINGS)) + offset;
    return elf.toString('latin1', from, elf.indexOf(0, from));
  };
  const needed = entries.find(({ tag, value }) => tag === NEEDED && textAt(value) === LIBRARY);
  if (needed === undefined) return withoutSymbols(elf);

  const versions = takeVersions(elf, { entries, offsetOf, textAt });
  const address = addFunction(elf, Buffer.from(machine.code));
  const versionOf = (symbol: number) => offsetOf(field(VERSIONS)) + 2 * symbol;
  for (const [start, size] of [
    [RELOCATIONS, RELOCATIONS_SIZE],
    [PLT, PLT_SIZE],
  ] as const) {
    const from = offsetOf(field(start));
    for (let at = from; at < from + field(size); at += 24) {
      const [type, symbol] = [elf.readUInt32LE(at + 8), elf.readUInt32LE(at + 12)];
      const version = elf.readUInt16LE(versionOf(symbol));
      if (symbol === 0 || !(versions.has(version) || version === 1)) continue;
      const name = textAt(elf.readUInt32LE(offsetOf(field(SYMBOLS)) + 24 * symbol));
      if (!versions.has(version) && name !== FUNCTION) continue;
      if (name !== FUNCTION || !machine.slots.includes(type)) throw new Error(`${LIBRARY} is needed for ${name}`);
      // The program lies at fixed addresses: "relative" to 0 is the address itself.
      elf.writeUInt32LE(machine.relative, at + 8);
      elf.writeUInt32LE(0, at + 12);
      elf.writeBigUInt64LE(BigInt(address), at + 16);
      elf.writeUInt16LE(1, versionOf(symbol));
    }
  }
  // What follows moves up; the list ends with an empty entry.
  const last = entries.at(-1)?.at ?? needed.at;
  elf.copy(elf, needed.at, needed.at + 16, last + 16);
  elf.fill(0, last, last + 16);
  return withoutSymbols(elf);
}

function segmentsOf(elf: Buffer, type: number): Segment[] {
  const start = number(elf, 32);
  return Array.from({ length: elf.readUInt16LE(56) }, (_, index) => start + 56 * index)
    .filter((at) => elf.readUInt32LE(at) === type)
    .map((at) => ({ at, offset: number(elf, at + 8), address: number(elf, at + 16), size: number(elf, at + 32) }));
}

type Entry = { readonly at: number; readonly tag: number; readonly value: number };

function dynamicEntries(elf: Buffer, { offset, size }: Segment): Entry[] {
  const entries: Entry[] = [];
  for (let at = offset; at < offset + size; at += 16) {
    const tag = number(elf, at);
    entries.push({ at, tag, value: number(elf, at + 8) });
    if (tag === 0) break;
  }
  return entries;
}

/** Takes the library off the list of needed versions, which the loader would look for. @returns the versions it had */
function takeVersions(
  elf: Buffer,
  of: { entries: readonly Entry[]; offsetOf: (address: number) => number; textAt: (offset: number) => string },
): Set<number> {
  const first = of.entries.find(({ tag }) => tag === NEEDED_VERSIONS);
  const count = of.entries.find(({ tag }) => tag === NEEDED_VERSIONS_COUNT);
  if (first === undefined || count === undefined) throw new Error('an executable without versions');
  let before: number | undefined;
  let at = of.offsetOf(first.value);
  for (;;) {
    const next = elf.readUInt32LE(at + 12);
    if (of.textAt(elf.readUInt32LE(at + 4)) === LIBRARY) break;
    if (next === 0) throw new Error(`${LIBRARY} is needed without a version`);
    [before, at] = [at, at + next];
  }
  const found = new Set<number>();
  let version = at + elf.readUInt32LE(at + 8);
  for (let left = elf.readUInt16LE(at + 2); left > 0; left -= 1) {
    found.add(elf.readUInt16LE(version + 6));
    version += elf.readUInt32LE(version + 12);
  }
  const next = elf.readUInt32LE(at + 12);
  if (before === undefined) elf.writeBigUInt64LE(BigInt(first.value + next), first.at + 8);
  else elf.writeUInt32LE(next === 0 ? 0 : elf.readUInt32LE(before + 12) + next, before + 12);
  elf.writeBigUInt64LE(BigInt(count.value - 1), count.at + 8);
  describeVersions(elf, before === undefined ? next : 0, count.value - 1);
  return found;
}

/** The same in the section's header, which nobody loads but whoever rewrites the file reads. */
function describeVersions(elf: Buffer, skipped: number, count: number): void {
  for (let index = 0; index < elf.readUInt16LE(60); index += 1) {
    const at = number(elf, 40) + 64 * index;
    if (elf.readUInt32LE(at + 4) !== NEEDED_VERSIONS) continue;
    for (const [field, change] of [
      [16, skipped],
      [24, skipped],
      [32, -skipped],
    ] as const)
      elf.writeBigUInt64LE(BigInt(number(elf, at + field) + change), at + field);
    elf.writeUInt32LE(count, at + 44);
  }
}

/** Puts code behind the last of the executable segment, where the file has room up to the next page. @returns its address */
function addFunction(elf: Buffer, code: Buffer): number {
  const segments = segmentsOf(elf, LOADED);
  const index = segments.findIndex(({ at }) => (elf.readUInt32LE(at + 4) & 1) === 1);
  const [home, next] = [segments[index], segments[index + 1]];
  if (home === undefined || next === undefined) throw new Error('no executable segment before another');
  const room = 16 - ((home.offset + home.size) % 16);
  const at = home.offset + home.size + room;
  if (
    at + code.length > next.offset ||
    elf.subarray(home.offset + home.size, at + code.length).some((byte) => byte !== 0)
  )
    throw new Error('no room behind the code');
  code.copy(elf, at);
  const size = BigInt(at + code.length - home.offset);
  elf.writeBigUInt64LE(size, home.at + 32);
  elf.writeBigUInt64LE(size, home.at + 40);
  return at - home.offset + home.address;
}

/** Without the sections that no segment loads: symbols and what debuggers read. */
function withoutSymbols(elf: Buffer): Buffer {
  const [start, count, names] = [number(elf, 40), elf.readUInt16LE(60), elf.readUInt16LE(62)];
  const header = (index: number) => elf.subarray(start + 64 * index, start + 64 * (index + 1));
  const kept = Array.from({ length: count }, (_, index) => index).filter(
    (index) => index === 0 || index === names || (header(index).readUInt32LE(8) & 2) !== 0,
  );
  const end = Math.max(...segmentsOf(elf, LOADED).map(({ offset, size }) => offset + size));
  const own = Buffer.from(header(names));
  const text = elf.subarray(number(own, 24), number(own, 24) + number(own, 32));
  const textAt = Math.ceil(end / 16) * 16;
  const tableAt = Math.ceil((textAt + text.length) / 16) * 16;
  const result = Buffer.alloc(tableAt + 64 * kept.length);
  elf.copy(result, 0, 0, end);
  text.copy(result, textAt);
  for (const [place, index] of kept.entries()) {
    const copy = Buffer.from(header(index));
    if (index === names) copy.writeBigUInt64LE(BigInt(textAt), 24);
    // Links are section numbers; those of symbol tables to their strings and back are among what is kept.
    for (const field of [40, ...((copy.readUInt32LE(8) & 0x40) !== 0 ? [44] : [])]) {
      const linked = copy.readUInt32LE(field);
      if (linked !== 0) copy.writeUInt32LE(Math.max(0, kept.indexOf(linked)), field);
    }
    copy.copy(result, tableAt + 64 * place);
  }
  result.writeBigUInt64LE(BigInt(tableAt), 40);
  result.writeUInt16LE(kept.length, 60);
  result.writeUInt16LE(kept.indexOf(names), 62);
  return result;
}

function number(elf: Buffer, at: number): number {
  return Number(elf.readBigUInt64LE(at));
}
