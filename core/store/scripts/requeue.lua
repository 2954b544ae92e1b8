-- Lets a turn that was given up be tried again, as if it had been asked now.
-- KEYS  parked queue:<conversation> state:<conversation> channel:<channel> schedule wake
-- ARGV  conversation, the parked turn (JSON), where it is (0 in no thread, 1 in a thread, 2 it opens the thread), messages
--       that show it (JSON), then its messages (JSON)
-- Returns 1, or 0 when it is not parked (any more).
if redis.call('ZREM', KEYS[1], ARGV[2]) == 0 then return 0 end
local before = redis.call('LLEN', KEYS[2])
for i = 5, #ARGV do
  local sequence = redis.call('HINCRBY', KEYS[4], 'sequence', 1)
  if i == 5 and ARGV[3] == '2' then
    -- It enters the channel's history here, and the thread reads that up to its root.
    redis.call('HSET', KEYS[3], 'root', sequence)
    redis.call('HSETNX', KEYS[3], 'floor', redis.call('HGET', KEYS[4], 'reset') or 0)
  elseif ARGV[3] ~= '0' and redis.call('HSETNX', KEYS[3], 'root', sequence) == 1 then
    redis.call('HSET', KEYS[3], 'floor', redis.call('HGET', KEYS[4], 'reset') or 0)
  end
  if i == 5 then redis.call('HSET', KEYS[3], 'shown:' .. sequence, ARGV[4]) end
  redis.call('RPUSH', KEYS[2], sequence .. ' m ' .. before + i - 5 .. ' ' .. ARGV[i])
end
local time = redis.call('TIME')
redis.call('ZADD', KEYS[5], 'NX', time[1] * 1000 + time[2] / 1000, ARGV[1])
redis.call('LPUSH', KEYS[6], 1)
return 1
