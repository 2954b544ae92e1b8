-- Sets the mark that later turns do not read past.
-- KEYS  channel:<channel>, and the key whose mark it is: the same, or state:<conversation> for a thread
-- ARGV  sequence of the turn that asked for it (empty when it was asked for beside the conversation), seconds to keep
--       the second key (0: for ever)
local mark = ARGV[1]
if mark == '' then mark = redis.call('HGET', KEYS[1], 'sequence') or '0' end
-- A turn that is run again must not take back a reset that came after it.
if tonumber(mark) > tonumber(redis.call('HGET', KEYS[2], 'reset') or '0') then
  redis.call('HSET', KEYS[2], 'reset', mark)
end
if tonumber(ARGV[2]) > 0 then
  redis.call('EXPIRE', KEYS[2], ARGV[2])
end
return 1
