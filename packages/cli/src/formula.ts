// A spreadsheet runs these as a formula (OWASP, CSV injection), also behind quotes that were added before, and behind spaces
// where it trims cells.
const START = String.raw`(?:[\t\r\n]|[\s\u200b]*[=+\-@\uff1d\uff0b\uff0d\uff20])`;
const FORMULA = new RegExp(`^'*${START}`);
const NEUTRALISED = new RegExp(`^'+${START}`);

/** A CSV cell that a spreadsheet shows as text: `'` stands before what it would run as a formula. */
export function neutraliseFormula(cell: string): string {
  return FORMULA.test(cell) ? `'${cell}` : cell;
}

/** The cell before {@link neutraliseFormula}. */
export function restoreFormula(cell: string): string {
  return NEUTRALISED.test(cell) ? cell.slice(1) : cell;
}
