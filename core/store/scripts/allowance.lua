-- One step in the budgets of one scope. core/store/allowances.py says what is counted, and why.
-- A turn holds what it is expected to use until it is settled with what it used, or given back. Both are counted in the
-- windows in which it began to hold: of a window that is over nothing is known any more.
-- KEYS  sums, turns (what each holds; nothing: it is settled), deadlines (until when each is known)
-- ARGV  step (look, hold, settle, return), turn, now (ms; empty: the server's), ms that a turn is known, seconds to keep,
--       then for each entry: window (h, d), unit, amount, limit (empty: none)
-- Returns {done (0, 1), now (ms), then used and held of each entry as they were before}; a hold that is not done is refused.
local step, turn, now = ARGV[1], ARGV[2], tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local numbers = redis.call('HMGET', KEYS[1], 'h', 'd')
local current = {h = math.floor(now / 3600000), d = math.floor(now / 86400000)}
for i, window in ipairs({'h', 'd'}) do
  local last = tonumber(numbers[i] or '-1')
  if last < current[window] then
    for at, field in ipairs(redis.call('HGETALL', KEYS[1])) do
      if at % 2 == 1 and string.sub(field, 1, 2) == window .. ':' then redis.call('HDEL', KEYS[1], field) end
    end
    redis.call('HSET', KEYS[1], window, current[window])
  else
    -- After a failover the clock may be behind: nothing goes back to a window that is over.
    current[window] = last
  end
end

local function windows_of(record)
  local hour, day = string.match(record, '^(%d+) (%d+)')
  return {h = tonumber(hour) == current.h, d = tonumber(day) == current.d}
end
local function let_go(record)
  local counts = windows_of(record)
  for window, unit, amount in string.gmatch(record, '([hd]):(%S+) (%d+)') do
    if counts[window] then redis.call('HINCRBY', KEYS[1], window .. ':' .. unit .. ':held', '-' .. amount) end
  end
end
local function forget(each)
  local record = redis.call('HGET', KEYS[2], each)
  if record and record ~= '' then let_go(record) end
  redis.call('HDEL', KEYS[2], each)
  redis.call('ZREM', KEYS[3], each)
end

-- More than one for each that is added, so all go some day; not all at once, so that no call pays for a busy hour.
for _, each in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, 50)) do forget(each) end
local till = redis.call('ZSCORE', KEYS[3], turn)
if till and tonumber(till) <= now then forget(turn) end
local record = redis.call('HGET', KEYS[2], turn)

local reply, reached = {1, now}, false
for i = 6, #ARGV, 4 do
  local field = ARGV[i] .. ':' .. ARGV[i + 1]
  local known = redis.call('HMGET', KEYS[1], field .. ':used', field .. ':held')
  local used, held = tonumber(known[1] or '0'), tonumber(known[2] or '0')
  reply[#reply + 1], reply[#reply + 2] = used, held
  if ARGV[i + 3] ~= '' and used + held >= tonumber(ARGV[i + 3]) then reached = true end
end

if step == 'hold' and not record then
  if reached then
    reply[1] = 0
  else
    record = current.h .. ' ' .. current.d
    for i = 6, #ARGV, 4 do
      if ARGV[i + 2] ~= '0' then
        local field = ARGV[i] .. ':' .. ARGV[i + 1]
        redis.call('HINCRBY', KEYS[1], field .. ':held', ARGV[i + 2])
        record = record .. ' ' .. field .. ' ' .. ARGV[i + 2]
      end
    end
  end
elseif step == 'settle' and record ~= '' then
  local counts = {h = true, d = true}
  if record then
    counts = windows_of(record)
    let_go(record)
  end
  for i = 6, #ARGV, 4 do
    if counts[ARGV[i]] then
      redis.call('HINCRBY', KEYS[1], ARGV[i] .. ':' .. ARGV[i + 1] .. ':used', ARGV[i + 2])
    end
  end
  record = ''
elseif step == 'return' and record and record ~= '' then
  forget(turn)
elseif step ~= 'hold' then
  reply[1] = 0
end
if reply[1] == 1 and (step == 'hold' or step == 'settle') then
  redis.call('HSET', KEYS[2], turn, record)
  redis.call('ZADD', KEYS[3], now + ARGV[4], turn)
end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[5]) end
return reply
