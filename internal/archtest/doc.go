// Package archtest holds what the house rests on: tests of who may import whom,
// of what the repository may mention, and of documents that say what is there.
// It has no code of its own.
package archtest
