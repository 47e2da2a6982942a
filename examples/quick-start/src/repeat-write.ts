import {
  type ControlChange,
  type DurableControl,
  isOutcomeUnknownError,
  type RecordedEntry,
  type Write,
} from '@rampart/sdk';

/** Records a change, and repeats it once with the same id where the database did not answer the commit. */
export async function applyTwice(control: DurableControl, change: ControlChange, write: Write): Promise<RecordedEntry> {
  try {
    return await control.apply(change, write);
  } catch (error) {
    if (!isOutcomeUnknownError(error)) throw error;
    return control.apply(change, { ...write, id: error.id });
  }
}
