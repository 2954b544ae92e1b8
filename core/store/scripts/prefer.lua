-- Sets or forgets one setting of one level, and notes who did it.
-- KEYS  the level's settings, its audit
-- ARGV  setting, value (empty: forgets it), note for the audit (JSON), notes kept, seconds to keep both (0: for ever)
-- Returns the value before, empty when there was none.
local before = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
-- A call that is repeated after a lost answer must not be noted twice: it changes nothing any more.
if before ~= ARGV[2] then
  redis.call('LPUSH', KEYS[2], ARGV[3])
  redis.call('LTRIM', KEYS[2], 0, ARGV[4] - 1)
end
if tonumber(ARGV[5]) > 0 then
  redis.call('EXPIRE', KEYS[1], ARGV[5])
  redis.call('EXPIRE', KEYS[2], ARGV[5])
end
return before
