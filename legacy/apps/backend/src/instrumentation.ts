/** Next calls this once, before the first request. Wrong settings, or development keys in production, end the process. */
export async function register(): Promise<void> {
  if (process.env['NEXT_RUNTIME'] !== 'nodejs') return;
  const { assertReadyToStart } = await import('./start.ts');
  await assertReadyToStart();
}
