-- Runs in the transaction that read new entries of an ordered group: whoever lost the ownership
-- gives them back before anybody else can see a gap.
-- ARGV: group, consumer, lease in ms
-- Returns 0 if the ownership was lost, 2 if some keys are held behind a delayed head, else 1.
if call('GET', OWNER) ~= ARGV[2] then
  give_back_all(ARGV[1], ARGV[2], 0)
  return 0
end
call('PEXPIRE', OWNER, ARGV[3])
return 1 + call('EXISTS', HELD)
