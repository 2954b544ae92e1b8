-- Writes entries of a list anew, wherever they are by now.
-- KEYS  the list
-- ARGV  pairs of an entry as it was read and as it shall be
-- Returns how many there were.
local count = 0
for i = 1, #ARGV, 2 do
  local at = redis.call('LPOS', KEYS[1], ARGV[i])
  if at then
    redis.call('LSET', KEYS[1], at, ARGV[i + 1])
    count = count + 1
  end
end
return count
