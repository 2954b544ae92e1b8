-- Forgets what was asked in one conversation. What is being answered there is stopped, and leaves nothing.
-- KEYS  queue:<conversation> state:<conversation> schedule
-- ARGV  conversation, name of the announcement of stops, sequence of a turn that goes on (empty: none), then for each entry
--       that is being answered: the entry as it was read, and without its words
-- Returns 1, or 0 when others are being answered by now.
local taken = tonumber(redis.call('HGET', KEYS[2], 'taken') or '0')
if taken == 0 then
  redis.call('UNLINK', KEYS[1], KEYS[2])
  redis.call('ZREM', KEYS[3], ARGV[1])
  return 1
end
local entries = redis.call('LRANGE', KEYS[1], 0, taken - 1)
if #entries * 2 ~= #ARGV - 3 then return 0 end
for i, entry in ipairs(entries) do
  if entry ~= ARGV[2 * i + 2] then return 0 end
end
for _, entry in ipairs(redis.call('LRANGE', KEYS[1], taken, -1)) do
  local sequence = string.match(entry, '^%d+')
  redis.call('HDEL', KEYS[2], 'shown:' .. sequence, 'amended:' .. sequence)
end
redis.call('LTRIM', KEYS[1], 0, taken - 1)
if #entries > 0 and string.match(entries[1], '^%d+') == ARGV[3] then return 1 end
for i, entry in ipairs(entries) do
  -- Its commit is told that it is gone. Until then its worker keeps the lease, and so ends what it shows properly.
  local sequence = string.match(entry, '^%d+')
  redis.call('LSET', KEYS[1], i - 1, ARGV[2 * i + 3])
  redis.call('HINCRBY', KEYS[2], 'amended:' .. sequence, 1)
  redis.call('HSET', KEYS[2], 'gone:' .. sequence, 1)
end
redis.call('HSET', KEYS[2], 'stop', 1)
redis.call('PUBLISH', ARGV[2], ARGV[1])
return 1
