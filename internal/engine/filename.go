package engine

import (
	"strings"
	"unicode"
)

// CheckFileName holds the name of a file to what can go with a report: a name as its
// sender calls it, and no path.
func CheckFileName(name string) error {
	if strings.TrimSpace(name) == "" || len(name) > 255 || strings.ContainsAny(name, "/\\") || strings.ContainsFunc(name, unicode.IsControl) {
		return refuse("InvalidFile", "a file's name has 1 to 255 bytes and no slashes, such as 88-BC.pdf, not %.80q", name)
	}
	return nil
}
