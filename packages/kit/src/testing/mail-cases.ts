/** What a mail is made of, and what it must come to. */
export type MailCase = {
  name: string;
  source: string;
  theme: string | null;
  user: { displayName: string | null } | null;
  variables: Record<string, unknown>;
  unsubscribeLink: string | null;
  /** Null: refused as EMAIL_RENDERING_ERROR. */
  mail: { subject: string; html: string; text: string; category: string | null } | null;
};

const plain = { theme: null, user: { displayName: 'Ann' }, variables: {}, unsubscribeLink: null } as const;
const link = 'http://localhost/u?a=1&code=x';
const escapedLink = 'http://localhost/u?a=1&amp;code=x';

/** Mails of the project `Tom & Jerry`. The legacy and the service that left it each render them in their own words: both must come to this. */
export const mailCases: readonly MailCase[] = [
  {
    ...plain,
    name: 'facts are printed, escaped, and unharmed in subject and text',
    source:
      '{% capture subject %}{{ project.displayName }}\n for {{ user.displayName }}{% endcapture %}{% capture notificationCategory %}Marketing{% endcapture %}<p>{{ variables.a.b }}</p>',
    variables: { a: { b: '<b>"1" & \'2\'</b>' } },
    mail: {
      subject: 'Tom & Jerry for Ann',
      html: '<p>&lt;b&gt;&#34;1&#34; &amp; &#39;2&#39;&lt;/b&gt;</p>',
      text: '<b>"1" & \'2\'</b>',
      category: 'Marketing',
    },
  },
  {
    ...plain,
    name: 'nobody in particular has no name',
    source: '<p>Hi{% if user.displayName %}, {{ user.displayName }}{% endif %}!</p>',
    user: null,
    mail: { subject: '', html: '<p>Hi!</p>', text: 'Hi!', category: null },
  },
  {
    ...plain,
    name: 'a theme stands around the body',
    source: '<h1>x &amp; y</h1><p>a<br>b</p>',
    theme: '<head><title>t</title></head><main>{{ project.displayName }}: {{ body }}</main>',
    mail: {
      subject: '',
      html: '<head><title>t</title></head><main>Tom &amp; Jerry: <h1>x &amp; y</h1><p>a<br>b</p></main>',
      text: 'Tom & Jerry: x & y\n\na\n\nb',
      category: null,
    },
  },
  {
    ...plain,
    name: 'a theme says how to hear no more',
    source: '<p>x</p>',
    theme: '{{ body | raw }}{% if unsubscribeLink %}<a href="{{ unsubscribeLink }}">no more</a>{% endif %}',
    unsubscribeLink: link,
    mail: { subject: '', html: `<p>x</p><a href="${escapedLink}">no more</a>`, text: `x\n\nno more: ${link}`, category: null },
  },
  {
    ...plain,
    name: 'a theme that does not say how to hear no more is completed',
    source: '<p>x</p>',
    theme: '<body>{{ body }}</body>',
    unsubscribeLink: link,
    mail: {
      subject: '',
      html: `<body><p>x</p><p><a href="${escapedLink}">Unsubscribe</a></p>\n</body>`,
      text: `x\n\nUnsubscribe: ${link}`,
      category: null,
    },
  },
  { ...plain, name: 'a theme without body is refused', source: 'x', theme: 'nothing', mail: null },
  { ...plain, name: 'a theme with two bodies is refused', source: 'x', theme: '{{ body }}{{ body }}', mail: null },
  { ...plain, name: 'a broken source is refused', source: '{% if %}', mail: null },
  { ...plain, name: 'a file is refused', source: "{% include 'etc/passwd' %}", mail: null },
  { ...plain, name: 'an endless loop is refused', source: '{% for a in (1..100000000) %}x{% endfor %}', mail: null },
  {
    ...plain,
    name: 'nothing behind the variables can be reached',
    source: '{{ variables.constructor }}{{ variables.name.length.constructor }}{{ user.__proto__ }}.',
    variables: { name: 'x' },
    mail: { subject: '', html: '.', text: '.', category: null },
  },
];

/** One code of an unsubscribe link, by a key of 32 sevens. */
export const unsubscribeCase = {
  key: Buffer.alloc(32, 7),
  said: {
    tenancyId: '6c9f3f3a-3c55-4f5c-9d3c-0e6f4a1b0001',
    userId: '38da29db-3a7c-4b76-b75c-d6549488354d',
    categoryId: '4f6f8873-3d04-46bd-8bef-18338b1a1b4c',
  },
  code: 'bJ8_OjxVT1ydPA5vShsAATjaKds6fEt2t1zWVJSINU1Pb4hzPQRGvYvvGDOLGhtMslT1V5VRP9_cUhZCvf6Sulu9GyP_zyR6rBRlmTg2-kA',
};
