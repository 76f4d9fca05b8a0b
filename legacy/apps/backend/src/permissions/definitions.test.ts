import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { projectConfig } from '../projects/project-config.ts';
import { addDefinition, changeDefinition, listDefinitions, type Rbac, rbacChanges, removeDefinition } from './definitions.ts';
import { withContained } from './team-permission.ts';

const empty: Rbac = { permissions: {}, defaultPermissions: { teamCreator: {}, teamMember: {}, signUp: {} } };
const add = (rbac: Rbac, id: string, contained: string[] = []) => addDefinition(rbac, 'team', { id, contained_permission_ids: contained });
const codeOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return (error as { errorCode?: string }).errorCode;
  }
  return undefined;
};

describe('a definition', () => {
  test('is listed after those of the system, by id, its contained ones in order', () => {
    const rbac = add(add(add(empty, 'b'), 'a'), 'c', ['b', 'a', '$read_members']);
    expect(
      listDefinitions(rbac, 'team')
        .map(({ id }) => id)
        .slice(-3),
    ).toEqual(['a', 'b', 'c']);
    expect(listDefinitions(rbac, 'team').at(-1)?.contained_permission_ids).toEqual(['$read_members', 'a', 'b']);
    expect(listDefinitions(rbac, 'project')).toEqual([]);
  });

  test('that is renamed is renamed where it is contained and where it is a default', () => {
    const rbac = { ...add(add(empty, 'a'), 'b', ['a']), defaultPermissions: { teamCreator: { a: true }, teamMember: {}, signUp: {} } };
    const after = changeDefinition(rbac, 'team', 'a', { id: 'z' });
    expect(after.permissions['b']?.containedPermissionIds).toEqual({ z: true });
    expect(after.defaultPermissions.teamCreator).toEqual({ z: true });
    expect(after.permissions).not.toHaveProperty('a');
  });

  test.each([
    ['an id that is taken', () => add(add(empty, 'a'), 'a'), 'PERMISSION_ID_ALREADY_EXISTS'],
    ['an id of the system', () => add(empty, '$read_members'), 'PERMISSION_ID_ALREADY_EXISTS'],
    ['contained ones that are not there', () => add(empty, 'a', ['b']), 'CONTAINED_PERMISSION_NOT_FOUND'],
    [
      'contained ones of the other scope',
      () => addDefinition(add(empty, 'a'), 'project', { id: 'p', contained_permission_ids: ['a'] }),
      'CONTAINED_PERMISSION_NOT_FOUND',
    ],
    ['a change of what is not there', () => changeDefinition(empty, 'team', 'a', {}), 'PERMISSION_NOT_FOUND'],
    [
      'a rename to what is there',
      () => changeDefinition(add(add(empty, 'a'), 'b'), 'team', 'a', { id: 'b' }),
      'PERMISSION_ID_ALREADY_EXISTS',
    ],
    ['a removal in the other scope', () => removeDefinition(add(empty, 'a'), 'project', 'a'), 'PERMISSION_NOT_FOUND'],
  ])('with %s is refused', (_name, work, code) => {
    expect(codeOf(work)).toBe(code);
  });
});

describe('what is stored of a change', () => {
  const layered = (before: Rbac, after: Rbac) =>
    projectConfig({
      project: {},
      branch: JSON.parse(JSON.stringify({ rbac: before })),
      environment: JSON.parse(JSON.stringify(rbacChanges(before, after))),
    }).rbac;

  test('is only what differs; what is gone is taken away from the layers below', () => {
    const before = add(add(add(empty, 'a'), 'b', ['a']), 'c');
    expect(rbacChanges(before, before)).toEqual({});
    expect(rbacChanges(before, removeDefinition(before, 'team', 'a'))).toEqual({
      'rbac.permissions.a': null,
      'rbac.permissions.b': { scope: 'team', containedPermissionIds: {} },
    });
  });

  test('gives the settings that were decided, over those that were there', () => {
    fc.assert(
      fc.property(graph, fc.constantFrom('rename', 'remove', 'describe'), (edges, kind) => {
        const before = configOf(edges).rbac;
        fc.pre(Object.hasOwn(before.permissions, 'a'));
        const after =
          kind === 'remove'
            ? removeDefinition(before, 'team', 'a')
            : changeDefinition(before, 'team', 'a', kind === 'rename' ? { id: 'z' } : { description: 'd' });
        expect(layered(before, after)).toEqual(after);
      }),
    );
  });
});

// Any graph over a few ids, cycles included.
const ids = ['a', 'b', 'c', 'd', 'e'];
const graph = fc.dictionary(fc.constantFrom(...ids), fc.uniqueArray(fc.constantFrom(...ids)));
const configOf = (edges: Record<string, string[]>) => {
  const permissions = Object.fromEntries(
    Object.entries(edges).map(([id, contained]) => [
      id,
      { scope: 'team', containedPermissionIds: Object.fromEntries(contained.map((each) => [each, true])) },
    ]),
  );
  return projectConfig({ project: {}, branch: {}, environment: { 'rbac.permissions': permissions } });
};

describe('what is had with a permission', () => {
  test('ends, whatever contains what, and holds what it was asked for and all that those contain', () => {
    fc.assert(
      fc.property(graph, fc.uniqueArray(fc.constantFrom(...ids)), (edges, asked) => {
        const had = withContained(configOf(edges), asked);
        for (const id of asked) expect(had.has(id)).toBe(true);
        for (const id of had) for (const contained of edges[id] ?? []) expect(had.has(contained)).toBe(true);
      }),
    );
  });

  test('grows with what is asked for', () => {
    fc.assert(
      fc.property(graph, fc.uniqueArray(fc.constantFrom(...ids)), fc.constantFrom(...ids), (edges, asked, more) => {
        const config = configOf(edges);
        expect(withContained(config, [...asked, more]).isSupersetOf(withContained(config, asked))).toBe(true);
      }),
    );
  });

  test('loses with a removal what was had by it alone, and gains nothing', () => {
    fc.assert(
      fc.property(graph, fc.constantFrom(...ids), (edges, asked) => {
        const { rbac } = configOf(edges);
        fc.pre(Object.hasOwn(rbac.permissions, 'a'));
        const after = { ...configOf(edges), rbac: removeDefinition(rbac, 'team', 'a') };
        const had = withContained(after, asked === 'a' ? [] : [asked]);
        expect(had.has('a')).toBe(false);
        expect(withContained(configOf(edges), [asked]).isSupersetOf(had)).toBe(true);
      }),
    );
  });

  test('stays the same under a rename, but for the name', () => {
    fc.assert(
      fc.property(graph, fc.constantFrom(...ids), (edges, asked) => {
        const { rbac } = configOf(edges);
        fc.pre(Object.hasOwn(rbac.permissions, 'a'));
        const after = { ...configOf(edges), rbac: changeDefinition(rbac, 'team', 'a', { id: 'renamed' }) };
        const named = (id: string) => (id === 'a' ? 'renamed' : id);
        expect([...withContained(after, [named(asked)])].sort()).toEqual([...withContained(configOf(edges), [asked])].map(named).sort());
      }),
    );
  });
});
