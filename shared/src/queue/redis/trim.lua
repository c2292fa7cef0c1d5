-- Removes finished jobs, which apalis-redis keeps for ever.
-- KEYS: 1 job data, 2 waiting list, 3 finished set, 4 failed set
-- ARGV: 1 prefix of job states, 2 most jobs
local removed = 0
for set = 3, 4 do
  for _, id in ipairs(redis.call('SPOP', KEYS[set], ARGV[2])) do
    redis.call('HDEL', KEYS[1], id)
    redis.call('DEL', ARGV[1] .. ':' .. id)
    -- A second copy would be an id without a job, which ends whoever fetches it.
    redis.call('LREM', KEYS[2], 0, id)
    removed = removed + 1
  end
end
return removed
