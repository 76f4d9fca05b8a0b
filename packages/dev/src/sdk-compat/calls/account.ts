import { must } from '../caller.ts';
import { appUrl, emailOf, signInWithOAuth, signUp, type World } from '../world.ts';

const keyExpiry = new Date(1_900_000_000_000);

/** What a person sets for themselves: addresses, keys, mails, accounts at providers, passkeys, the command line. */
export async function accountCalls(world: World): Promise<void> {
  const { caller } = world;
  await caller.group('addresses', () => addresses(world));
  await caller.group('keys', () => keys(world));
  await caller.group('mails', () => mails(world));
  await caller.group('providers', () => providers(world));
  await caller.group('passkeys', () => passkeys(world));
  await caller.group('command line', () => commandLine(world));
}

async function addresses(world: World): Promise<void> {
  const { caller } = world;
  const { user, app } = await signUp(world, 'addy');
  const second = emailOf(world, 'addy2');
  await caller.call('user.listContactChannels', () => user.listContactChannels());
  const channel = await caller.call('user.createContactChannel', () =>
    user.createContactChannel({ value: second, type: 'email', usedForAuth: false }),
  );
  await caller.call('cc.sendVerificationEmail', () => must(channel, 'channel').sendVerificationEmail({ callbackUrl: `${appUrl}/v` }));
  const code = await world.mails.code(second, 'Verify your email');
  await caller.call('client.verifyEmail (second address)', () => app.verifyEmail(code));
  await caller.call('cc.update', () => must(channel, 'channel').update({ isPrimary: true }));
  const first = (await user.listContactChannels()).find(({ isPrimary }) => !isPrimary);
  await caller.call('cc.delete', () => must(first, 'first address').delete());
}

async function keys(world: World): Promise<void> {
  const { caller } = world;
  const { user } = await signUp(world, 'key');
  await caller.call('user.createApiKey', () => user.createApiKey({ description: 'd', expiresAt: keyExpiry }));
  const listed = await caller.call('user.listApiKeys', () => user.listApiKeys());
  await caller.call('apiKey.update', () => must(listed?.[0], 'key').update({ description: 'e' }));
  await caller.call('apiKey.revoke', () => must(listed?.[0], 'key').revoke());
}

async function mails(world: World): Promise<void> {
  const { caller } = world;
  const { user } = await signUp(world, 'mails');
  const categories = await caller.call('user.listNotificationCategories', () => user.listNotificationCategories());
  const marketing = categories?.find(({ name }) => name === 'Marketing');
  await caller.call('nc.setEnabled', () => must(marketing, 'category').setEnabled(false));
}

async function providers(world: World): Promise<void> {
  const { caller } = world;
  const email = emailOf(world, 'octo');
  const tokens = await caller.call('client.signInWithOAuth (its requests)', () => signInWithOAuth(world, { provider: 'github', email }));
  const app = world.sdk.createClient(world.target, must(tokens, 'session'));
  const user = await app.getUser({ or: 'throw' });
  await caller.call('user.oauthProviders', async () => user.toClientJson());
  const accounts = await caller.call('user.listConnectedAccounts', () => user.listConnectedAccounts());
  await caller.call('user.getConnectedAccount', () => user.getConnectedAccount({ provider: 'github', providerAccountId: email }));
  await caller.call('connectedAccount.getAccessToken', () => must(accounts?.[0], 'account').getAccessToken({ scopes: ['openid'] }));
  await caller.call(
    'connectedAccount.getAccessToken (scope not granted)',
    () => must(accounts?.[0], 'account').getAccessToken({ scopes: ['repo'] }),
    { refused: 'OAUTH_ACCESS_TOKEN_NOT_AVAILABLE' },
  );
  await caller.call('user.getConnectedAccount(github) legacy', () => user.getConnectedAccount('github'));
  await caller.call('connectedAccount.getAccessToken legacy', async () => (await user.getConnectedAccount('github'))?.getAccessToken());
  const accessToken = must(await user.getAccessToken(), 'access token');
  await caller.call('user.linkConnectedAccount (its requests)', () =>
    signInWithOAuth(world, { provider: 'google', email: emailOf(world, 'octo-g'), link: { accessToken } }),
  );
  const linked = await caller.call('user.listOAuthProviders', () => user.listOAuthProviders());
  const google = linked?.find(({ type }) => type === 'google');
  await caller.call('oauthProvider.update', () => must(google, 'provider').update({ allowSignIn: false }));
  await caller.call('oauthProvider.delete', () => must(google, 'provider').delete());
}

/** Without a browser an SDK comes as far as its first request; the pages driven by Chromium show the rest. */
async function passkeys(world: World): Promise<void> {
  const { caller } = world;
  const { app, user } = await signUp(world, 'pass');
  const noBrowser = world.sdk.version === '2.8.102' ? 'StackAssertionError' : 'HexclaveAssertionError';
  await caller.call('user.registerPasskey (no window)', () => user.registerPasskey(), { refused: noBrowser });
  await caller.call('client.signInWithPasskey (no window)', () => app.signInWithPasskey(), { refused: 'PASSKEY_AUTHENTICATION_FAILED' });
}

async function commandLine(world: World): Promise<void> {
  const { caller } = world;
  const { user } = await signUp(world, 'cli');
  const { refreshToken } = await user.getAuthJson();
  const confirm = async (loginCode: string) => {
    await caller.answered('/auth/cli/poll'); // so that the terminal waits once in every run
    const body = { login_code: loginCode, mode: 'complete', refresh_token: refreshToken };
    const response = await fetch(`${world.target.baseUrl}/api/v1/auth/cli/complete`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-stack-access-type': 'client',
        'x-stack-project-id': world.target.projectId,
        'x-stack-publishable-client-key': world.target.publishableClientKey,
      },
      body: JSON.stringify(body),
    });
    if (response.status !== 200) throw new Error(`/auth/cli/complete answered ${response.status}: ${await response.text()}`);
  };
  const terminal = world.sdk.createClient(world.target);
  await caller.call('client.promptCliLogin', async () => {
    const confirmed = Promise.withResolvers<void>();
    const result = await terminal.promptCliLogin({
      appUrl,
      expiresInMillis: 60_000,
      maxAttempts: 4,
      waitTimeMillis: 3_000,
      promptLink: (_url: string, loginCode: string) => void confirm(loginCode).then(confirmed.resolve, confirmed.reject),
    } as Parameters<typeof terminal.promptCliLogin>[0]);
    await confirmed.promise;
    return result;
  });
}
