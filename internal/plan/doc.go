// Package plan turns a campaign's spec into every instant at which something
// happens: rounds, deadlines, reminders, reviews, ceremony. It is pure: same
// input, same plan, same hash; no clock, no I/O.
package plan
