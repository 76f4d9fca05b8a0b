const unseen = new Set(['head', 'style', 'script', 'title']);
const lineEnds = new Set(['br', '/p', '/h1', '/h2', '/h3', '/h4', '/h5', '/h6', '/div', '/li', '/tr']);
const tagCharactersMax = 4_096;

/** The text of html as a mail's text part has it: no markup, links with their address, one empty line between paragraphs. Reads each character once. */
export function textOfHtml(html: string): string {
  const small = html.toLowerCase();
  const words: string[] = [];
  let link: string | undefined;
  for (let at = 0; at < html.length; ) {
    const open = html.indexOf('<', at);
    const close = open < 0 ? -1 : html.indexOf('>', open);
    words.push(html.slice(at, open < 0 ? html.length : open));
    if (close < 0) break;
    at = close + 1;
    const name = /^\/?[a-z0-9]+/.exec(small.slice(open + 1, open + 16))?.[0] ?? '';
    if (unseen.has(name)) at = endOf(small, name, at);
    else if (name === 'a') link = linkOf(html.slice(open, close));
    else if (name === '/a') {
      if (link !== undefined) words.push(`: ${link}`);
      link = undefined;
    } else if (lineEnds.has(name)) words.push('\n');
  }
  return paragraphs(decodeEntities(words.join('')));
}

const entities: Record<string, string> = {
  '&lt;': '<',
  '&gt;': '>',
  '&#34;': '"',
  '&quot;': '"',
  '&#39;': "'",
  '&nbsp;': ' ',
  '&amp;': '&',
};

/** What html's escapes stand for. */
export function decodeEntities(html: string): string {
  return html.replace(/&(?:lt|gt|#34|quot|#39|nbsp|amp);/g, (entity) => entities[entity] ?? entity);
}

function endOf(small: string, name: string, at: number): number {
  const start = small.indexOf(`</${name}`, at);
  const end = start < 0 ? -1 : small.indexOf('>', start);
  return end < 0 ? small.length : end + 1;
}

function linkOf(tag: string): string | undefined {
  return tag.length > tagCharactersMax ? undefined : /\shref="([^"]*)"/i.exec(tag)?.[1];
}

function paragraphs(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n\n');
}
