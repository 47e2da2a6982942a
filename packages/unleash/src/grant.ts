/**
 * Tells `aiAccess` that core has already found the gates of a feature open for one evaluation. Unleash copies the context but
 * keeps its `properties` object, so the grant holds for exactly one call: an evaluation nested inside it has other properties.
 */
interface Grant {
  readonly feature: string;
  readonly properties: object;
}

let current: Grant | undefined;

/** Runs a synchronous evaluation under a grant. */
export function withGrant<T>(feature: string, properties: object, evaluate: () => T): T {
  const before = current;
  current = { feature, properties };
  try {
    return evaluate();
  } finally {
    current = before;
  }
}

/** Whether this very evaluation was granted. */
export function isGranted(feature: string, properties: object | undefined): boolean {
  return current !== undefined && current.feature === feature && current.properties === properties;
}
