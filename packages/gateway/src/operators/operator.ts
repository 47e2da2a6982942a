import type { Principal } from '../access/principal.js';
import { Refusal } from '../service/refusal.js';

/** The name under which an operator's acts are recorded. */
export function actorOf(principal: Principal): string {
  if (principal.kind === 'operator') return principal.name;
  throw new Refusal(403, 'forbidden', 'only operators may do this');
}
