DELETE FROM lease WHERE one = 1
