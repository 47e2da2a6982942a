/**
 * Lets one evaluation bypass the gates of a feature in `aiAccess`, because core has evaluated them already. Unleash copies the
 * context but keeps its `properties` object, which identifies the evaluation: a nested one has other properties.
 */
interface GateBypass {
  readonly feature: string;
  readonly properties: object;
}

let current: GateBypass | undefined;

/** Runs a synchronous evaluation with the bypass. */
export function withGateBypass<T>(feature: string, properties: object, evaluate: () => T): T {
  const previous = current;
  current = { feature, properties };
  try {
    return evaluate();
  } finally {
    current = previous;
  }
}

/** Whether this evaluation has the bypass. */
export function hasGateBypass(feature: string, properties: object | undefined): boolean {
  return current !== undefined && current.feature === feature && current.properties === properties;
}
