import type { WireReply } from '@atlas/kit/wire';

/** What somebody sees who followed a link out of a mail. `category`: its name, or null when the link is worth nothing. */
export function unsubscribePage(category: string | null): WireReply {
  return category === null
    ? page(404, 'This link is not valid', 'It may be incomplete, or belong to an account that is gone.')
    : page(200, 'You are unsubscribed', `You will no longer receive ${category} emails from us.`);
}

function page(status: number, title: string, line: string): WireReply {
  const text = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title></head>
<body style="font-family:sans-serif;text-align:center;padding:64px 16px"><h1>${title}</h1><p>${line}</p></body>
</html>`;
  return { kind: 'text', status, text, headers: { 'content-type': 'text/html; charset=utf-8' } };
}
