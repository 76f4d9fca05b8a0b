// The legacy's wire in the services: texts, casts, headers and the order of checks that clients and their tests rely on.
export {
  type Auth,
  type AuthPorts,
  type AuthUser,
  authenticate,
  type IntrospectAnswer,
  type IntrospectQuestion,
  requireAccess,
  type TokenCheck,
} from './wire/authenticate.ts';
export { bodyBytesMax } from './wire/body.ts';
export { corsHeaders, createRequestId, type StackHeader, stackHeaderOf } from './wire/headers.ts';
export { type AccessType, KnownError, knownErrors, type RestrictedReason, StatusError } from './wire/known-errors.ts';
export { json, type WireReply } from './wire/reply.ts';
export { createWireRouter, type WireAccess, type WireCall, type WireOptions, type WireRoute, wireRoute } from './wire/router.ts';
export {
  readInput,
  readRequest,
  wireAnything,
  wireArray,
  wireBoolean,
  wireEmail,
  wireNumber,
  wireObject,
  wireOneOf,
  wireString,
  wireTrue,
  wireUuid,
  wireWhere,
} from './wire/schema.ts';
