import { expect, test } from 'vitest';
import { Frames } from './frames.js';

const message = '*3\r\n$7\r\nmessage\r\n$5\r\nnews!\r\n$2\r\nhi\r\n';
const push = '>3\r\n$8\r\nsmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n';
const hash = '*4\r\n$1\r\n7\r\n$-1\r\n:5\r\n*0\r\n';
const map = '%1\r\n+a\r\n|1\r\n+ttl\r\n:3\r\n#t\r\n';
const text = '+PONG\r\n';

test.each([1, 2, 3, 7, 1_000])('whole replies come out as they went in, %d bytes at a time', (size) => {
  const all = Buffer.from([text, message, hash, push, map, text].join(''));
  const frames = new Frames();
  const out = [];
  for (let at = 0; at < all.length; at += size) out.push(...frames.add(all.subarray(at, at + size)));
  expect(out.map(({ bytes }) => bytes.toString())).toEqual([text, message, hash, push, map, text]);
  expect(out.map(({ message: channel }) => channel)).toEqual([
    undefined,
    'news!',
    undefined,
    'news',
    undefined,
    undefined,
  ]);
});
