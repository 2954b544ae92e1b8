-- Takes one user message in, once.
-- KEYS  seen:<event> seen:<message> queue:<conversation> state:<conversation> channel:<channel> schedule wake
-- ARGV  conversation, message (JSON), seconds to remember an event, is it in a thread (0|1), seconds to keep,
--       name of the announcement when it shall stop the reply before it, else empty
-- Returns {1, how many turns of this conversation come before} or {0, 0} when it was seen before.
if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then return {0, 0} end
redis.call('SET', KEYS[1], 1, 'EX', ARGV[3])
redis.call('SET', KEYS[2], 1, 'EX', ARGV[3])
if ARGV[6] ~= '' and redis.call('HEXISTS', KEYS[4], 'attempt') == 1 then
  redis.call('HSET', KEYS[4], 'stop', 1)
  redis.call('PUBLISH', ARGV[6], ARGV[1])
end
local sequence = redis.call('HINCRBY', KEYS[5], 'sequence', 1)
if ARGV[4] == '1' then
  -- The thread reads the channel's history from its floor up to here, whatever is said there later.
  if redis.call('HSETNX', KEYS[4], 'root', sequence) == 1 then
    redis.call('HSET', KEYS[4], 'floor', redis.call('HGET', KEYS[5], 'reset') or 0)
  end
end
if tonumber(ARGV[5]) > 0 then
  redis.call('EXPIRE', KEYS[4], ARGV[5])
end
local waiting = redis.call('RPUSH', KEYS[3], sequence .. ' ' .. ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
-- NX: a conversation that is being answered stays with its worker until that one commits or its lease runs out.
redis.call('ZADD', KEYS[6], 'NX', now, ARGV[1])
redis.call('LPUSH', KEYS[7], 1)
redis.call('LTRIM', KEYS[7], 0, 999)
return {1, waiting - 1}
