-- Counts what waits in this partition, and changes nothing.
-- KEYS  schedule
-- ARGV  prefix of this partition's keys, the most conversations whose turns are counted
-- Returns {conversations that may be claimed, conversations that may not yet, turns that wait, 1 when not all were counted}.
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local all = redis.call('ZCARD', KEYS[1])
local due = redis.call('ZCOUNT', KEYS[1], '-inf', now)
local turns = 0
for i, conversation in ipairs(redis.call('ZRANGE', KEYS[1], 0, ARGV[2] - 1)) do
  turns = turns + redis.call('LLEN', ARGV[1] .. 'queue:' .. conversation)
  if i > due then
    -- Those that are being answered do not wait.
    local taken = redis.call('HGET', ARGV[1] .. 'state:' .. conversation, 'taken')
    turns = turns - tonumber(taken or '0')
  end
end
return {due, all - due, turns, all > tonumber(ARGV[2]) and 1 or 0}
