import { type AttributeValue, createEvaluationEvent, type Hook, TelemetryAttribute } from '@openfeature/server-sdk';

/** One evaluation by OpenTelemetry's conventions: `feature_flag.evaluation` and its attributes. */
export interface EvaluationRecord {
  readonly name: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** The used part of OpenTelemetry's `Span`. */
export interface EvaluationSpan {
  addEvent(name: string, attributes: Record<string, AttributeValue>): unknown;
}

/** Options of {@link telemetryHook}. */
export interface TelemetryOptions {
  /** Returns the span that gets the event: `() => trace.getActiveSpan()`. @default no span */
  readonly span?: (() => EvaluationSpan | undefined) | undefined;
  /** Receives every record, e.g. for OpenTelemetry's logger. @default none */
  readonly record?: ((record: EvaluationRecord) => void) | undefined;
  /** Records values that are objects (decisions with their bindings, JSON payloads) as JSON text. @default false */
  readonly objectValues?: boolean | undefined;
  /** Records `feature_flag.context.id`, the user's id. Use false if ids are personal data that must not reach traces. @default true */
  readonly contextId?: boolean | undefined;
}

/** Metadata keys that are reported under `rampart.*`. */
const DECISION_KEYS = [
  'outcome',
  'gate',
  'detail',
  'feature',
  'change',
  'stage',
  'mode',
  'route',
  'consentRevision',
  'policyRevision',
] as const;

/**
 * A hook that reports evaluations by OpenTelemetry's semantic conventions for feature flags (OpenFeature's Appendix D), with
 * the decision under `rampart.*`. Needs no OpenTelemetry package: pass the active span, a logger, or both.
 */
export function telemetryHook({ span, record, objectValues = false, contextId = true }: TelemetryOptions): Hook {
  return {
    finally(hookContext, details) {
      const { name, attributes: standard } = createEvaluationEvent(hookContext, details);
      const attributes: Record<string, AttributeValue> = {};
      for (const [key, value] of Object.entries(standard)) if (value !== undefined) attributes[key] = value;
      if (!objectValues && typeof details.value === 'object') delete attributes[TelemetryAttribute.VALUE];
      if (!contextId) delete attributes[TelemetryAttribute.CONTEXT_ID];
      for (const key of DECISION_KEYS) {
        const value = details.flagMetadata[key];
        if (value !== undefined) attributes[`rampart.${snakeCase(key)}`] = value;
      }
      span?.()?.addEvent(name, attributes);
      record?.({ name, attributes });
    },
  };
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
