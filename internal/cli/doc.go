// Package cli is the command line: verbs first, as kubectl and temporal have
// them. It reads flags and files, calls the engine and the read model, and
// writes what came of it. It holds no rule of a campaign.
//
// What programs read goes to stdout as one document; logs, progress, warnings
// and errors go to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage; diff: 0
// same, 1 differs, 2 error.
package cli
