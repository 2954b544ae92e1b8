-- Ends one turn: history gains it, the queue loses it, the conversation's next turn becomes runnable.
-- KEYS  state:<conversation> queue:<conversation> history:<owner> channel:<channel> schedule wake
-- ARGV  conversation, fence, sequence, turn (JSON, or empty when nothing is to be remembered), turns kept, seconds to keep
-- Returns 1, or 0 when the lease was lost. Run twice by the same worker it changes nothing and returns 1.
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[2] then return 0 end
if redis.call('HGET', KEYS[1], 'done') == ARGV[3] then return 1 end
local entry = redis.call('LINDEX', KEYS[2], 0)
if not entry or string.match(entry, '^%d+') ~= ARGV[3] then return 0 end
redis.call('LPOP', KEYS[2])
if ARGV[4] ~= '' then
  redis.call('ZREMRANGEBYSCORE', KEYS[3], ARGV[3], ARGV[3])
  redis.call('ZADD', KEYS[3], ARGV[3], ARGV[4])
  redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -ARGV[5] - 1)
  if tonumber(ARGV[6]) > 0 then
    redis.call('EXPIRE', KEYS[3], ARGV[6])
  end
end
redis.call('HSET', KEYS[1], 'done', ARGV[3])
redis.call('HDEL', KEYS[1], 'attempt', 'shown', 'stop')
if redis.call('LLEN', KEYS[2]) > 0 then
  local time = redis.call('TIME')
  redis.call('ZADD', KEYS[5], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
  redis.call('LPUSH', KEYS[6], 1)
else
  redis.call('ZREM', KEYS[5], ARGV[1])
end
return 1
