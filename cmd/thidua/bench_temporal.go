package main

import "thidua.dev/thidua/internal/bench"

// withTemporal are the measurements that need temporald.
var withTemporal []bench.Measurement
