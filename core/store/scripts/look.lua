-- Where messages stand that somebody has changed, and a mark on those of which nothing is known yet.
-- KEYS  index:<channel> index:<thread> history:<channel> history:<thread>, then for each message seen:<message>
--       edited:<message>
-- ARGV  what happened (e: edited, d: deleted, p: pinned or not), when it was edited (us, empty: not told), what it says
--       now, kept in case it is still to come (JSON, or empty), seconds to remember it, then the ids of the messages
-- Returns for each message {0} nothing is to be done, {1} it was accepted and is in no history, or {2, which owner (1 the
-- channel, 2 the thread), sequence, turn}.
local function newer(key)
  if ARGV[2] == '' then return false end
  local known = string.match(redis.call('GET', key) or '', '^%d+')
  if known and tonumber(known) > tonumber(ARGV[2]) then return true end
  return false
end

local function remember(key, text)
  if ARGV[2] ~= '' then
    redis.call('SET', key, text == '' and ARGV[2] or ARGV[2] .. ' ' .. text, 'EX', ARGV[4])
  end
end

local function look(id, seen, edited)
  if ARGV[1] == 'e' and newer(edited) then return {0} end
  for owner = 1, 2 do
    local sequence = redis.call('ZSCORE', KEYS[owner], id)
    local turn = sequence and redis.call('ZRANGE', KEYS[owner + 2], sequence, sequence, 'BYSCORE')[1]
    if turn then
      if ARGV[1] == 'e' then remember(edited, '') end
      return {2, owner, sequence, turn}
    end
  end
  local known = redis.call('GET', seen)
  if known == 'gone' then return {0} end
  if known then
    if ARGV[1] == 'e' then remember(edited, '') end
    return {1}
  end
  if ARGV[1] == 'd' then
    -- accept takes it for one that it has seen, so it will not be answered should it come after all.
    redis.call('SET', seen, 'gone', 'EX', ARGV[4])
  elseif ARGV[1] == 'e' and ARGV[3] ~= '' then
    remember(edited, ARGV[3])
  end
  return {0}
end

local found = {}
for i = 5, #ARGV do
  found[i - 4] = look(ARGV[i], KEYS[2 * i - 5], KEYS[2 * i - 4])
end
return found
