import { createInterface } from 'node:readline';

/** Where the gateway is and who asks: yours come from your configuration and your login. */
export const gateway: string = process.env['GATEWAY_URL'] ?? 'http://127.0.0.1:8080';
/** Of a backend service, made with `rampart key`. */
export const key: string = process.env['RAMPART_KEY'] ?? '';
/** Of a page: from Unleash, as before. */
export const frontendToken: string = process.env['UNLEASH_FRONTEND_TOKEN'] ?? '';

/** For a gateway in a service of your own. */
export const unleash: { readonly url: string; readonly token: string } = {
  url: process.env['UNLEASH_URL'] ?? '',
  token: process.env['UNLEASH_CLIENT_TOKEN'] ?? '',
};
export const database: { readonly folder: string } = { folder: process.env['RAMPART_FOLDER'] ?? './rampart-data' };
export const secret: string = process.env['RAMPART_SECRET'] ?? '';
export const port = Number(process.env['PORT'] ?? 8080);
export const keys: readonly { readonly name: string; readonly hash: string }[] = [];

/** Somebody who is signed in. */
export interface User {
  readonly id: string;
  /** The token that your login holds for this user at the moment; renewed when it is about to expire. */
  readonly token: () => Promise<string>;
}

/**
 * Calls back with whoever signs in, and with nobody when they sign out. Yours asks your login. Here they come as lines on
 * the standard input: `ana TOKEN` signs in, or renews the token of who is signed in; an empty line signs out.
 */
export function onSignIn(callback: (user: User | undefined) => void): void {
  const tokens = new Map<string, string>();
  let signedIn = '';
  createInterface({ input: process.stdin }).on('line', (line) => {
    const [id = '', token = ''] = line.split(' ');
    tokens.set(id, token);
    if (id === signedIn) return;
    signedIn = id;
    callback(id === '' ? undefined : { id, token: async () => tokens.get(id) ?? '' });
  });
}

/** The tenant whose settings are shown, and the token of its admin: your login has both. */
export const tenant: string = process.env['TENANT'] ?? '';
export const adminToken = async (): Promise<string> => process.env['ADMIN_TOKEN'] ?? '';
