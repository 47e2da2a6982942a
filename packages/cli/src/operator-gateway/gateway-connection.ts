import type { Command } from 'commander';
import { z } from 'zod';
import { VARIABLES, type Variables } from '../environment.js';
import { misused } from '../failure.js';
import { check, fileText, from } from '../settings.js';

/** Options of the commands that can go through a gateway; they win over the environment. */
export interface GatewayFlags {
  readonly gateway?: string;
  readonly gatewayKeyFile?: string;
}

/** Options that only the direct form of a command takes. */
interface DirectFlags {
  readonly database?: string;
  readonly secretFile?: string;
  readonly acceptedSecretFile?: string;
  readonly redisUrl?: string;
  readonly controlEnvironment?: string;
  readonly url?: string;
  readonly tokenFile?: string;
  readonly project?: string;
  readonly tiers?: string;
  readonly actor?: string;
}

/** The gateway that carries a command out. */
export interface GatewayConnection {
  /** Without a slash at the end. It may have a path: that of a proxy. */
  readonly url: string;
  /** A key with the role `operator`, or an operator's token. Never in an error. */
  readonly key: string;
}

/** Adds the options that send a command through a gateway. */
export function withGateway(command: Command): Command {
  return command
    .option(
      '--gateway <url>',
      'go through this gateway instead of the database, e.g. where rampart serve keeps an embedded one [RAMPART_GATEWAY_URL]',
    )
    .option(
      '--gateway-key-file <file>',
      "file with an operator's key for the gateway [RAMPART_GATEWAY_KEY holds the key itself]",
    );
}

const address = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return false;
  return [url.username, url.password, url.search, url.hash].every((part) => part === '');
}, 'write a whole address without user, password and query, e.g. https://gateway.example.com');
const secretKey = z
  .string()
  .regex(/^[\x21-\x7e]+$/, 'it is empty or holds a space or special character: copy it again');

const NO_KEY =
  'no operator key for the gateway: set RAMPART_GATEWAY_KEY or pass --gateway-key-file FILE; rampart key NAME --role operator makes one';

const DIRECT: Readonly<Record<keyof DirectFlags, string>> = {
  database: '--database',
  secretFile: '--secret-file',
  acceptedSecretFile: '--accepted-secret-file',
  redisUrl: '--redis-url',
  controlEnvironment: '--control-environment',
  url: '--url',
  tokenFile: '--token-file',
  project: '--project',
  tiers: '--tiers',
  actor: '--actor',
};

/**
 * The gateway that a command goes through; undefined where it opens the database itself. `--database` wins over
 * RAMPART_GATEWAY_URL, which wins over the variables of a database.
 *
 * @throws UsageError that names the option or variable that is wrong
 */
export function readGatewayConnection(
  flags: GatewayFlags & DirectFlags,
  variables: Variables,
): GatewayConnection | undefined {
  const { gateway, gatewayKeyFile } = flags;
  const isDirect = gateway === undefined && (flags.database !== undefined || variables.gateway === undefined);
  if (isDirect && gatewayKeyFile !== undefined)
    misused('--gateway-key-file: it is the key of a gateway: pass --gateway URL too');
  if (isDirect) return undefined;
  requireNoDirectOption(flags);
  const url = check(address, from('--gateway', gateway, VARIABLES.gateway, variables.gateway), 'open') ?? '';
  const text = fileText('--gateway-key-file', gatewayKeyFile);
  const sourced = from('--gateway-key-file', text, VARIABLES.gatewayKey, variables.gatewayKey);
  return { url: url.trim().replace(/\/+$/, ''), key: check(secretKey, sourced, 'secret') ?? misused(NO_KEY) };
}

function requireNoDirectOption(flags: GatewayFlags & DirectFlags): void {
  const source = flags.gateway === undefined ? VARIABLES.gateway : '--gateway';
  if (flags.actor !== undefined)
    misused(`--actor: with ${source} the gateway records the name of the operator key: leave it out`);
  const direct = Object.entries(DIRECT).find(([name]) => flags[name as keyof DirectFlags] !== undefined);
  if (direct !== undefined)
    misused(`${direct[1]}: with ${source} the gateway uses its own settings: leave one of the two out`);
}
