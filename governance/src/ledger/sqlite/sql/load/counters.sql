SELECT body FROM counters WHERE one = 1
