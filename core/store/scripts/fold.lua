-- Keeps the summary of what a conversation reads, if all that it was made of still reads the same.
-- KEYS  remembering:<owner> memory:<owner> history:<owner> channel:<channel>, and state:<conversation> for a thread
-- ARGV  token of the worker that makes it, floor, changes of the channel's words, changes of the thread's (empty outside
--       threads), sequence that it reaches, summary (JSON; empty: nothing was made, and others may try)
-- Returns 1, or 0 when it was made in vain.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[6] == '' then
  redis.call('DEL', KEYS[1])
  return 1
end
local function number(key, field) return redis.call('HGET', key, field) or '0' end
local floor = number(KEYS[4], 'reset')
if KEYS[5] then
  if number(KEYS[5], 'words') ~= ARGV[4] then return 0 end
  local mark = number(KEYS[5], 'reset')
  floor = number(KEYS[5], 'floor')
  if tonumber(mark) > tonumber(floor) then floor = mark end
end
if floor ~= ARGV[2] or number(KEYS[4], 'words') ~= ARGV[3] then return 0 end
-- It goes with what it was made of.
local left = redis.call('PTTL', KEYS[3])
if left == -2 then return 0 end
redis.call('HSET', KEYS[2], 'floor', ARGV[2], 'shared', ARGV[3], 'own', ARGV[4], 'upto', ARGV[5], 'said', ARGV[6])
if left > 0 then
  redis.call('PEXPIRE', KEYS[2], left)
  -- Made anew of what is left by then: else it would tell for ever of what is too old itself.
  local time = redis.call('TIME')
  redis.call('HSETNX', KEYS[2], 'too_old', string.format('%.0f', time[1] * 1000 + time[2] / 1000 + left))
end
return 1
