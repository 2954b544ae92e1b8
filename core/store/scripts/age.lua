-- Takes out of a history what is too old, by shared/age.lua.
-- KEYS  history:<owner> index:<owner> pins:<owner> memory:<owner> remembering:<owner>
-- Returns 1.
local time = redis.call('TIME')
age(time[1] * 1000 + time[2] / 1000, unpack(KEYS))
return 1
