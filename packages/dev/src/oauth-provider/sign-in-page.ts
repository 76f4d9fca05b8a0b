/** Asks a person who they are. `mistake` is what was wrong with the last answer. */
export function signInPage(facts: { uid: string; providerId: string; scopes: string[]; email: string; mistake?: string }): string {
  const name = escapeHtml(facts.providerId);
  const mistake = facts.mistake === undefined ? '' : `<p role="alert">${escapeHtml(facts.mistake)}</p>`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in with ${name}</title><style>${style}</style></head><body><main>
<h1>Sign in with ${name}</h1>
<p class="quiet">This stands in for ${name} on your machine. You are whoever you say you are.</p>
<form method="post" action="/interaction/${encodeURIComponent(facts.uid)}">
<label for="email">E-mail</label>
<input id="email" name="email" type="email" value="${escapeHtml(facts.email)}" placeholder="ada@example.com" required autofocus autocomplete="email">
${mistake}<p class="quiet">It is asked for: ${facts.scopes.map((scope) => `<code>${escapeHtml(scope)}</code>`).join(' ')}</p>
<div><button name="sign-in" value="yes">Sign in</button> <button name="cancel" value="yes" formnovalidate class="plain">Cancel</button></div>
</form></main></body></html>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}

const style = `
:root { color-scheme: light dark; --line: light-dark(#dde1e6, #343a42); --quiet: light-dark(#5b6470, #9aa4b1); --blue: #0b57d0; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; display: grid; place-items: center; min-height: 100vh; }
main { width: min(24rem, 100vw - 4rem); border: 1px solid var(--line); border-radius: .8rem; padding: 1.5rem 2rem; }
h1 { font-size: 1.4rem; margin: 0; } label { font-weight: 500; } .quiet { color: var(--quiet); font-size: .9rem; }
input { font: inherit; box-sizing: border-box; width: 100%; padding: .5rem .7rem; border: 1px solid var(--line); border-radius: .4rem; margin-top: .3rem; }
button { font: inherit; padding: .5rem 1.1rem; border: 1px solid var(--blue); border-radius: .4rem; background: var(--blue); color: white; cursor: pointer; }
button.plain { background: none; color: inherit; border-color: var(--line); } [role=alert] { color: light-dark(#b3261e, #f2b8b5); margin: .5rem 0 0; }
code { overflow-wrap: anywhere; }`;
