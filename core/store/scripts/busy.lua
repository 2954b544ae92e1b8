-- Whether something waits or is being answered in a conversation, in a channel also in its threads.
-- KEYS  schedule
-- ARGV  conversation or channel
-- Returns 1 or 0.
for _, conversation in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if conversation == ARGV[1] or string.sub(conversation, 1, #ARGV[1] + 1) == ARGV[1] .. ':' then return 1 end
end
return 0
