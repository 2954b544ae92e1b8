-- Grants a worker requests of one bucket. core/drun/bucket.py says what each number means.
-- KEYS  limit:<bucket>
-- ARGV  worker, requests wanted, held, worked, gap that is set (ms), burst, most at once (0: any number),
--       block, least learned gap, shrinks, milliseconds that a holder counts, wait when it is full, seconds to keep,
--       longest wait, grace
-- Returns {count, first (ms from now), gap, wait, free (0|1), now}; times as texts with microseconds.
local key = KEYS[1]
local worker, wanted, held, worked = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local set, burst, most = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local block = tonumber(ARGV[8])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local function number(text) return string.format('%.3f', text) end

local known = redis.call('HMGET', key, 'next', 'gap', 'until')
local following = tonumber(known[1] or '0')
local learned = tonumber(known[2] or '0')
local paused = tonumber(known[3] or '0')

if worked > 0 and (learned > 0 or known[3]) then
  learned = learned * ARGV[10] ^ worked
  if learned <= math.max(tonumber(ARGV[9]), set) then learned = 0 end
  redis.call('HSET', key, 'gap', number(learned), 'strikes', 0)
end

local asked = wanted
local me = redis.call('HGET', key, 'w:' .. worker)
local since = now
if me then
  local from, ends = string.match(me, '^([%d.]+) ([%d.]+)$')
  if tonumber(ends) > now then since = tonumber(from) end
end
local others, before = 0, 0
for i, each in ipairs(redis.call('HGETALL', key)) do
  if i % 2 == 1 then
    local kind, name = string.match(each, '^([hw]):(.+)$')
    if kind then
      local value, ends = string.match(redis.call('HGET', key, each), '^([%d.]+) ([%d.]+)$')
      if tonumber(ends) <= now then
        redis.call('HDEL', key, each)
      elseif name ~= worker then
        if kind == 'h' then others = others + value elseif tonumber(value) < since then before = before + 1 end
      end
    end
  end
end
if most > 0 then wanted = math.min(wanted, math.max(0, most - others - held - before)) end

local count, first, wait, free = wanted, 0, 0, 0
local gap = math.max(set, learned)
if now < paused then
  count, gap, wait = 0, 0, paused - now
elseif gap == 0 then
  if most == 0 then free = 1 end
else
  local credit = learned > 0 and 0 or (burst - 1) * gap
  local start = math.max(following, now - credit)
  first = start - now
  -- One for each worker that came before is left to it.
  count = math.max(0, math.min(wanted, math.floor((now + block - start) / gap) + 1 - before))
  redis.call('HSET', key, 'next', number(start + count * gap))
  if count < wanted then wait = math.max(1, start + (count + before) * gap - now - block) end
end
if most > 0 then
  redis.call('HSET', key, 'h:' .. worker, (held + count) .. ' ' .. number(now + ARGV[11]))
end
if count < asked and wait == 0 then wait = tonumber(ARGV[12]) end
if count < asked then
  if count > 0 then since = now end
  local ends = now + math.min(wait, tonumber(ARGV[14])) + ARGV[15]
  redis.call('HSET', key, 'w:' .. worker, number(since) .. ' ' .. number(ends))
else
  redis.call('HDEL', key, 'w:' .. worker)
end
redis.call('EXPIRE', key, ARGV[13])
return {count, number(first), number(gap), number(wait), free, number(now)}
