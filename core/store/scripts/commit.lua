-- Ends one turn: history gains it, the queue loses it, the conversation's next turn becomes runnable.
-- KEYS  state:<conversation> queue:<conversation> history:<owner> schedule wake parked
-- ARGV  conversation, fence, sequence, turn (JSON, or empty when nothing is to be remembered), turns kept, seconds to keep,
--       messages that the turn answers, what is kept for inspection (JSON, or empty), how many of those are kept
-- Returns 1, or 0 when the lease was lost. Run twice by the same worker it changes nothing and returns 1.
local known = redis.call('HMGET', KEYS[1], 'fence', 'done')
if known[2] == ARGV[2] then
  -- WAIT counts the replicas that have this connection's last write: so there has to be one.
  redis.call('HSET', KEYS[1], 'done', ARGV[2])
  return 1
end
if known[1] ~= ARGV[2] then return 0 end
local entry = redis.call('LINDEX', KEYS[2], 0)
if not entry or string.match(entry, '^%d+') ~= ARGV[3] then return 0 end
redis.call('HDEL', KEYS[1], 'attempt', 'stop', 'taken', 'failed')
for _, ended in ipairs(redis.call('LPOP', KEYS[2], ARGV[7])) do
  redis.call('HDEL', KEYS[1], 'shown:' .. string.match(ended, '^%d+'))
end
if ARGV[4] ~= '' then
  -- With its sequence: a set holds equal members once, and the same may well be asked and answered twice.
  redis.call('ZADD', KEYS[3], ARGV[3], ARGV[3] .. ' ' .. ARGV[4])
  redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -ARGV[5] - 1)
end
-- A new fence ends the lease: a renewal or a release that is still under way must not touch the next turn.
redis.call('HINCRBY', KEYS[1], 'fence', 1)
redis.call('HSET', KEYS[1], 'done', ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
if ARGV[8] ~= '' then
  redis.call('ZADD', KEYS[6], now, ARGV[8])
  redis.call('ZREMRANGEBYRANK', KEYS[6], 0, -ARGV[9] - 1)
  if tonumber(ARGV[6]) > 0 then
    -- Also where nobody asks anything any more, and no commit removes what is too old.
    redis.call('EXPIRE', KEYS[6], ARGV[6])
  end
end
if tonumber(ARGV[6]) > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', now - ARGV[6] * 1000)
  redis.call('EXPIRE', KEYS[1], ARGV[6])
  redis.call('EXPIRE', KEYS[3], ARGV[6])
end
if redis.call('LLEN', KEYS[2]) > 0 then
  redis.call('ZADD', KEYS[4], now, ARGV[1])
  redis.call('LPUSH', KEYS[5], 1)
else
  redis.call('ZREM', KEYS[4], ARGV[1])
end
return 1
