-- Offers parked jobs again. KEYS: 1 parked, 2 queue. ARGV: 1 most jobs. Answer: jobs moved.
local moved = 0
while moved < tonumber(ARGV[1]) and redis.call('LMOVE', KEYS[1], KEYS[2], 'RIGHT', 'LEFT') do moved = moved + 1 end
return moved
