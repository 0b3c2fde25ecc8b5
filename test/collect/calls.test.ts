import { describe, expect, it } from 'vitest';
import { actionOf, CALL_NAMES, CALLS, leastPolicy } from '../../src/collect/calls.ts';
import { SLICE_NAMES, SLICES } from '../../src/model/state.ts';

describe('the calls of this tool', () => {
  it('only look', () => {
    for (const name of CALL_NAMES) expect(name).toMatch(/^(Describe|Get|List|Search)/);
  });

  it('hold the action of every slice', () => {
    const actions = CALL_NAMES.map(actionOf);
    expect(SLICE_NAMES.map((name) => SLICES[name].action).filter((action) => !actions.includes(action))).toEqual([]);
  });
});

describe('the least policy', () => {
  it('allows each call that needs a permission, once, and no other', () => {
    const allowed = leastPolicy().Statement.flatMap((statement) => statement.Action);
    const needed = CALL_NAMES.filter((name) => CALLS[name].permissionNeeded).map(actionOf);
    expect(allowed.toSorted()).toEqual(needed.toSorted());
    expect(allowed.some((action) => action.includes('*'))).toBe(false);
  });

  it('narrows only what IAM can narrow (facts.md 1.6)', () => {
    const narrowed = leastPolicy().Statement.filter((statement) => statement.Resource !== '*');
    expect(narrowed.flatMap((statement) => statement.Action)).toEqual([
      'ec2:DescribeVpcAttribute',
      'ec2:GetManagedPrefixListEntries',
      'ec2:SearchTransitGatewayRoutes',
      'route53:ListResourceRecordSets',
    ]);
  });
});
