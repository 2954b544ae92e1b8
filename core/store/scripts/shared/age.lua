-- Takes out of a history what is too old. Stands before the scripts that call it: scripts cannot call each other.
local function age(now, history, index, pins, memory, remembering)
  -- From the oldest on: none is too old before those that were asked before it.
  local old, from, done = nil, 0, false
  repeat
    local ids = redis.call('ZRANGE', index, from, from + 99, 'WITHSCORES')
    done = #ids == 0
    for i = 1, #ids, 2 do
      local at = string.match(ids[i], '^@(%d+) ')
      if at and tonumber(at) > now then
        done = true
        break
      end
      if at then old = ids[i + 1] end
    end
    from = from + 100
  until done
  if old then
    for _, key in ipairs({history, index, pins}) do
      redis.call('ZREMRANGEBYSCORE', key, '-inf', old)
    end
  end
  local at = redis.call('HGET', memory, 'too_old')
  if at and tonumber(at) <= now then
    -- Whoever makes the next one of it makes it in vain.
    redis.call('DEL', memory)
    redis.call('DEL', remembering)
  end
end
