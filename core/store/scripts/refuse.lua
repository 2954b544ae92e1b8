-- Pauses one bucket for all workers: the model answered 429.
-- KEYS  limit:<bucket>
-- ARGV  pause it named (ms, or empty), milliseconds since the request was sent, jitter, first pause, longest pause,
--       first learned gap, longest learned gap, seconds to keep
-- Returns {paused until, now}; times as texts. Run twice it counts once: the first run is later than the request.
local key = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local function number(text) return string.format('%.3f', text) end
local known = redis.call('HMGET', key, 'next', 'gap', 'until', 'refused', 'strikes')
local paused = tonumber(known[3] or '0')
if ARGV[1] ~= '' then paused = math.max(paused, now + ARGV[1]) end
redis.call('HSET', key, 'until', number(paused))
redis.call('EXPIRE', key, ARGV[8])
if now - ARGV[2] < tonumber(known[4] or '0') then return {number(paused), number(now)} end
local strikes = tonumber(known[5] or '0')
if ARGV[1] == '' then
  paused = math.max(paused, now + math.min(tonumber(ARGV[5]), ARGV[4] * 2 ^ strikes) * ARGV[3])
end
local gap = math.min(tonumber(ARGV[7]), math.max(tonumber(ARGV[6]), tonumber(known[2] or '0') * 2))
redis.call('HSET', key,
  'until', number(paused), 'refused', number(now), 'strikes', math.min(strikes + 1, 10), 'gap', number(gap),
  'next', number(math.max(tonumber(known[1] or '0'), paused)))
return {number(paused), number(now)}
