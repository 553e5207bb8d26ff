"""The sliding window, in Lua for Redis and in Python for one process alone. Both count alike.

A window is 30 slots, rounded up to whole milliseconds. Everything in the current slot and the 30 before it counts, so no window of
the given length ever holds more than the limit; a count leaves at most one slot later than it strictly could.

In Redis a window is a hash: slot number -> count, and beside them `sum`, of all slots, and `first`, the oldest that counts. So a
question reads three fields however full the window is; all are read only when the oldest slot has left, or something is
refused or given back.
"""

SLOTS = 30

#: ARGV[1] is a text of numbers, because one argument costs the client a tenth of what hundreds cost: number of requests,
#: then for each: number of policies, then for each: index of the key, count, seconds, cost. A negative cost gives back.
#: Answers one text: for each request 0 (or the 1-based policy that refused) and the seconds
#: to wait, then for each policy what is left and the seconds until the oldest count leaves.
SCRIPT = """
local SLOTS = 30
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local windows = {}
local given = {}
for number in string.gmatch(ARGV[1], '%-?%d+') do given[#given + 1] = tonumber(number) end

local function recount(w)
  w.used, w.first = 0, w.current
  for i = #w.slots, 1, -1 do
    local slot, count = w.slots[i][1], w.slots[i][2]
    if slot == w.current then w.here = count end
    if count > 0 then w.used, w.first = w.used + count, slot end
  end
  w.changed = true
end

-- All slots of the window, oldest first; those that have left are deleted.
local function read(w)
  if w.slots then return end
  w.slots = {}
  local raw = redis.call('HGETALL', w.key)
  local stale = {}
  for i = 1, #raw, 2 do
    local slot = tonumber(raw[i])
    if slot and slot < w.current - SLOTS then
      stale[#stale + 1] = raw[i]
    elseif slot then
      w.slots[#w.slots + 1] = {slot, tonumber(raw[i + 1])}
    end
  end
  if #stale > 0 then redis.call('HDEL', w.key, unpack(stale)) end
  table.sort(w.slots, function(a, b) return a[1] < b[1] end)
  recount(w)
end

local function window(index, seconds)
  local w = windows[index]
  if w then return w end
  local width = math.ceil(seconds * 1000 / SLOTS)
  local current = math.floor(now / width)
  local known = redis.call('HMGET', KEYS[index], 'sum', 'first', current)
  w = {key = KEYS[index], width = width, current = current, added = 0, here = tonumber(known[3])}
  w.used, w.first = tonumber(known[1] or 0), tonumber(known[2] or current)
  if w.first < current - SLOTS then
    read(w)
  elseif w.used == 0 then
    w.first = current
  end
  windows[index] = w
  return w
end

local function leaves(w, slot)
  return math.max(1, math.ceil(((slot + SLOTS + 1) * w.width - now) / 1000))
end

local function wait(w, count, cost)
  read(w)
  local excess = w.used + w.added + cost - count
  for _, entry in ipairs(w.slots) do
    excess = excess - entry[2]
    if excess <= 0 then return leaves(w, entry[1]) end
  end
  return leaves(w, w.current)
end

local function give_back(w, cost)
  if w.added >= cost then
    w.added = w.added - cost
    return
  end
  read(w)
  for i = #w.slots, 1, -1 do
    local entry = w.slots[i]
    local back = math.min(entry[2], cost)
    if back > 0 then
      entry[2] = entry[2] - back
      cost = cost - back
      redis.call('HSET', w.key, entry[1], entry[2])
    end
    if cost == 0 then break end
  end
  recount(w)
end

local out = {}
local at = 2
for _ = 1, given[1] do
  local many = given[at]
  at = at + 1
  local refused, longest = 0, 0
  for p = 0, many - 1 do
    local base = at + p * 4
    local count, cost = given[base + 1], given[base + 3]
    local w = window(given[base], given[base + 2])
    if cost > 0 and w.used + w.added + cost > count then
      local seconds = wait(w, count, cost)
      if refused == 0 or seconds > longest then refused, longest = p + 1, seconds end
    end
  end
  out[#out + 1] = refused
  out[#out + 1] = longest
  for p = 0, many - 1 do
    local base = at + p * 4
    local count, cost = given[base + 1], given[base + 3]
    local w = windows[given[base]]
    if cost < 0 then
      give_back(w, -cost)
    elseif refused == 0 then
      w.added = w.added + cost
    end
    out[#out + 1] = math.max(0, count - w.used - w.added)
    out[#out + 1] = leaves(w, w.first)
  end
  at = at + many * 4
end

for _, w in pairs(windows) do
  if w.added > 0 then
    redis.call('HSET', w.key, 'sum', w.used + w.added, 'first', w.first, w.current, (w.here or 0) + w.added)
    -- The window ends with its newest slot; and only what is new can move that.
    if not w.here then redis.call('PEXPIRE', w.key, (SLOTS + 2) * w.width) end
  elseif w.changed and #w.slots > 0 then
    redis.call('HSET', w.key, 'sum', w.used, 'first', w.first)
  end
end
return table.concat(out, ',')
"""
