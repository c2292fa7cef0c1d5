-- Empties a lane. What waited stands in the database and is pushed again.
-- KEYS: all keys of the lane that are known by name: job data first, consumers second
-- ARGV: 1 prefix of job states, 2 prefix of what consumers hold
if redis.call('TYPE', KEYS[1]).ok == 'hash' then
  for _, id in ipairs(redis.call('HKEYS', KEYS[1])) do
    redis.call('DEL', ARGV[1] .. ':' .. id)
  end
end
if redis.call('TYPE', KEYS[2]).ok == 'zset' then
  for _, consumer in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
    redis.call('DEL', ARGV[2] .. ':' .. consumer)
  end
end
for _, key in ipairs(KEYS) do
  redis.call('DEL', key)
end
return 1
