DELETE FROM counters WHERE one = 1
