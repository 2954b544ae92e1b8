-- Where a turn stands that waits, and what its conversation's messages are told to show meanwhile.
-- KEYS  queue:<conversation> state:<conversation> schedule
-- ARGV  conversation, sequence, messages that tell of the wait (JSON, or empty: only asked)
-- Returns {turns of its conversation before it, when the conversation may next be claimed (ms)}, or {-1} when it is being
-- answered, or was.
local at = -1
for i, entry in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  if string.match(entry, '^%d+') == ARGV[2] then at = i - 1 end
end
if at < 0 then return {-1} end
local known = redis.call('HMGET', KEYS[2], 'attempt', 'taken')
if known[1] and at < tonumber(known[2] or '1') then return {-1} end
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[2], 'shown:' .. ARGV[2], ARGV[3])
end
return {at, redis.call('ZSCORE', KEYS[3], ARGV[1])}
