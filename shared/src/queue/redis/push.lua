-- Puts jobs at the end of a lane, in the layout that apalis-redis 1.0.0 reads.
-- KEYS: 1 job data, 2 waiting list, 3 finished set
-- ARGV: 1 prefix of job states, 2 channel, then pairs of job id and job data
local added = 0
for i = 3, #ARGV, 2 do
  local id, data = ARGV[i], ARGV[i + 1]
  -- A job that waits already is not doubled. One that is in a worker's hands may be lost there: it is added,
  -- because the database lets an attempt be claimed once.
  local waits = redis.call('HEXISTS', KEYS[1], id) == 1 and redis.call('LPOS', KEYS[2], id)
  if not waits then
    local state = ARGV[1] .. ':' .. id
    redis.call('SREM', KEYS[3], id)
    redis.call('HSET', KEYS[1], id, data)
    redis.call('DEL', state)
    redis.call('HSET', state, 'attempts', 0, 'max_attempts', 1, 'status', 'Pending')
    redis.call('RPUSH', KEYS[2], id)
    added = added + 1
  end
end
if added > 0 then
  redis.call('PUBLISH', ARGV[2], added)
end
return added
