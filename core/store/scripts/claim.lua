-- Gives the oldest runnable conversation to one worker.
-- KEYS  schedule wake
-- ARGV  prefix of this partition's keys, lease (ms), turns of history to return
-- Returns {conversation, fence, attempt, entry, messages shown, stop, model, thread's turns, channel's turns}
-- (turns newest first), or {ms until the next conversation may be claimed; -1 when none is known}.
local prefix = ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
while true do
  local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  if #first == 0 or tonumber(first[2]) > now then
    -- Nothing may be claimed, so no hint that was left means anything: each would cost a worker one more claim.
    redis.call('DEL', KEYS[2])
    return {#first == 0 and -1 or math.ceil(tonumber(first[2]) - now)}
  end
  local conversation = first[1]
  local state = prefix .. 'state:' .. conversation
  local entry = redis.call('LINDEX', prefix .. 'queue:' .. conversation, 0)
  if not entry then
    redis.call('ZREM', KEYS[1], conversation)
  else
    local fence = redis.call('HINCRBY', state, 'fence', 1)
    local attempt = redis.call('HINCRBY', state, 'attempt', 1)
    redis.call('ZADD', KEYS[1], now + ARGV[2], conversation)
    -- A conversation's name begins with its channel's, which has three parts.
    local channel = string.match(conversation, '^[^:]*:[^:]*:[^:]*')
    local known = redis.call('HMGET', state, 'shown', 'stop', 'root', 'floor', 'reset')
    local chosen = redis.call('HMGET', prefix .. 'channel:' .. channel, 'model', 'reset')
    local upto = string.match(entry, '^%d+')
    local floor = chosen[2] or '0'
    local own = {}
    if known[3] then
      local mark = known[5] or '0'
      upto = known[3]
      floor = known[4] or '0'
      if tonumber(mark) > tonumber(floor) then floor = mark end
      own = redis.call('ZRANGE', prefix .. 'history:' .. conversation, '+inf', '(' .. mark,
        'BYSCORE', 'REV', 'LIMIT', 0, ARGV[3])
    end
    local shared = redis.call('ZRANGE', prefix .. 'history:' .. channel, upto, '(' .. floor,
      'BYSCORE', 'REV', 'LIMIT', 0, ARGV[3] - #own)
    return {conversation, fence, attempt, entry, known[1] or '', known[2] or '', chosen[1] or '', own, shared}
  end
end
