// What a spreadsheet takes for a formula, also behind quotes that were put there before (OWASP, CSV injection).
const FORMULA = /^'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;
const NEUTRALISED = /^'+[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;

/** A CSV cell that a spreadsheet shows as text: `'` stands before what it would run as a formula. */
export function neutraliseFormula(cell: string): string {
  return FORMULA.test(cell) ? `'${cell}` : cell;
}

/** The cell before {@link neutraliseFormula}. */
export function restoreFormula(cell: string): string {
  return NEUTRALISED.test(cell) ? cell.slice(1) : cell;
}
