-- Hands back everything that a consumer holds and forgets it. DELCONSUMER drops what is pending,
-- so nothing may be.
-- ARGV: group, consumer
if call('GET', OWNER) == ARGV[2] then call('DEL', OWNER) end
give_back_all(ARGV[1], ARGV[2], 0)
call('XGROUP', 'DELCONSUMER', STREAM, ARGV[1], ARGV[2])
return 1
