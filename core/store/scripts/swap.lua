-- Writes parts of a key anew, each unless somebody was faster. What is where stays so: its place, its score, its lifetime.
-- KEYS  the key
-- ARGV  what it is (list, zset, hash, string, stream), then pairs of a part as it was read and as it shall be; of a hash
--       three: its field before them, of a stream its id, and of that all that there are
-- Returns how many were written.
local key, kind, count = KEYS[1], ARGV[1], 0
if kind == 'list' then
  for i = 2, #ARGV, 2 do
    local at = redis.call('LPOS', key, ARGV[i])
    if at then
      redis.call('LSET', key, at, ARGV[i + 1])
      count = count + 1
    end
  end
elseif kind == 'zset' then
  for i = 2, #ARGV, 2 do
    local score = redis.call('ZSCORE', key, ARGV[i])
    if score then
      -- The new one first: a sorted set that loses its only member loses its time to live too.
      redis.call('ZADD', key, score, ARGV[i + 1])
      redis.call('ZREM', key, ARGV[i])
      count = count + 1
    end
  end
elseif kind == 'hash' then
  for i = 2, #ARGV, 3 do
    if redis.call('HGET', key, ARGV[i]) == ARGV[i + 1] then
      redis.call('HSET', key, ARGV[i], ARGV[i + 2])
      count = count + 1
    end
  end
elseif kind == 'string' then
  if redis.call('GET', key) == ARGV[2] then
    redis.call('SET', key, ARGV[3], 'KEEPTTL')
    count = 1
  end
else
  -- Entries of a stream cannot be changed. Whoever follows it goes on behind the id that was read last.
  local entries = redis.call('XRANGE', key, '-', '+')
  if #entries * 3 ~= #ARGV - 1 then return 0 end
  for i, entry in ipairs(entries) do
    if entry[1] ~= ARGV[3 * i - 1] or entry[2][2] ~= ARGV[3 * i] then return 0 end
  end
  local left = redis.call('PTTL', key)
  redis.call('UNLINK', key)
  for i = 2, #ARGV, 3 do
    redis.call('XADD', key, ARGV[i], 'text', ARGV[i + 2])
    count = count + 1
  end
  if left > 0 then redis.call('PEXPIRE', key, left) end
end
return count
