/** Kinds of mail a user may turn off or not. Ids are fixed: clients store them. */
export const categories = [
  { id: '7bb82d33-2f54-4a3d-9d23-82739e0d66ef', name: 'Transactional', canDisable: false },
  { id: '4f6f8873-3d04-46bd-8bef-18338b1a1b4c', name: 'Marketing', canDisable: true },
] as const;

export type Category = (typeof categories)[number];
export const transactional = categories[0];

export function categoryById(id: string): Category | undefined {
  return categories.find((category) => category.id === id);
}

export function categoryByName(name: string): Category | undefined {
  return categories.find((category) => category.name === name);
}
