import type { Endpoint, Method } from './endpoint.ts';

/** A path that exists: its parameters and its overloads by method. */
export type Match = { params: Record<string, string>; endpoints: Endpoint[] };

type Node = { literals: Map<string, Node>; parameter: Node | undefined; endpoints: Endpoint[] };

/** Finds the endpoints of a path. A literal segment wins over a parameter (`users/me` over `users/:user_id`), for the whole path. */
export function createRouter(endpoints: readonly Endpoint[]): (segments: readonly string[]) => Match | null {
  const root = createNode();
  for (const endpoint of endpoints) insert(root, endpoint);
  return (segments) => find(root, segments, []);
}

function createNode(): Node {
  return { literals: new Map(), parameter: undefined, endpoints: [] };
}

function insert(root: Node, endpoint: Endpoint): void {
  let node = root;
  for (const segment of segmentsOf(endpoint.path)) {
    if (segment.startsWith(':')) {
      node.parameter ??= createNode();
      node = node.parameter;
    } else {
      const next = node.literals.get(segment) ?? createNode();
      node.literals.set(segment, next);
      node = next;
    }
  }
  node.endpoints.push(endpoint);
}

function find(node: Node, segments: readonly string[], values: string[]): Match | null {
  const [segment, ...rest] = segments;
  if (segment === undefined) return node.endpoints.length === 0 ? null : { params: nameValues(node, values), endpoints: node.endpoints };
  const literal = node.literals.get(segment);
  const match = literal === undefined ? null : find(literal, rest, values);
  if (match !== null || node.parameter === undefined) return match;
  return find(node.parameter, rest, [...values, segment]);
}

function nameValues(node: Node, values: readonly string[]): Record<string, string> {
  const path = node.endpoints[0]?.path ?? '';
  const names = segmentsOf(path).filter((segment) => segment.startsWith(':'));
  return Object.fromEntries(names.map((name, index) => [name.slice(1), values[index] ?? '']));
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}

/** The overloads for one method; HEAD is answered as GET. */
export function forMethod(match: Match, method: string): Endpoint[] {
  const asked: string = method === 'HEAD' ? 'GET' : method;
  return match.endpoints.filter((endpoint) => endpoint.method === (asked as Method));
}
