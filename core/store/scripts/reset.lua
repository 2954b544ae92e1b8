-- Sets the mark that later turns do not read past.
-- KEYS  channel:<channel> state:<conversation>
-- ARGV  is it a thread (0|1)
local sequence = redis.call('HGET', KEYS[1], 'sequence') or '0'
if ARGV[1] == '1' then
  redis.call('HSET', KEYS[2], 'reset', sequence)
else
  redis.call('HSET', KEYS[1], 'reset', sequence)
end
return 1
