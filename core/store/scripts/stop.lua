-- Asks whoever writes this conversation's reply to stop.
-- KEYS  state:<conversation>
-- ARGV  conversation, name of the announcement
-- Returns 1 when a reply is being written, else 0.
if redis.call('HEXISTS', KEYS[1], 'attempt') == 0 then return 0 end
redis.call('HSET', KEYS[1], 'stop', 1)
redis.call('PUBLISH', ARGV[2], ARGV[1])
return 1
