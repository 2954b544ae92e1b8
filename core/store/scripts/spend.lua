-- Adds one turn to the sums of one scope and day, once.
-- KEYS  sums of the day, turns counted this day, turns counted the day before
-- ARGV  turn, seconds to keep the sums, seconds to remember turns, then pairs of field and whole number
-- Returns 1, or 0 when the turn was counted before.
if redis.call('SISMEMBER', KEYS[3], ARGV[1]) == 1 then return 0 end
if redis.call('SADD', KEYS[2], ARGV[1]) == 0 then return 0 end
for i = 4, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1])
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[3])
return 1
