SELECT turn, at_millis, frontier FROM head WHERE one = 1
