export const dynamic = 'force-dynamic';

export async function GET(): Promise<Response> {
  const text = 'Welcome to the API. See https://docs.stack-auth.com for its documentation.\n\nThe endpoints are below /api/v1.';
  return new Response(text, { headers: { 'content-type': 'text/plain; charset=utf-8' } });
}
