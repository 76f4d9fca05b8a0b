export { planDocument, planHash, readPlanDocument } from './plan/document.ts';
export { parsePlan } from './plan/parse.ts';
