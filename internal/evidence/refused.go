package evidence

import (
	"bytes"
	"fmt"
	"slices"
)

// Refused is a file that is not taken, whoever sends it. Nothing of it is kept.
type Refused struct {
	Code string // such as FileInfected
	Text string
	// Later tells that the same file may be taken in a moment.
	Later bool
	cause error
}

func (e *Refused) Error() string { return e.Text }
func (e *Refused) Unwrap() error { return e.cause }

// Cause is what the operator should know, and nobody else needs to; it may be nil.
func (e *Refused) Cause() error { return e.cause }

// ErrTooLarge is the error of a file that has more than MaxSize.
var ErrTooLarge = &Refused{Code: "FileTooLarge", Text: "a file has at most 64 MiB; what is more goes into several"}

// errProgram is the error of what no report needs as evidence and somebody might start.
var errProgram = &Refused{Code: "FileProgram", Text: "the file is a program or a script, not a document: send a document, a picture, a table or an archive"}

func infected(signature string) *Refused {
	return &Refused{
		Code: "FileInfected", Text: "the virus scanner finds malware in the file: look through the computer it comes from, and send a clean one",
		cause: fmt.Errorf("signature %s", signature),
	}
}

func unscannable(cause error) *Refused {
	return &Refused{
		Code: "FileUnscannable", Text: "the file is larger than the virus scanner of this installation takes: send it in several parts, or tell the operator",
		cause: cause,
	}
}

func scannerAway(cause error) *Refused {
	return &Refused{
		Code: "ScannerAway", Text: "the virus scanner does not answer, and files are not taken unscanned: try again later", Later: true,
		cause: cause,
	}
}

// programs begin so: those of Linux, macOS and Java, scripts, shortcuts of Windows.
var programs = [][]byte{
	[]byte("\x7fELF"), []byte("\xfe\xed\xfa\xce"), []byte("\xfe\xed\xfa\xcf"), []byte("\xce\xfa\xed\xfe"), []byte("\xcf\xfa\xed\xfe"),
	[]byte("\xca\xfe\xba\xbe"), []byte("#!"), []byte("L\x00\x00\x00\x01\x14\x02\x00"),
}

// program tells whether a file begins as a program, whatever its name says. Those of
// Windows begin with two letters that a text may begin with; zeros follow in a program
// only.
func program(head []byte) bool {
	return bytes.HasPrefix(head, []byte("MZ")) && bytes.IndexByte(head, 0) >= 0 ||
		slices.ContainsFunc(programs, func(magic []byte) bool { return bytes.HasPrefix(head, magic) })
}
