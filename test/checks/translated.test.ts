/** A rule for an address that NAT64 made up would hold for a day: it names the prefix. */
import { expect, it } from 'vitest';
import { aclFix } from '../../src/checks/path/acl-fix.ts';
import { wholePrefix } from '../../src/checks/path/translated.ts';

it.each([
  [['64:ff9b::3455:a0b/128', '64:ff9b::3455:a0c/128'], ['64:ff9b::/96']],
  [['64:ff9b::/96'], ['64:ff9b::/96']],
  // The prefix for local use is another, and what is wider than the prefix is not within it.
  [
    ['64:ff9b:1::3455:a0b/128', '64:ff9b::/95'],
    ['64:ff9b:1::3455:a0b/128', '64:ff9b::/95'],
  ],
  [
    ['10.0.2.14/32', '64:ff9b::3455:a0b/128'],
    ['10.0.2.14/32', '64:ff9b::/96'],
  ],
])('%j', (cidrs, whole) => {
  expect(wholePrefix(cidrs)).toEqual(whole);
});

it('one entry of a network ACL, and no claim that it is narrow', () => {
  const facts = {
    aclId: 'acl-1',
    direction: 'egress' as const,
    cidrs: ['64:ff9b::3455:a0b/128', '64:ff9b::3455:a0c/128'],
    width: 'address' as const,
    inside: false,
    ports: { from: 443, to: 443 },
    before: 32_767,
    usedNumbers: [100],
  };
  const fix = aclFix(facts, { vantage: { vpcCidrs: [] } });
  expect(fix.commands).toEqual([expect.stringContaining('--ipv6-cidr-block 64:ff9b::/96 --rule-action allow')]);
  expect(fix.privilege).toBe('anywhere');
});
