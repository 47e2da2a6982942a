import type { Decision, Explanation, GateReport } from '@rampart/core';
import { oneLine, renderTable } from './table.js';
import type { Paint } from './terminal.js';

/** Every gate by itself, the one that decided marked. */
export function renderGates({ gates, decision }: Explanation, paint: Paint): readonly string[] {
  const decisive = decisiveGate(gates, decision);
  const rows = gates.map((report) => [
    report.gate,
    oneLine(report.flag),
    report.rule === undefined ? '' : String(report.rule),
    oneLine(report.saw),
    says(report, paint) + (report === decisive ? paint('bold', '  <- decides') : ''),
  ]);
  return renderTable(['GATE', 'FLAG', 'RULE', 'SAW', 'SAYS'], rows);
}

function says({ open, detail, gate }: GateReport, paint: Paint): string {
  const more = detail === undefined ? '' : oneLine(detail);
  if (open) return paint('green', gate === 'mode' && more !== '' ? more : 'open');
  return paint('red', more === '' ? 'closed' : `closed: ${more}`);
}

/** The line that decided: of the change that answered if it has one, else of the feature. */
function decisiveGate(gates: readonly GateReport[], { gate, change, detail }: Decision): GateReport | undefined {
  const closed = gates.filter((report) => !report.open && report.gate === gate);
  const alike = closed.filter((report) => report.detail === detail);
  const among = alike.length > 0 ? alike : closed;
  return among.find(({ flag }) => flag === change) ?? among[0];
}

/** Why an earlier gate that is closed too isn't the one that is named, if that is so. */
export function passedOver({ gates, decision }: Explanation): string | undefined {
  const decisive = decisiveGate(gates, decision);
  const asked = gates.slice(0, decisive === undefined ? 0 : gates.indexOf(decisive));
  const earlier = asked.find(
    ({ gate, open, flag }) => !open && (gate === 'consent' || gate === 'tier') && flag === decision.feature,
  );
  if (earlier === undefined || earlier.gate === decision.gate) return undefined;
  const lifting = earlier.gate === 'consent' ? 'Consent' : 'A higher tier';
  return `Gate ${earlier.gate} is closed too. ${lifting} alone would not open it, so the gate that would still be closed is named, and nobody is asked.`;
}
