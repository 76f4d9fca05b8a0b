import { allProviders } from '@stackframe/stack-shared/dist/utils/oauth';
import { describe, expect, test } from 'vitest';
import { type Profile, type ProviderType, providerKinds } from './provider-kinds.ts';

describe('a provider', () => {
  test.each(allProviders.filter((type) => type !== 'apple'))('%s is spoken to over TLS only', (type) => {
    const kind = providerKinds[type];
    const urls = [kind?.authorizationUrl, kind?.tokenUrl, ...(kind?.profileUrls ?? [])];
    for (const url of urls) expect(url).toMatch(/^https:\/\//);
  });

  test.each(Object.keys(providerKinds) as ProviderType[])('%s that does not say who somebody is signs nobody in', (type) => {
    expect(() => providerKinds[type]?.readProfile([{}, []])).toThrow(/has no (id|sub|account_id)/);
  });
});

describe('who somebody is', () => {
  // As the providers' documentation shows the answers.
  const cases: [ProviderType, unknown[], Profile][] = [
    [
      'github',
      [
        { id: 583231, login: 'octocat', name: null, avatar_url: 'https://a.example/1' },
        [
          { email: 'old@example.com', primary: false, verified: true },
          { email: 'octocat@example.com', primary: true, verified: true },
        ],
      ],
      profile('583231', 'octocat@example.com', true, 'octocat', 'https://a.example/1'),
    ],
    [
      'google',
      [{ sub: '110248', email: 'ada@example.com', email_verified: true, name: 'Ada', picture: 'https://a.example/2' }],
      profile('110248', 'ada@example.com', true, 'Ada', 'https://a.example/2'),
    ],
    [
      'microsoft',
      [{ id: '48d3', displayName: 'Ada', mail: null, userPrincipalName: 'ada@example.com' }],
      profile('48d3', 'ada@example.com', false, 'Ada', null),
    ],
    [
      'spotify',
      [{ id: 'wizzler', email: 'w@example.com', display_name: 'W', images: [{ url: 'https://a.example/3' }] }],
      profile('wizzler', 'w@example.com', false, 'W', 'https://a.example/3'),
    ],
    [
      'facebook',
      [{ id: '10', name: 'Ada', email: 'ada@example.com', picture: { data: { url: 'https://a.example/4' } } }],
      profile('10', 'ada@example.com', false, 'Ada', 'https://a.example/4'),
    ],
    [
      'discord',
      [{ id: '80351', username: 'nelly', global_name: 'Nelly', avatar: '8342', verified: true, email: 'n@example.com' }],
      profile('80351', 'n@example.com', true, 'Nelly', 'https://cdn.discordapp.com/avatars/80351/8342.png'),
    ],
    [
      'gitlab',
      [{ id: 1, name: 'John', email: 'j@example.com', confirmed_at: '2012-05-23T09:05:22Z', avatar_url: null }],
      profile('1', 'j@example.com', true, 'John', null),
    ],
    [
      'bitbucket',
      [
        { account_id: '557058:1', display_name: 'T', links: { avatar: { href: 'https://a.example/5' } } },
        { values: [{ email: 't@example.com', is_primary: true, is_confirmed: false }] },
      ],
      profile('557058:1', 't@example.com', false, 'T', 'https://a.example/5'),
    ],
    ['x', [{ data: { id: '2244994945', name: 'X Dev', username: 'xdev' } }], profile('2244994945', null, false, 'X Dev', null)],
    [
      'twitch',
      [{ sub: '713936733', preferred_username: 'scarf', email: 's@example.com', email_verified: true }],
      profile('713936733', 's@example.com', true, 'scarf', null),
    ],
  ];
  test.each(cases)('%s says', (type, answers, expected) => {
    expect(providerKinds[type]?.readProfile(answers)).toEqual(expected);
  });
});

function profile(accountId: string, email: string | null, emailVerified: boolean, name: string, image: string | null): Profile {
  return { accountId, email, emailVerified, displayName: name, profileImageUrl: image };
}
