-- Takes one user message in, once.
-- KEYS  seen:<event> seen:<message> queue:<conversation> state:<conversation> channel:<channel> schedule wake channels settings:<channel>
--       edited:<message>
-- ARGV  conversation, message (JSON), seconds to remember an event, is it in a thread (0|1), seconds to keep, name of
--       the announcement of stops, kind (m: message, c: command, s: command to stop), the message's id, what a channel
--       does while it is busy unless it has chosen, the most turns that may wait, channel, ms to list a channel
-- Returns {1, turns of this conversation that come before, conversations that wait for a worker, sequence,
-- what is noted of an edit that came before the message (empty: nothing)},
-- {0} when it was seen before, {-1, turns that wait} when too many do.
if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then
  -- WAIT counts the replicas that have this connection's last write: so there has to be one.
  redis.call('EXPIRE', KEYS[1], ARGV[3])
  redis.call('EXPIRE', KEYS[2], ARGV[3])
  return {0}
end
local before = redis.call('LLEN', KEYS[3])
local full = before >= tonumber(ARGV[10])
local mode = redis.call('HGET', KEYS[9], 'busy') or ARGV[9]
-- A stop is obeyed also where it finds no room; a message that is not taken interrupts nothing.
if ARGV[7] == 's' or (ARGV[7] == 'm' and mode == 'interrupt' and not full) then
  if redis.call('HEXISTS', KEYS[4], 'attempt') == 1 then
    redis.call('HSET', KEYS[4], 'stop', 1)
    redis.call('PUBLISH', ARGV[6], ARGV[1])
  end
end
if full then return {-1, before} end
redis.call('SET', KEYS[1], 1, 'EX', ARGV[3])
redis.call('SET', KEYS[2], 1, 'EX', ARGV[3])
local sequence = redis.call('HINCRBY', KEYS[5], 'sequence', 1)
-- Ids that are numbers are compared as numbers; too long for Lua's own.
local last = redis.call('HGET', KEYS[5], 'last') or ''
if #ARGV[8] > #last or (#ARGV[8] == #last and ARGV[8] > last) then
  redis.call('HSET', KEYS[5], 'last', ARGV[8])
end
if ARGV[4] == '1' then
  -- The thread reads the channel's history from its floor up to here, whatever is said there later.
  if redis.call('HSETNX', KEYS[4], 'root', sequence) == 1 then
    redis.call('HSET', KEYS[4], 'floor', redis.call('HGET', KEYS[5], 'reset') or 0)
  end
end
if tonumber(ARGV[5]) > 0 then
  redis.call('EXPIRE', KEYS[4], ARGV[5])
end
redis.call('RPUSH', KEYS[3], sequence .. ' ' .. (ARGV[7] == 'm' and 'm' or 'c') .. ' ' .. before .. ' ' .. ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
redis.call('ZADD', KEYS[8], now, ARGV[11])
redis.call('ZREMRANGEBYSCORE', KEYS[8], '-inf', '(' .. (now - ARGV[12]))
redis.call('PEXPIRE', KEYS[8], ARGV[12])
local line = redis.call('ZCOUNT', KEYS[6], '-inf', now)
-- NX: a conversation that is being answered stays with its worker until that one commits or its lease runs out.
redis.call('ZADD', KEYS[6], 'NX', now, ARGV[1])
redis.call('LPUSH', KEYS[7], 1)
redis.call('LTRIM', KEYS[7], 0, 999)
return {1, before, line, sequence, redis.call('GET', KEYS[10]) or ''}
