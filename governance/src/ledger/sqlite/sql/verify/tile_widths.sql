SELECT level, number, sum(length(hashes)) / 32 FROM tiles GROUP BY level, number ORDER BY level, number
