import type { Mail } from './mail-store.ts';

/** All mails, newest first, with a search box. */
export function listPage(view: { mails: Mail[]; total: number; words: string }): string {
  const rows = view.mails.map(listRow).join('\n');
  const shown = view.words === '' ? `${view.total} mails` : `${view.mails.length} of ${view.total} mails match`;
  return page(
    'Mailbox',
    `<header><h1>Mailbox</h1>
<form method="get" action="/" role="search"><input type="search" name="q" value="${escapeHtml(view.words)}" placeholder="Subject, address or text" aria-label="Search mails"><button>Search</button></form></header>
<p class="quiet">${shown}</p>
${view.mails.length === 0 ? '<p>Nothing here yet.</p>' : `<table><thead><tr><th>Subject</th><th>To</th><th>From</th><th>Received</th></tr></thead><tbody>\n${rows}\n</tbody></table>`}`,
  );
}

/** One mail: its headers, its text, its HTML in a frame of its own. */
export function mailPage(mail: Mail): string {
  const facts = [
    ['From', mail.from],
    ['To', mail.to.join(', ')],
    ['Received', mail.date],
    ['Message-ID', mail.messageId ?? '(none)'],
  ];
  const html = mail.html === '' ? '' : `<h2>HTML</h2><iframe src="/mail/${mail.id}/html" sandbox title="The mail as HTML"></iframe>`;
  const text = mail.text === '' ? '' : `<h2>Text</h2><pre>${escapeHtml(mail.text)}</pre>`;
  const headers = Object.entries(mail.header).flatMap(([name, values]) => values.map((value) => `${name}: ${value}`));
  return page(
    mail.subject,
    `<p><a href="/">← All mails</a></p><h1>${escapeHtml(mail.subject) || '(no subject)'}</h1>
<dl>${facts.map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(value ?? '')}</dd>`).join('')}</dl>
${html}${text}<details><summary>All headers</summary><pre>${escapeHtml(headers.join('\n'))}</pre></details>`,
  );
}

function listRow(mail: Mail): string {
  const cells = [
    `<a href="/mail/${mail.id}">${escapeHtml(mail.subject) || '(no subject)'}</a>`,
    escapeHtml(mail.to.join(', ')),
    escapeHtml(mail.from),
    `<time datetime="${mail.date}">${mail.date.slice(0, 19).replace('T', ' ')}</time>`,
  ];
  return `<tr${mail.seen ? '' : ' class="unread"'}>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${style}</style></head><body><main>${body}</main></body></html>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}

const style = `
:root { color-scheme: light dark; --line: light-dark(#dde1e6, #343a42); --quiet: light-dark(#5b6470, #9aa4b1); --link: light-dark(#0b57d0, #8ab4f8); }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 70rem; margin: 0 auto; padding: 1.5rem; }
header { display: flex; flex-wrap: wrap; gap: 1rem; align-items: center; justify-content: space-between; }
h1 { font-size: 1.4rem; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
input, button { font: inherit; padding: .35rem .7rem; border: 1px solid var(--line); border-radius: .4rem; } input { min-width: 16rem; }
table { width: 100%; border-collapse: collapse; } th { text-align: left; color: var(--quiet); font-weight: 500; }
td, th { padding: .45rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
td:last-child { white-space: nowrap; } .unread td:first-child { font-weight: 600; } a { color: var(--link); } .quiet { color: var(--quiet); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; } dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); border-radius: .4rem; padding: .8rem; }
iframe { width: 100%; height: 24rem; border: 1px solid var(--line); border-radius: .4rem; background: white; }
@media (max-width: 40rem) { th:nth-child(3), td:nth-child(3) { display: none; } }`;
