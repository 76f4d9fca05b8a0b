import type { Plan, PlanMistake, SlicePlan } from '@atlas/contracts/plan';
import { type Document, isMap, isNode, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { atlasBlock, sliceBlock } from './schema.ts';

const slicesMax = 50;

type Block = { firstLine: number; text: string };
type Parsed = {
  slices: { line: number; plan: SlicePlan }[];
  atlas: { line: number; value: z.output<typeof atlasBlock>['atlas'] }[];
  mistakes: PlanMistake[];
};

/**
 * Parses migration-plan.md: prose is ignored, every fenced `yaml` block is for the machine (`slice: …` or `atlas: …`).
 * Answers the plan, or every mistake at once with its line (1-based).
 */
export function parsePlan(markdown: string): { plan: Plan } | { mistakes: PlanMistake[] } {
  const parsed: Parsed = { slices: [], atlas: [], mistakes: [] };
  for (const block of fencedBlocks(markdown)) parseBlock(block, parsed);
  const mistakes = [...parsed.mistakes, ...mistakesAcross(parsed)].sort((a, b) => a.line - b.line);
  const [atlas] = parsed.atlas;
  if (mistakes.length > 0 || atlas === undefined) return { mistakes };
  return { plan: { ...atlas.value, slices: parsed.slices.map((slice) => slice.plan) } };
}

function fencedBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { firstLine: number; lines: string[] } | null = null;
  for (const [index, line] of markdown.split('\n').entries()) {
    if (open === null && /^```ya?ml\s*$/.test(line)) open = { firstLine: index + 2, lines: [] };
    else if (open !== null && /^```\s*$/.test(line)) {
      blocks.push({ firstLine: open.firstLine, text: open.lines.join('\n') });
      open = null;
    } else open?.lines.push(line);
  }
  if (open !== null) blocks.push({ firstLine: open.firstLine, text: open.lines.join('\n') });
  return blocks;
}

function parseBlock(block: Block, parsed: Parsed): void {
  const lines = new LineCounter();
  const document = parseDocument(block.text, { lineCounter: lines });
  const lineAt = (offset: number) => block.firstLine + lines.linePos(offset).line - 1;
  for (const error of document.errors) parsed.mistakes.push({ line: lineAt(error.pos[0]), message: firstLine(error.message) });
  if (document.errors.length > 0) return;
  const value: unknown = document.toJS();
  const isObject = typeof value === 'object' && value !== null;
  if (isObject && 'slice' in value) {
    const slice = check(sliceBlock, value, document, lineAt, parsed.mistakes);
    if (slice !== undefined) parsed.slices.push({ line: block.firstLine, plan: slice });
  } else if (isObject && 'atlas' in value) {
    const atlas = check(atlasBlock, value, document, lineAt, parsed.mistakes);
    if (atlas !== undefined) parsed.atlas.push({ line: block.firstLine, value: atlas.atlas });
  } else {
    parsed.mistakes.push({ line: block.firstLine, message: 'a yaml block starts with "slice:" or "atlas:"' });
  }
}

function check<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  document: Document,
  lineAt: (offset: number) => number,
  mistakes: PlanMistake[],
): z.output<Schema> | undefined {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [undefined];
    for (const key of keys) {
      const full = key === undefined ? path : [...path, key];
      const message = key === undefined ? issue.message : 'is not a key of the plan';
      mistakes.push({ line: lineAt(offsetOf(document, full)), message: `${full.join('.')}: ${message}` });
    }
  }
  return undefined;
}

/** Where a path stands in the document: its key if it has one, else the nearest parent that exists. */
function offsetOf(document: Document, path: (string | number)[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((item) => String(item.key) === String(last));
      if (pair !== undefined && isNode(pair.key) && pair.key.range) return pair.key.range[0];
    }
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function mistakesAcross({ slices, atlas, mistakes }: Parsed): PlanMistake[] {
  const found: PlanMistake[] = [];
  if (atlas.length === 0 && !mistakes.some((mistake) => mistake.message.startsWith('atlas'))) {
    found.push({ line: 1, message: 'the plan has no "atlas:" block' });
  }
  for (const extra of atlas.slice(1)) found.push({ line: extra.line, message: 'a second "atlas:" block' });
  if (slices.length > slicesMax) found.push({ line: 1, message: `more than ${slicesMax} slices` });
  const names = new Set<string>();
  const routes = new Map<string, string>();
  for (const { line, plan } of slices) {
    if (names.has(plan.slice)) found.push({ line, message: `slice ${plan.slice} is there twice` });
    names.add(plan.slice);
    if (!isAscending(plan.canary.steps)) found.push({ line, message: `${plan.slice}: canary.steps must rise to 100` });
    for (const route of plan.routes) {
      const shape = `${route.method} ${route.path.replaceAll(/:[^/]+/g, ':')}`;
      const other = routes.get(shape);
      if (other !== undefined) found.push({ line, message: `${route.method} ${route.path} is a route of ${other} already` });
      routes.set(shape, plan.slice);
    }
  }
  return found;
}

function isAscending(steps: number[]): boolean {
  return steps.at(-1) === 100 && steps.every((step, index) => index === 0 || step > (steps[index - 1] ?? 0));
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text;
}
