-- Prolongs all leases of one worker in this partition.
-- KEYS  schedule
-- ARGV  prefix of this partition's keys, lease (ms), then conversation and fence of each lease
-- Returns for each lease: 1 it is kept, 2 it is kept and the reply shall stop, 0 it was lost.
local time = redis.call('TIME')
local due = time[1] * 1000 + time[2] / 1000 + ARGV[2]
local kept = {}
for i = 3, #ARGV, 2 do
  local known = redis.call('HMGET', ARGV[1] .. 'state:' .. ARGV[i], 'fence', 'stop')
  if known[1] ~= ARGV[i + 1] then
    kept[#kept + 1] = 0
  else
    redis.call('ZADD', KEYS[1], 'XX', due, ARGV[i])
    kept[#kept + 1] = known[2] and 2 or 1
  end
end
return kept
