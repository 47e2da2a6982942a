import { styleText } from 'node:util';

/** Where a command writes. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly colour: boolean;
}

/** The styles that the output uses. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

/** Styles a text where colours are wanted. */
export type Paint = (style: Style, text: string) => string;

/** The paint of a terminal. */
export function paintFor(colour: boolean): Paint {
  // Whether colours are wanted is decided already; Node would ask the standard output again.
  return (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
}
