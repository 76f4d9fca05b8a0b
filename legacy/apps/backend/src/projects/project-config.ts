/** A project's settings. Stored are only the differences from the defaults. */
export type ProjectConfig = {
  project: { requirePublishableClientKey: boolean };
  auth: {
    allowSignUp: boolean;
    password: { allowSignIn: boolean };
    otp: { allowSignIn: boolean };
    passkey: { allowSignIn: boolean };
    oauth: { providers: Record<string, { type: string }> };
  };
  onboarding: { requireEmailVerification: boolean };
  teams: { createPersonalTeamOnSignUp: boolean; allowClientTeamCreation: boolean };
  users: { allowClientUserDeletion: boolean };
  domains: { allowLocalhost: boolean; trustedDomains: Record<string, { baseUrl: string; handlerPath: string }> };
  apiKeys: { enabled: { user: boolean; team: boolean } };
};

const defaults: ProjectConfig = {
  project: { requirePublishableClientKey: false },
  auth: {
    allowSignUp: true,
    password: { allowSignIn: true },
    otp: { allowSignIn: false },
    passkey: { allowSignIn: false },
    oauth: { providers: {} },
  },
  onboarding: { requireEmailVerification: false },
  teams: { createPersonalTeamOnSignUp: false, allowClientTeamCreation: false },
  users: { allowClientUserDeletion: false },
  domains: { allowLocalhost: true, trustedDomains: {} },
  apiKeys: { enabled: { user: false, team: false } },
};

/** The settings in force: stored differences over defaults. */
export function projectConfig(stored: unknown): ProjectConfig {
  return merge(defaults, stored) as ProjectConfig;
}

function merge(base: unknown, over: unknown): unknown {
  if (over === undefined || over === null) return base;
  if (!isRecord(base) || !isRecord(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = merge(base[key], value);
  return merged;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
