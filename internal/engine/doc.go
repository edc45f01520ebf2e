// Package engine holds every command and every step, each one transaction:
// authorise, lock, check, facts, notices, audit, wake.
//
// A command is an act of a person and has a request id; a repeat of it changes
// nothing. A step is what a procedure asks for when it looks again; it is
// level-triggered, so a lost, late or doubled one changes nothing either.
//
// Lock order, for both: the campaign (steps share it, commands take it), then
// the procedure, the round, and obligations by id. Intake of a report locks its
// obligation only, so that thousands of units don't queue for one row.
package engine
