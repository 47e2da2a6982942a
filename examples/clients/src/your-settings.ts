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

/** The token that your login gave the user. */
export async function userToken(): Promise<string> {
  return process.env['USER_TOKEN'] ?? '';
}
