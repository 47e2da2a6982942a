/** What the test tells a page. */
export interface PageSettings {
  readonly gateway: string;
  readonly frontendToken: string;
  readonly identity: string;
  readonly user: string;
}

declare global {
  interface Window {
    settings: PageSettings;
  }
}

export const { gateway, frontendToken, identity, user } = window.settings;

export const PLAIN = 'plain';
export const AI = 'ai.reply-copilot';

/** Writes where the test looks. */
export function show(name: string, value: unknown): void {
  const known = document.querySelector(`output[name=${name}]`);
  const output = known ?? document.body.appendChild(document.createElement('output'));
  output.setAttribute('name', name);
  output.textContent = String(value);
}
