import type { FastifyReply, FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import { RequestDurations } from './request-durations.js';

const route = (url: string | undefined) => ({ url, config: {} });
const request = (routeOptions: object, method = 'GET', protocol = 'http'): FastifyRequest =>
  ({ routeOptions, method, protocol }) as unknown as FastifyRequest;
const reply = (elapsedTime: number, statusCode = 200): FastifyReply => ({ elapsedTime, statusCode }) as FastifyReply;

test('counts a duration in the lowest bucket whose boundary is not below it', () => {
  const durations = new RequestDurations();
  const asked = request(route('/healthz'));
  for (const ms of [0, 5, 5.1, 10_000, 10_001]) durations.record(asked, reply(ms));
  const [point] = durations.collect()[0]?.dataPoints ?? [];
  expect(point?.attributes).toEqual({
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'url.scheme': 'http',
    'http.route': '/healthz',
  });
  expect(point?.value.buckets.counts).toEqual([2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
  expect(point?.value.count).toBe(5);
  expect(point?.value.sum).toBeCloseTo(20.0111);
});

test('keeps a series for each route, method, status and scheme, and none for methods and schemes that a caller invents', () => {
  const durations = new RequestDurations();
  const [one, other] = [route('/one'), route(undefined)];
  durations.record(request(one), reply(1));
  durations.record(request(one), reply(1));
  durations.record(request(one), reply(1, 404));
  durations.record(request(one, 'POST'), reply(1));
  durations.record(request(one, 'GET', 'https'), reply(1));
  for (const invented of ['a', 'b']) durations.record(request(other, invented, invented), reply(1, 404));
  const points = durations.collect()[0]?.dataPoints ?? [];
  expect(points.map(({ attributes, value }) => [...Object.values(attributes), value.count].join(' '))).toEqual([
    'GET 200 http /one 2',
    'GET 404 http /one 1',
    'POST 200 http /one 1',
    'GET 200 https /one 1',
    '_OTHER 404 http 2',
  ]);
});
