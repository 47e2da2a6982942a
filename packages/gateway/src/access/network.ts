import { isIPv6 } from 'node:net';

/** What is counted as one address: whoever has one of version 6 has 2^64 of them. */
export function networkOf(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
  return (
    mapped ??
    new URL(`http://[${ip.replace(/%.*$/, '')}]`).hostname
      .slice(1, -1)
      .split('::')[0]
      ?.split(':')
      .slice(0, 4)
      .join(':') ??
    ip
  );
}
