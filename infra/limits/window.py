"""The sliding window, in Lua for Redis and in Python for one process alone. Both count alike.

A window is 30 slots. Everything in the current slot and the 30 before it counts, so no window of the given length ever
holds more than the limit; a count leaves at most one slot later than it strictly could.
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

local function window(index, seconds)
  local found = windows[index]
  if found then return found end
  local width = math.max(1, math.floor(seconds * 1000 / SLOTS))
  local current = math.floor(now / width)
  found = {width = width, current = current, used = 0, slots = {}, added = 0, seconds = seconds}
  local raw = redis.call('HGETALL', KEYS[index])
  local stale = {}
  for i = 1, #raw, 2 do
    local slot, count = tonumber(raw[i]), tonumber(raw[i + 1])
    if slot < current - SLOTS then
      stale[#stale + 1] = raw[i]
    else
      found.slots[#found.slots + 1] = {slot, count}
      found.used = found.used + count
    end
  end
  if #stale > 0 then redis.call('HDEL', KEYS[index], unpack(stale)) end
  table.sort(found.slots, function(a, b) return a[1] < b[1] end)
  windows[index] = found
  return found
end

local function leaves(w, slot)
  return math.max(1, math.ceil(((slot + SLOTS + 1) * w.width - now) / 1000))
end

local function wait(w, count, cost)
  local excess = w.used + w.added + cost - count
  for _, entry in ipairs(w.slots) do
    excess = excess - entry[2]
    if excess <= 0 then return leaves(w, entry[1]) end
  end
  return leaves(w, w.current)
end

local function reset(w)
  for _, entry in ipairs(w.slots) do
    if entry[2] > 0 then return leaves(w, entry[1]) end
  end
  return leaves(w, w.current)
end

local function give_back(index, w, cost)
  if w.added >= cost then
    w.added = w.added - cost
    return
  end
  for i = #w.slots, 1, -1 do
    local entry = w.slots[i]
    local back = math.min(entry[2], cost)
    if back > 0 then
      entry[2] = entry[2] - back
      w.used = w.used - back
      cost = cost - back
      redis.call('HINCRBY', KEYS[index], entry[1], -back)
    end
    if cost == 0 then return end
  end
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
    local index, count, cost = given[base], given[base + 1], given[base + 3]
    local w = windows[index]
    if cost < 0 then
      give_back(index, w, -cost)
    elseif refused == 0 then
      w.added = w.added + cost
    end
    out[#out + 1] = math.max(0, count - w.used - w.added)
    out[#out + 1] = reset(w)
  end
  at = at + many * 4
end

for index, w in pairs(windows) do
  if w.added > 0 then
    redis.call('HINCRBY', KEYS[index], w.current, w.added)
    redis.call('PEXPIRE', KEYS[index], (SLOTS + 2) * w.width)
  end
end
return table.concat(out, ',')
"""
