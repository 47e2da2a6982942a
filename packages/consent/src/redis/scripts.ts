/** Lua that runs in Redis in one step. Each touches one key. */
export const SCRIPTS = {
  /** KEYS: value. ARGV: epoch, position, value, mac, lifetime in ms. An older position of the epoch replaces nothing. */
  rampartPut: `
    if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('DEL', KEYS[1]) end
    local old = redis.call('HMGET', KEYS[1], 'epoch', 'position')
    local position = tonumber(old[2] or '')
    if old[1] == ARGV[1] and position and position > tonumber(ARGV[2]) then return 0 end
    redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'position', ARGV[2], 'value', ARGV[3], 'mac', ARGV[4])
    redis.call('PEXPIRE', KEYS[1], ARGV[5])
    return 1`,
  /** KEYS: value. ARGV: mac that isn't genuine, '' where it lacks. Removes the value that was found, and no other. */
  rampartRemove: `
    if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return redis.call('DEL', KEYS[1]) end
    if (redis.call('HGET', KEYS[1], 'mac') or '') ~= ARGV[1] then return 0 end
    return redis.call('DEL', KEYS[1])`,
  /** KEYS: list. ARGV: what waits, most that may wait, lifetime in ms. */
  rampartWait: `
    redis.call('RPUSH', KEYS[1], ARGV[1])
    redis.call('LTRIM', KEYS[1], -tonumber(ARGV[2]), -1)
    return redis.call('PEXPIRE', KEYS[1], ARGV[3])`,
  /** KEYS: sorted set. ARGV: 1 to start again, positions up to this one go, lifetime in ms, then position and text in turn. */
  rampartKeep: `
    if ARGV[1] == '1' then redis.call('DEL', KEYS[1]) end
    for i = 4, #ARGV, 2 do
      redis.call('ZREMRANGEBYSCORE', KEYS[1], ARGV[i], ARGV[i])
      redis.call('ZADD', KEYS[1], ARGV[i], ARGV[i + 1])
    end
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
    return redis.call('PEXPIRE', KEYS[1], ARGV[3])`,
} as const;

export type ScriptName = keyof typeof SCRIPTS;
