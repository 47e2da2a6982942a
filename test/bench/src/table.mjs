const WIDTH = 66;

export function heading(node) {
  const columns = ['what'.padEnd(WIDTH), 'ratio'.padStart(6), 'wanted'.padStart(7), 'ok'.padStart(4)];
  return `\nNode ${node}\n${columns.join(' ')}   ours and the other`;
}

export function line({ what, wanted, strictly, measure }, { value, ok }, { ours, other }) {
  const limit = wanted === null ? '' : `${strictly ? '<' : '≤'} ${wanted}`;
  const verdict = wanted === null ? '' : ok ? 'yes' : 'NO';
  const absolute =
    measure === 'allocation' ? `${amount(ours)} / ${amount(other)} bytes` : `${amount(ours)} / ${amount(other)} µs`;
  return `${what.padEnd(WIDTH)} ${value.toFixed(2).padStart(6)} ${limit.padStart(7)} ${verdict.padStart(4)}   ${absolute}`;
}

export function footnotes() {
  return '\nRatios are medians over rounds in which both sides take turns in one process; whole figures depend on the machine.';
}

function amount(value) {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
