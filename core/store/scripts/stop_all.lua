-- Asks whoever writes a reply in this channel, or in one of its threads, to stop.
-- KEYS  schedule
-- ARGV  prefix of this partition's keys, channel, name of the announcement
-- Returns how many replies are being written there.
local stopped = 0
for _, conversation in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local here = conversation == ARGV[2] or string.sub(conversation, 1, #ARGV[2] + 1) == ARGV[2] .. ':'
  local state = ARGV[1] .. 'state:' .. conversation
  if here and redis.call('HEXISTS', state, 'attempt') == 1 then
    redis.call('HSET', state, 'stop', 1)
    redis.call('PUBLISH', ARGV[3], conversation)
    stopped = stopped + 1
  end
end
return stopped
