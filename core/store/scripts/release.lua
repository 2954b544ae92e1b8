-- Gives a turn back unfinished: another worker may claim it at once, or after a wait.
-- KEYS  state:<conversation> schedule wake
-- ARGV  conversation, fence, wait (ms), why it failed (empty: it did not, and the attempt does not count)
-- Returns 1, or 0 when the lease was lost.
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[2] then return 0 end
redis.call('HINCRBY', KEYS[1], 'fence', 1)
if ARGV[4] == '' then
  redis.call('HINCRBY', KEYS[1], 'attempt', -1)
else
  redis.call('HSET', KEYS[1], 'failed', ARGV[4])
end
local time = redis.call('TIME')
redis.call('ZADD', KEYS[2], 'XX', time[1] * 1000 + time[2] / 1000 + ARGV[3], ARGV[1])
redis.call('LPUSH', KEYS[3], 1)
return 1
