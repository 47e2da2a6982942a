import { isIP, isIPv6 } from 'node:net';
import { compile } from '@fastify/proxy-addr';
import ipaddr from 'ipaddr.js';

/** The network of every client whose address is missing or can't be read: they share one limit. */
const UNKNOWN_NETWORK = 'unknown';
/** More proxies in a row than this are not trusted. */
const MAX_HOPS = 32;

const QUOTED = /^"(.*)"$/;
/** `[2001:db8::1]:443`, `[2001:db8::1]`. */
const BRACKETED = /^\[([^[\]]+)\](?::\d{1,5})?$/;
/** `192.0.2.1:5678`, also after an IPv6 address of eight groups. */
const WITH_PORT = /^(.+):\d{1,5}$/;
const ZONE = /%.*$/;

/**
 * Reads one element of `X-Forwarded-For`, or the address of a socket: with or without a port, brackets, quotes, spaces. An
 * IPv4-mapped IPv6 address becomes the IPv4 address; a zone stays.
 *
 * @returns undefined for anything else, e.g. `unknown`, `_hidden` or nothing
 */
export function addressOf(element: string | undefined): string | undefined {
  if (element === undefined || isIP(element) === 4) return element;
  const text = element.trim();
  const plain = (QUOTED.exec(text)?.[1] ?? text).trim();
  const candidates = [plain, BRACKETED.exec(plain)?.[1], WITH_PORT.exec(plain)?.[1]];
  const address = candidates.find((candidate) => candidate !== undefined && isIP(candidate) !== 0);
  if (address === undefined || !isIPv6(address)) return address;
  const parsed = ipaddr.IPv6.parse(address.replace(ZONE, ''));
  return parsed.isIPv4MappedAddress() ? parsed.toIPv4Address().toString() : address;
}

/** The unit that limits by address count: an IPv4 address, the /64 network of an IPv6 address, or `unknown`. */
export function networkOf(element: string | undefined): string {
  const address = addressOf(element);
  if (address === undefined) return UNKNOWN_NETWORK;
  if (!isIPv6(address)) return address;
  const { parts } = ipaddr.IPv6.parse(address.replace(ZONE, ''));
  return `${parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}

/**
 * Whether an element of `X-Forwarded-For`, or the peer of the connection, is one of the trusted proxies, in any form that
 * {@link addressOf} reads. The client is the right-most element that is not trusted.
 */
export function trustOf(trustedProxies: readonly string[]): (element: string | undefined, hop: number) => boolean {
  const isTrusted = compile([...trustedProxies]);
  return (element, hop) => {
    const address = hop < MAX_HOPS ? addressOf(element) : undefined;
    return address !== undefined && isTrusted(address, hop);
  };
}
