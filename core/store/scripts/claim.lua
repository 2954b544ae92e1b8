-- Gives the oldest runnable conversation to one worker.
-- KEYS  schedule wake
-- ARGV  prefix of this partition's keys, lease (ms), turns of history to return, what a channel does while it is busy
--       unless it has chosen, the most messages that become one turn
-- Returns {conversation, fence, attempt, entries, messages shown, stop, model, why it failed before, was it claimed
-- before (0|1), thread's turns, channel's turns} (turns newest first), or {ms until the next conversation may be claimed; -1 when none is known}.
local prefix = ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000

-- How many of the waiting messages are answered together, where the channel wants that: those without a command between.
local function together(queue, first, mode)
  if mode == 'queue' or not string.find(first, '^%d+ m') then return 1 end
  local count = 1
  for _, entry in ipairs(redis.call('LRANGE', queue, 1, ARGV[5] - 1)) do
    if not string.find(entry, '^%d+ m') then break end
    count = count + 1
  end
  return count
end

while true do
  local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  if #first == 0 or tonumber(first[2]) > now then
    -- Nothing may be claimed, so no hint that was left means anything: each would cost a worker one more claim.
    redis.call('DEL', KEYS[2])
    return {#first == 0 and -1 or math.ceil(tonumber(first[2]) - now)}
  end
  local conversation = first[1]
  local state = prefix .. 'state:' .. conversation
  local queue = prefix .. 'queue:' .. conversation
  local entry = redis.call('LINDEX', queue, 0)
  if not entry then
    redis.call('ZREM', KEYS[1], conversation)
  else
    local fence = redis.call('HINCRBY', state, 'fence', 1)
    local attempt = redis.call('HINCRBY', state, 'attempt', 1)
    redis.call('ZADD', KEYS[1], now + ARGV[2], conversation)
    -- A conversation's name begins with its channel's, which has three parts.
    local channel = string.match(conversation, '^[^:]*:[^:]*:[^:]*')
    local known = redis.call('HMGET', state, 'stop', 'root', 'floor', 'reset', 'taken', 'failed')
    local chosen = redis.call('HMGET', prefix .. 'channel:' .. channel, 'model', 'reset', 'busy')
    local taken = tonumber(known[5] or '0')
    -- Not the attempt: it does not count what was given back, and whoever gave it back may have posted.
    local again = taken > 0 and 1 or 0
    if taken == 0 then
      taken = together(queue, entry, chosen[3] or ARGV[4])
      redis.call('HSET', state, 'taken', taken)
    end
    local entries = redis.call('LRANGE', queue, 0, taken - 1)
    local shown = {}
    for i, each in ipairs(entries) do
      shown[i] = redis.call('HGET', state, 'shown:' .. string.match(each, '^%d+')) or ''
    end
    local upto = string.match(entry, '^%d+')
    local floor = chosen[2] or '0'
    local own = {}
    if known[2] then
      local mark = known[4] or '0'
      upto = known[2]
      floor = known[3] or '0'
      if tonumber(mark) > tonumber(floor) then floor = mark end
      own = redis.call('ZRANGE', prefix .. 'history:' .. conversation, '+inf', '(' .. mark,
        'BYSCORE', 'REV', 'LIMIT', 0, ARGV[3])
    end
    local shared = redis.call('ZRANGE', prefix .. 'history:' .. channel, upto, '(' .. floor,
      'BYSCORE', 'REV', 'LIMIT', 0, ARGV[3] - #own)
    return {conversation, fence, attempt, entries, shown, known[1] or '', chosen[1] or '', known[6] or '', again, own, shared}
  end
end
