// How a service knows its callers by itself: tokens by the issuer's published keys, project keys by asking their owner.
export { createTokenChecker } from './auth/access-token.ts';
export { createIntrospection, introspectionLimits } from './auth/introspection.ts';
export { createKeyStore, type KeyStore, keyStoreLimits } from './auth/key-store.ts';
export { Lru } from './auth/lru.ts';
