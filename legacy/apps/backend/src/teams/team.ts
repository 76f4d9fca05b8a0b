import type { Team } from '../generated/prisma/client.ts';

/** The team as its members see it. */
export function clientTeam(team: Team) {
  return {
    id: team.teamId,
    display_name: team.displayName,
    profile_image_url: team.profileImageUrl,
    client_metadata: team.clientMetadata,
    client_read_only_metadata: team.clientReadOnlyMetadata,
  };
}

/** The team as servers and admins see it. */
export function serverTeam(team: Team) {
  return { ...clientTeam(team), created_at_millis: team.createdAt.getTime(), server_metadata: team.serverMetadata };
}
