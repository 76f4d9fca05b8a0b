import { renamed } from '../../audit/judge-teams.ts';
import { act } from './act.ts';
import type { Client, Person } from './person.ts';

const createRequest = /^POST .*\/teams$/;
const changeRequest = /^(PATCH|DELETE) .*\/teams\//;
const inviteRequest = /^POST .*\/team-invitations\/send-code/;
const callback = 'http://localhost:3000/join';

/** The life of one team: made, renamed, somebody invited by mail, its members and permissions looked at; every second one is deleted. */
export async function liveTeam({ settings, file }: Client, n: number, { user }: Person): Promise<void> {
  const name = `${settings.run} ${settings.client} team #${n}`;
  const made = await act({ n, kind: 'team', write: createRequest }, () => user.createTeam({ displayName: name }));
  file.write({ type: 'team', n, name, change: 'created', outcome: made.outcome });
  const team = made.value;
  if (team === undefined) return;
  const change = await act({ n, kind: 'team', write: changeRequest }, () => team.update({ displayName: renamed(name) }));
  file.write({ type: 'team', n, name, change: 'renamed', outcome: change.outcome });
  const email = `t${n}-${settings.client.replaceAll('.', '-')}@${settings.run}.example.com`;
  const invited = await act({ n, kind: 'invitation', write: inviteRequest }, () => team.inviteUser({ email, callbackUrl: callback }));
  file.write({ type: 'invitation', n, email, outcome: invited.outcome });
  await act({ n, kind: 'team', write: /^GET / }, () => team.listUsers());
  await act({ n, kind: 'team', write: /^GET / }, () => user.hasPermission(team, '$update_team'));
  if (n % 2 === 1) return;
  const gone = await act({ n, kind: 'team', write: changeRequest }, () => team.delete());
  file.write({ type: 'team', n, name, change: 'deleted', outcome: gone.outcome });
}
