-- Appends an event that belongs to no lease (AccessDenied, Unauthorized, a refusal before admission), folding what is
-- repeated.
-- KEYS[1] outbox  where it goes
-- KEYS[2] fold    this identity's events of this name in this minute
-- KEYS[3] folds   index of the shard's folds
-- ARGV[1] event id
-- ARGV[2] the event: opaque bytes
-- ARGV[3] how many like it were counted since the last one, itself included
-- ARGV[4] entries that a shard may always have
-- ARGV[5] bytes of Redis that are set aside for events
-- RETURNS outbox entry, or false when it was counted only
-- @include now
-- @include share
-- @include outbox
return append_folding(KEYS[1], KEYS[2], KEYS[3], '', { 'i', ARGV[1], 'k', 'noted', 'w', '', 'q', '0', 'e', ARGV[2] }, tonumber(ARGV[3]),
  ARGV[4], ARGV[5])
