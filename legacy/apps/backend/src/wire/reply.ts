/** What an endpoint answers, before the headers that every answer gets. */
export type Reply =
  | { status: number; kind: 'json'; value: unknown; headers?: Record<string, string> }
  | { status: number; kind: 'text'; text: string; headers?: Record<string, string> }
  | { status: 303 | 307; kind: 'redirect'; location: string; headers?: Record<string, string> }
  | { status: number; kind: 'empty' };

export function json(status: number, value: unknown, headers: Record<string, string> = {}): Reply {
  return { status, kind: 'json', value, headers };
}

export function text(status: number, body: string, headers: Record<string, string> = {}): Reply {
  return { status, kind: 'text', text: body, headers };
}

/** 303: go there with GET. 307: go there as you came here. Never 301 or 302, which clients read either way. */
export function redirect(status: 303 | 307, location: string, headers: Record<string, string> = {}): Reply {
  return { status, kind: 'redirect', location, headers };
}
