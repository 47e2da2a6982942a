/** What the server's process is told, once. */
export interface Settings {
  readonly package: string;
  /** Private folder of this server, removed when its process leaves. */
  readonly folder: string;
  /** 0: the operating system chooses. */
  readonly port: number;
  readonly tokens: readonly TokenSettings[];
  readonly user: { readonly username: string; readonly password: string };
  /** Signs the sessions of the UI. */
  readonly secret: string;
}

export interface TokenSettings {
  readonly type: 'admin' | 'client' | 'frontend';
  readonly environment: string;
  readonly secret: string;
  readonly tokenName: string;
}

/** What the server's process says. */
export type Report =
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'failed'; readonly message: string };
