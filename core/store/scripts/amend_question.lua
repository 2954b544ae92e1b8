-- Changes one message that waits or is being answered, or takes it out, unless somebody was faster.
-- KEYS  queue:<conversation> state:<conversation> schedule edited:<message>
-- ARGV  conversation, sequence, entry as it was read, entry as it shall be, entry as it shall be where others are answered
--       together with it, was it deleted (0|1), when it was edited (us, empty: no matter), name of the announcement of stops
-- Returns {1, is it the last (0|1), messages that tell of its wait (JSON, or empty)} when it waits, {2, is it the last}
-- when it is being answered, {0} when the entry is another one by now or gone, {-1} when a newer edit has come.
if ARGV[7] ~= '' then
  local known = string.match(redis.call('GET', KEYS[4]) or '', '^%d+')
  if known and known ~= ARGV[7] then return {-1} end
end
local at = redis.call('LPOS', KEYS[1], ARGV[3])
if not at then return {0} end
local last = at == redis.call('LLEN', KEYS[1]) - 1 and 1 or 0
-- Those that were taken together stay so until they are committed, also while nobody has their lease.
local taken = tonumber(redis.call('HGET', KEYS[2], 'taken') or '0')
if at >= taken then
  if ARGV[6] == '0' then
    redis.call('LSET', KEYS[1], at, ARGV[4])
    -- Whoever claims it reads what it says now. That it is pinned only the commit is told.
    redis.call('HINCRBY', KEYS[2], 'amended:' .. ARGV[2], 1)
    return {1, last, ''}
  end
  local shown = redis.call('HGET', KEYS[2], 'shown:' .. ARGV[2]) or ''
  redis.call('LREM', KEYS[1], 1, ARGV[3])
  redis.call('HDEL', KEYS[2], 'shown:' .. ARGV[2], 'amended:' .. ARGV[2])
  if redis.call('LLEN', KEYS[1]) == 0 then redis.call('ZREM', KEYS[3], ARGV[1]) end
  return {1, last, shown}
end
redis.call('HINCRBY', KEYS[2], 'amended:' .. ARGV[2], 1)
if ARGV[6] == '0' then
  redis.call('LSET', KEYS[1], at, ARGV[4])
  return {2, last}
end
redis.call('HSET', KEYS[2], 'gone:' .. ARGV[2], 1)
local left = 0
for _, entry in ipairs(redis.call('LRANGE', KEYS[1], 0, taken - 1)) do
  left = left + 1 - redis.call('HEXISTS', KEYS[2], 'gone:' .. string.match(entry, '^%d+'))
end
if left > 0 then
  -- The others are answered; whoever takes over does not read this one.
  redis.call('LSET', KEYS[1], at, ARGV[5])
else
  redis.call('LSET', KEYS[1], at, ARGV[4])
  redis.call('HSET', KEYS[2], 'stop', 1)
  redis.call('PUBLISH', ARGV[8], ARGV[1])
end
return {2, last}
