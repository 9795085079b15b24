SELECT body FROM lease WHERE one = 1
