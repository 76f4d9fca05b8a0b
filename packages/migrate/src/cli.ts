import { runCli } from './commands/cli.ts';

if (import.meta.main) {
  const print = (stream: NodeJS.WriteStream) => (text: string) => void stream.write(`${text}\n`);
  process.exitCode = await runCli(process.argv.slice(2), { env: process.env, data: print(process.stdout), say: print(process.stderr) });
}
