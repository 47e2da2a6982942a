import type { ControlRecords } from '@rampart/sdk/operator';

/** Classes that a stored consent model declares. */
export async function modelledClasses(store: Pick<ControlRecords, 'items'>): Promise<ReadonlySet<string>> {
  const models = await store.items({ kind: 'model' });
  return new Set(models.flatMap(({ change }) => (change.kind === 'model' ? [change.featureClass] : [])));
}
