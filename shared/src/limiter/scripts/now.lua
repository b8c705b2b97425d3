-- fragment: the time by Redis's clock, Unix ms; whichever instance asks, it is the same one.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
