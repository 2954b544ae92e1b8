-- Remembers the platform's messages that show the running reply.
-- KEYS  state:<conversation>
-- ARGV  fence, sequence, messages (JSON)
-- Returns 1, or 0 when the lease was lost.
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'shown:' .. ARGV[2], ARGV[3])
return 1
