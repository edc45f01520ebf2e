package rehearse

// Default is how people behave where nothing else is said: everybody in time, but for the
// first unit, which is silent in the first round.
func Default() *Simulation {
	s := &Simulation{}
	_ = s.complete("") // what it fills in itself is right
	return s
}
