-- Ends one turn: history gains it, the queue loses it, the conversation's next turn becomes runnable.
-- KEYS  state:<conversation> queue:<conversation> history:<owner> schedule wake parked index:<owner> memory:<owner> pins:<owner> remembering:<owner>, then seen:<message> of
--       each message that shows the reply
-- ARGV  conversation, fence, sequence, turn (JSON, or empty when nothing is to be remembered), turns kept, seconds to keep,
--       messages that the turn answers, what is kept for inspection (JSON, or empty), how many of those are kept, how many
--       changes of its messages the turn knows of, how many deleted messages of its reply, is it pinned (0|1), then the ids of all its messages
-- The index also has when each turn is too old, as "@<ms> <sequence>": no platform's id is that.
-- Returns 1, or 0 when the lease was lost. Run twice by the same worker it changes nothing and returns 1.
-- {changes, deleted messages of the reply, entries} when the turn does not know them all: then nothing has changed.
local known = redis.call('HMGET', KEYS[1], 'fence', 'done')
if known[2] == ARGV[2] then
  -- WAIT counts the replicas that have this connection's last write: so there has to be one.
  redis.call('HSET', KEYS[1], 'done', ARGV[2])
  return 1
end
if known[1] ~= ARGV[2] then return 0 end
local entry = redis.call('LINDEX', KEYS[2], 0)
if not entry or string.match(entry, '^%d+') ~= ARGV[3] then return 0 end
if ARGV[4] ~= '' or ARGV[8] ~= '' then
  -- People may have edited or deleted what is answered here, or deleted the answer, since it was claimed.
  local changes, deleted = 0, 0
  local entries = redis.call('LRANGE', KEYS[2], 0, ARGV[7] - 1)
  for _, each in ipairs(entries) do
    changes = changes + (redis.call('HGET', KEYS[1], 'amended:' .. string.match(each, '^%d+')) or 0)
  end
  for i = 11, #KEYS do
    if redis.call('GET', KEYS[i]) == 'gone' then deleted = deleted + 1 end
  end
  if changes ~= tonumber(ARGV[10]) or deleted ~= tonumber(ARGV[11]) then return {changes, deleted, entries} end
end
redis.call('HDEL', KEYS[1], 'attempt', 'stop', 'taken', 'failed')
for _, ended in ipairs(redis.call('LPOP', KEYS[2], ARGV[7])) do
  local sequence = string.match(ended, '^%d+')
  redis.call('HDEL', KEYS[1], 'shown:' .. sequence, 'amended:' .. sequence, 'gone:' .. sequence)
end
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
if ARGV[4] ~= '' then
  local too_old = now + ARGV[6] * 1000
  -- With its sequence: a set holds equal members once, and the same may well be asked and answered twice.
  redis.call('ZADD', KEYS[3], ARGV[3], ARGV[3] .. ' ' .. ARGV[4])
  if #redis.call('ZRANGE', KEYS[3], '(' .. ARGV[3], '+inf', 'BYSCORE', 'LIMIT', 0, 1) > 0 then
    -- Some that were asked after it have ended before it. A summary that has passed it by would never tell of it.
    if tonumber(redis.call('HGET', KEYS[8], 'upto') or '0') >= tonumber(ARGV[3]) then redis.call('DEL', KEYS[8]) end
    redis.call('DEL', KEYS[10])
    -- Nor is it too old after them: whoever looks for what is too old goes from the oldest on, and ends at what is not.
    for _, id in ipairs(redis.call('ZRANGE', KEYS[7], '(' .. ARGV[3], '+inf', 'BYSCORE')) do
      local at = string.match(id, '^@(%d+) ')
      if at then
        too_old = math.min(too_old, tonumber(at))
        break
      end
    end
  end
  if tonumber(ARGV[6]) > 0 then
    redis.call('ZADD', KEYS[7], ARGV[3], '@' .. string.format('%.0f', too_old) .. ' ' .. ARGV[3])
  end
  if ARGV[12] == '1' then redis.call('ZADD', KEYS[9], ARGV[3], ARGV[3]) end
  for i = 13, #ARGV do
    redis.call('ZADD', KEYS[7], ARGV[3], ARGV[i])
  end
  if redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -ARGV[5] - 1) > 0 then
    -- What has left the history leaves the index.
    local oldest = redis.call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')
    redis.call('ZREMRANGEBYSCORE', KEYS[7], '-inf', '(' .. oldest[2])
    redis.call('ZREMRANGEBYSCORE', KEYS[9], '-inf', '(' .. oldest[2])
  end
end
-- A new fence ends the lease: a renewal or a release that is still under way must not touch the next turn.
redis.call('HINCRBY', KEYS[1], 'fence', 1)
redis.call('HSET', KEYS[1], 'done', ARGV[2])
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
  redis.call('EXPIRE', KEYS[7], ARGV[6])
  redis.call('EXPIRE', KEYS[8], ARGV[6])
  redis.call('EXPIRE', KEYS[9], ARGV[6])
end
if redis.call('LLEN', KEYS[2]) > 0 then
  redis.call('ZADD', KEYS[4], now, ARGV[1])
  redis.call('LPUSH', KEYS[5], 1)
else
  redis.call('ZREM', KEYS[4], ARGV[1])
end
return 1
