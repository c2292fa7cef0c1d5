-- Takes a consumer that has ended off the lane and gives back what it held, then removes from the waiting list
-- what no consumer could read: an id without a job, or without the fields that a fetch expects.
-- KEYS: 1 job data, 2 waiting list, 3 consumers, 4 jobs in the hands of this consumer, 5 the consumer's record
-- ARGV: 1 prefix of job states, 2 consumer
local function readable(id)
  local state = ARGV[1] .. ':' .. id
  if redis.call('HEXISTS', KEYS[1], id) == 0 or redis.call('TYPE', state).ok ~= 'hash' then
    return false
  end
  local fields = redis.call('HMGET', state, 'attempts', 'max_attempts', 'status')
  return tonumber(fields[1]) and tonumber(fields[2]) and fields[3]
end
local dropped = 0
for _, id in ipairs(redis.call('SMEMBERS', KEYS[4])) do
  if readable(id) then
    redis.call('LREM', KEYS[2], 0, id)
    redis.call('LPUSH', KEYS[2], id)
  else
    redis.call('HDEL', KEYS[1], id)
    redis.call('DEL', ARGV[1] .. ':' .. id)
    dropped = dropped + 1
  end
end
redis.call('DEL', KEYS[4], KEYS[5])
redis.call('ZREM', KEYS[3], ARGV[2])
for _, id in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
  if not readable(id) then
    redis.call('LREM', KEYS[2], 0, id)
    redis.call('HDEL', KEYS[1], id)
    redis.call('DEL', ARGV[1] .. ':' .. id)
    dropped = dropped + 1
  end
end
return dropped
