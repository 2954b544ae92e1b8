-- Changes one turn of a history, or takes it out, unless somebody was faster.
-- KEYS  history:<owner> index:<owner>, the hash that has the owner's epoch, history:<conversation> queue:<conversation>
--       edited:<message> memory:<owner> pins:<owner>
-- ARGV  sequence, turn as it was read, turn as it shall be (empty: none), when it was edited (us, empty: no matter),
--       do its words change (0|1), the name under which the summary has the owner's changes (shared|own), is it pinned
--       now (0|1), then the ids of the messages that show its reply now, where these may be new
-- Returns {1, nothing was asked after it in its conversation (0|1)}, {0} when the turn is another one by now, {-1} when a
-- newer edit has come.
if ARGV[4] ~= '' then
  local known = string.match(redis.call('GET', KEYS[6]) or '', '^%d+')
  if known and known ~= ARGV[4] then return {-1} end
end
local old, new = ARGV[1] .. ' ' .. ARGV[2], ARGV[1] .. ' ' .. ARGV[3]
if redis.call('ZSCORE', KEYS[1], old) then
  -- The new one first: a sorted set that loses its only member loses its time to live too.
  if ARGV[3] ~= '' then
    redis.call('ZADD', KEYS[1], ARGV[1], new)
  else
    redis.call('ZREMRANGEBYSCORE', KEYS[2], ARGV[1], ARGV[1])
  end
  redis.call('ZREM', KEYS[1], old)
  for i = 8, #ARGV do
    redis.call('ZADD', KEYS[2], ARGV[1], ARGV[i])
  end
  redis.call('HINCRBY', KEYS[3], 'epoch', 1)
  if ARGV[7] == '1' then
    redis.call('ZADD', KEYS[8], ARGV[1], ARGV[1])
    local left = redis.call('PTTL', KEYS[1])
    if left > 0 then redis.call('PEXPIRE', KEYS[8], left) end
  else
    redis.call('ZREM', KEYS[8], ARGV[1])
  end
  if ARGV[5] == '1' then
    local words = redis.call('HINCRBY', KEYS[3], 'words', 1)
    local kept = redis.call('HMGET', KEYS[7], 'upto', ARGV[6])
    if kept[1] and tonumber(kept[1]) < tonumber(ARGV[1]) and tonumber(kept[2]) == words - 1 then
      -- The summary does not reach what has changed, and goes on holding.
      redis.call('HSET', KEYS[7], ARGV[6], words)
    else
      redis.call('DEL', KEYS[7])
    end
  end
elseif ARGV[3] == '' or not redis.call('ZSCORE', KEYS[1], new) then
  return {0}
else
  -- Run again after its answer was lost. WAIT counts the replicas that have this connection's last write.
  redis.call('HSET', KEYS[3], 'epoch', redis.call('HGET', KEYS[3], 'epoch') or 0)
end
local after = redis.call('ZRANGE', KEYS[4], '(' .. ARGV[1], '+inf', 'BYSCORE', 'LIMIT', 0, 1)
return {1, #after == 0 and redis.call('LLEN', KEYS[5]) == 0 and 1 or 0}
