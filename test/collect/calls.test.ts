import { describe, expect, it } from 'vitest';
import { actionOf, CALL_NAMES, CALLS, type CallName, type IamPolicy, leastPolicy } from '../../src/collect/calls.ts';
import { POLICY_READS } from '../../src/collect/policy-reads.ts';
import { SLICE_NAMES, SLICES } from '../../src/model/state.ts';
import { SIGNED_ACTIONS, SIGNED_READS } from '../../src/services/signed-reads.ts';

describe('the calls of this tool', () => {
  it('only look', () => {
    for (const name of CALL_NAMES) expect(name).toMatch(/^(Describe|Get|List|Search)/);
  });

  it('hold the action of every slice', () => {
    const actions = CALL_NAMES.map(actionOf);
    // The caller's own policies come from documents only.
    const read = SLICE_NAMES.filter((name) => name !== 'identityPolicies');
    expect(read.map((name) => SLICES[name].action).filter((action) => !actions.includes(action))).toEqual([]);
  });
});

const isOnlyForAccess = (name: CallName) => 'onlyForAccess' in CALLS[name];
const actionsOf = (policy: IamPolicy) => policy.Statement.flatMap((statement) => statement.Action);

describe('the least policy', () => {
  it('allows each call that needs a permission, once, and no other', () => {
    const needed = CALL_NAMES.filter((name) => CALLS[name].permissionNeeded && !isOnlyForAccess(name)).map(actionOf);
    expect(actionsOf(leastPolicy()).toSorted()).toEqual(needed.toSorted());
    expect(actionsOf(leastPolicy()).some((action) => action.includes('*'))).toBe(false);
  });

  it('with --signed allows the signed reads and the policies’ calls too, once, and no other', () => {
    const policies = CALL_NAMES.filter(isOnlyForAccess).map(actionOf);
    const reads = SIGNED_ACTIONS.filter((action) => action !== 'sts:GetCallerIdentity');
    const allowed = actionsOf(leastPolicy({ signed: true }));
    expect(allowed.toSorted()).toEqual([...actionsOf(leastPolicy()), ...policies, ...reads].toSorted());
    expect(new Set(allowed).size).toBe(allowed.length);
    expect(policies).toEqual(POLICY_READS.map((read) => actionOf(read.call)));
  });

  it('with --signed names everywhere only what has no resource', () => {
    const everywhere = leastPolicy({ signed: true }).Statement.filter((statement) => statement.Resource === '*');
    for (const { action, resource } of SIGNED_READS) {
      if (action === 'sts:GetCallerIdentity') continue;
      expect([action, resource('x.eu-west-1.amazonaws.com')]).toEqual([action, '*']);
      expect(everywhere.flatMap((statement) => statement.Action)).toContain(action);
    }
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
