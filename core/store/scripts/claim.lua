-- Gives the oldest runnable conversation to one worker.
-- KEYS  schedule wake
-- ARGV  prefix of this partition's keys, lease (ms), turns of history to return, what a channel does while it is busy
--       unless it has chosen, the most messages that become one turn, the most pinned turns beside the newest ones
-- Returns {conversation, fence, attempt, entries, messages shown, stop, channel's settings, thread's settings, why it failed before, was it claimed
-- before (0|1), thread's turns, channel's turns, what the summary is made for: {mark of the last reset here, root (empty
-- outside threads), floor, changes of the channel's words, changes of the thread's (empty outside threads), sequence that
-- the summary reaches, summary (both empty when none holds)}} (turns newest first), or {ms until the next conversation may be claimed; -1 when none is known}.
local prefix = ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000

-- age: shared/age.lua
local function age_of(owner)
  local function key(kind) return prefix .. kind .. ':' .. owner end
  age(now, key('history'), key('index'), key('pins'), key('memory'), key('remembering'))
end

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

-- Pinned turns that are older than `turns`, the newest of them first, are put behind these.
local function add_pinned(owner, turns, floor, upto)
  local oldest = #turns > 0 and '(' .. string.match(turns[#turns], '^%d+') or upto
  local pins = redis.call('ZRANGE', prefix .. 'pins:' .. owner, oldest, '(' .. floor, 'BYSCORE', 'REV', 'LIMIT', 0, ARGV[6])
  for _, sequence in ipairs(pins) do
    turns[#turns + 1] = redis.call('ZRANGE', prefix .. 'history:' .. owner, sequence, sequence, 'BYSCORE')[1]
  end
end

-- A summary holds as long as it begins where this conversation does, goes no further than it reads, and no word of what
-- it was made of was changed.
local function summary(owner, made_for, upto)
  local kept = redis.call('HMGET', prefix .. 'memory:' .. owner, 'floor', 'shared', 'own', 'upto', 'said')
  for i = 1, 3 do
    if kept[i] ~= made_for[i] then return nil end
  end
  if upto and tonumber(kept[4]) > tonumber(upto) then return nil end
  return {kept[4], kept[5]}
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
    -- From the clock, where nothing is known of it: who claimed it before it was forgotten must not be taken for its owner.
    redis.call('HSETNX', state, 'fence', string.format('%.0f', now))
    local fence = redis.call('HINCRBY', state, 'fence', 1)
    local attempt = redis.call('HINCRBY', state, 'attempt', 1)
    redis.call('ZADD', KEYS[1], now + ARGV[2], conversation)
    -- A conversation's name begins with its channel's, which has three parts.
    local channel = string.match(conversation, '^[^:]*:[^:]*:[^:]*')
    local known = redis.call('HMGET', state, 'stop', 'root', 'floor', 'reset', 'taken', 'failed', 'words')
    local mark, words = unpack(redis.call('HMGET', prefix .. 'channel:' .. channel, 'reset', 'words'))
    local settings = redis.call('HGETALL', prefix .. 'settings:' .. channel)
    local taken = tonumber(known[5] or '0')
    -- Not the attempt: it does not count what was given back, and whoever gave it back may have posted.
    local again = taken > 0 and 1 or 0
    if taken == 0 then
      taken = together(queue, entry, redis.call('HGET', prefix .. 'settings:' .. channel, 'busy') or ARGV[4])
      redis.call('HSET', state, 'taken', taken)
    end
    local entries = redis.call('LRANGE', queue, 0, taken - 1)
    local shown = {}
    for i, each in ipairs(entries) do
      shown[i] = redis.call('HGET', state, 'shown:' .. string.match(each, '^%d+')) or ''
    end
    local upto = string.match(entry, '^%d+')
    local floor, own_mark = mark or '0', mark or '0'
    words = words or '0'
    age_of(channel)
    local recalled
    local nearer = {}
    local own = {}
    if known[2] then
      nearer = redis.call('HGETALL', prefix .. 'settings:' .. conversation)
      own_mark = known[4] or '0'
      age_of(conversation)
      upto = known[2]
      floor = known[3] or '0'
      if tonumber(own_mark) > tonumber(floor) then floor = own_mark end
      own = redis.call('ZRANGE', prefix .. 'history:' .. conversation, '+inf', '(' .. own_mark,
        'BYSCORE', 'REV', 'LIMIT', 0, ARGV[3])
      add_pinned(conversation, own, own_mark, '+inf')
      recalled = summary(conversation, {floor, words, known[7] or '0'})
    end
    recalled = recalled or summary(channel, {floor, words, ''}, upto) or {'', ''}
    local shared = redis.call('ZRANGE', prefix .. 'history:' .. channel, upto, '(' .. floor,
      'BYSCORE', 'REV', 'LIMIT', 0, math.max(0, ARGV[3] - #own))
    add_pinned(channel, shared, floor, upto)
    return {conversation, fence, attempt, entries, shown, known[1] or '', settings, nearer, known[6] or '', again, own, shared,
      {own_mark, known[2] or '', floor, words, known[2] and (known[7] or '0') or '', recalled[1], recalled[2]}}
  end
end
