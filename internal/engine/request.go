package engine

import "github.com/google/uuid"

// newRequestID derives the request id of one part of an act from the act's own,
// so that a repeat of the act repeats its parts.
func newRequestID(act uuid.UUID, part string) uuid.UUID {
	return uuid.NewSHA1(act, []byte(part))
}
