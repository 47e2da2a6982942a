const WIDTH = 66;

export function heading(node) {
  const columns = ['what'.padEnd(WIDTH), 'figure'.padStart(8), 'wanted'.padStart(9), 'ok'.padStart(4)];
  return `\nNode ${node}\n${columns.join(' ')}   ours and the other, or how it was measured`;
}

/** What is wanted on a version of Node; the newest that is named counts for those after it. */
export function wantedOf({ wanted }, node) {
  if (wanted === null || typeof wanted === 'number') return wanted;
  return Number.parseInt(node, 10) >= 24 ? wanted[24] : wanted[20];
}

export function line({ what, strictly, atLeast, ...row }, { value, ok, wanted }, measured) {
  const limit = wanted === null ? '' : `${atLeast ? '≥' : strictly ? '<' : '≤'} ${wanted}`;
  const verdict = wanted === null ? '' : ok ? 'yes' : 'NO';
  const cells = [what.padEnd(WIDTH), value.toFixed(2).padStart(8), limit.padStart(9), verdict.padStart(4)];
  return `${cells.join(' ')}   ${row.measure === 'whole' ? noteOf(row, measured) : sidesOf(row, measured)}`;
}

function sidesOf({ measure }, { ours, other }) {
  return `${amount(ours)} / ${amount(other)} ${measure === 'allocation' ? 'bytes' : 'µs'}`;
}

/** What stands below the first line of a note is set in. */
function noteOf({ unit }, { note }) {
  return `${unit === undefined ? '' : `${unit}; `}${note.replaceAll('\n', '\n      ')}`;
}

export function footnotes() {
  return '\nFigures without a unit are ratios, medians over rounds in which both sides take turns in one process; the others depend on the machine.';
}

function amount(value) {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
